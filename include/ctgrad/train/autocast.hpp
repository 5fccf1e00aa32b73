// SPDX-License-Identifier: BSL-1.0
/// \file
/// Autocast: a model that runs in 16 bits inside a loss that runs in float.
#pragma once

#include "ctgrad/nn/module.hpp"
#include "ctgrad/train/source.hpp"

namespace ctgrad {

/// A policy of `make_trainer`: the model's forward and backward pass run on elements of type T, bfloat16 or float16.
/// The parameters, their gradients as the optimizer sees them, and its state are float.
template <class T>
struct Autocast {};

/// `autocast<bfloat16>`, for `make_trainer`: see Autocast.
template <class T>
inline constexpr Autocast<T> autocast{};

namespace training {

namespace detail {

/// A float symbol as T; everything else as it is.
template <class T, class X>
constexpr auto cast_input(const X& x) {
  if constexpr (ctgrad::detail::is_symbol<X>) {
    if constexpr (std::is_same_v<typename X::element_type, float>) {
      return cast<T>(x);
    } else {
      return x;
    }
  } else {
    return x;
  }
}

/// Symbols of type T as float, also those in a tuple, pair or array; everything else as it is.
template <class T, class R>
constexpr auto cast_result(const R& result) {
  if constexpr (ctgrad::detail::is_symbol<R>) {
    if constexpr (std::is_same_v<typename R::element_type, T>) {
      return cast<float>(result);
    } else {
      return result;
    }
  } else if constexpr (ctgrad::detail::is_pair<R>) {
    return std::pair{cast_result<T>(result.first), cast_result<T>(result.second)};
  } else if constexpr (ctgrad::detail::is_std_array<R>) {
    return std::apply([](const auto&... part) { return std::array{cast_result<T>(part)...}; }, result);
  } else if constexpr (ctgrad::detail::is_tuple_like<R>) {
    return std::apply([](const auto&... part) { return std::tuple{cast_result<T>(part)...}; }, result);
  } else {
    return result;
  }
}

}  // namespace detail

/// A model that casts its float inputs to T, runs, and casts what it returns to float. Its layers take their parameters
/// in the element type of their input, rounded from float. (Layers that are called by themselves, not through the
/// model, run in the type of what they are given.)
template <class Model, class T>
struct AutocastModel : Model {
  template <class... X>
  constexpr auto operator()(const X&... x) const {
    return detail::cast_result<T>(static_cast<const Model&>(*this)(detail::cast_input<T>(x)...));
  }
};

/// A function of a model and inputs, called with the model in T.
template <class F, class T>
struct AutocastFunction {
  template <class Model, class... X>
  constexpr auto operator()(const Model& model, const X&... x) const {
    return F{}(AutocastModel<Model, T>{model}, x...);
  }
};

/// True when the traced loss has something of the type that autocast asks for.
template <class F, class Source>
inline constexpr bool autocast_has_effect = true;
template <class Loss, class T, class Source>
inline constexpr bool autocast_has_effect<AutocastFunction<Loss, T>, Source> = [] {
  const GraphView graph = Frozen<Source>::graph.view();
  for (int i = 0; i < graph.size; ++i)
    if (graph[i].dtype == dtype_of<T>) return true;
  return false;
}();

namespace detail {

template <class Loss, class F>
struct InPrecisionOf {
  using type = F;
};
template <class Loss, class T, class F>
struct InPrecisionOf<AutocastFunction<Loss, T>, F> {
  using type = AutocastFunction<F, T>;
};

}  // namespace detail

/// A function of a model, in the precision in which the loss trains it.
template <class Loss, class F>
using in_precision_of = typename detail::InPrecisionOf<Loss, F>::type;

}  // namespace training

}  // namespace ctgrad
