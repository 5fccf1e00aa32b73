// SPDX-License-Identifier: BSL-1.0
/// \file
/// round and floor.
#pragma once

#include "ctgrad/core/math/lanes.hpp"

namespace ctgrad::math {

/// To the nearest integer, a tie to the even one, as torch.round. Exact; keeps -0, infinities and
/// NaN.
template <class V>
CTGRAD_FUNCTION V round(V x) {
  using T = detail::ValueOf<V>;
  // From here on every number is an integer, and adding it to a small one rounds that to an
  // integer.
  constexpr T all_integers = static_cast<T>(detail::is_single<V> ? 0x1p23 : 0x1p52);
  const V magnitude = abs(x);
  const V rounded = (magnitude + V(all_integers)) - V(all_integers);
  return copy_sign(select(magnitude < V(all_integers), rounded, magnitude), x);
}

/// The largest integer that is not above x. Exact; keeps -0, infinities and NaN.
template <class V>
CTGRAD_FUNCTION V floor(V x) {
  using T = detail::ValueOf<V>;
  const V nearest = round(x);
  return select(nearest > x, nearest - V(T(1)), nearest);
}

}  // namespace ctgrad::math
