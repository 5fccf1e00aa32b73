// SPDX-License-Identifier: BSL-1.0
/// \file
/// A loop of a fixed number of rounds that is unrolled at any optimisation level, so that what it indexes can stay
/// in registers.
#pragma once

#include <ctgrad/core/config.hpp>

#include <utility>

template <class Body, int... I>
CTGRAD_ALWAYS_INLINE void unrolled_rounds(const Body& body, std::integer_sequence<int, I...>) {
  (body(I), ...);
}

/// body(0), body(1), ..., body(Count - 1).
template <int Count, class Body>
CTGRAD_ALWAYS_INLINE void unrolled(const Body& body) {
  unrolled_rounds(body, std::make_integer_sequence<int, Count>{});
}
