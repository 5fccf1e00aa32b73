// SPDX-License-Identifier: BSL-1.0
/// \file
/// Layers one after the other.
#pragma once

#include "ctgrad/nn/module.hpp"

namespace ctgrad::nn {

/// Applies its layers in order; their parameters are named "0.weight", "2.bias" as in PyTorch.
template <class... Layers>
struct Sequential {
  std::tuple<Layers...> layers;

  template <Handle X>
  constexpr auto operator()(const X& x) const {
    return apply_from<0>(x);
  }

  constexpr auto& layers_of_sequence() { return layers; }
  constexpr const auto& layers_of_sequence() const { return layers; }

private:
  template <std::size_t I, class X>
  constexpr auto apply_from(const X& x) const {
    if constexpr (I == sizeof...(Layers)) {
      return x;
    } else {
      return apply_from<I + 1>(std::get<I>(layers)(x));
    }
  }
};

}  // namespace ctgrad::nn
