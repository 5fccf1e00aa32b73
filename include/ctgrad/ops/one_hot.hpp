// SPDX-License-Identifier: BSL-1.0
/// \file
/// Class numbers as indicator vectors.
#pragma once

#include "ctgrad/ops/cast.hpp"
#include "ctgrad/ops/compare.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/reshape.hpp"

namespace ctgrad {

namespace detail {

template <class S>
struct TrailingUnit {
  static constexpr ShapeValue value = [] {
    ShapeValue shape = S::value;
    shape.push_back(1);
    return shape;
  }();
};

}  // namespace detail

/// For each class number a vector of `Classes` booleans, true at that class: the shape of `index`
/// followed by `Classes`. A number outside 0 .. Classes - 1 gives only false. `one_hot<10, float>`
/// gives zeros and ones of that type.
template <int Classes, Element T = bool, Handle I>
constexpr auto one_hot(const I& index) {
  static_assert(std::is_integral_v<typename I::element_type>, "ctgrad: one_hot needs integer class numbers");
  const auto column = reshape(index, detail::shape_from<detail::TrailingUnit<typename I::shape_type>>{});
  const auto hit = column == ctgrad_arange<typename I::element_type, Classes>(index);
  if constexpr (std::is_same_v<T, bool>) {
    return hit;
  } else {
    return cast<T>(hit);
  }
}

}  // namespace ctgrad
