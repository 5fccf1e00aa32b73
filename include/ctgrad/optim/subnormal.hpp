// SPDX-License-Identifier: BSL-1.0
/// \file
/// Averages that fade away end at zero, not among the subnormal numbers.
#pragma once

#include <limits>
#include <type_traits>

#include "ctgrad/core/half.hpp"
#include "ctgrad/ops/abs.hpp"
#include "ctgrad/ops/compare.hpp"
#include "ctgrad/ops/logical.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad::optim {

/// x, or zero where |x| is below the smallest normal number of its type (of float for bfloat16; float16 keeps its
/// subnormals, which are not that small) and what stands in `also` is zero. A running average whose gradient has become
/// zero fades until rounding keeps it from getting smaller: 0.9 times 4 units of the smallest subnormal are 4 units
/// again. Many processors take a hundred cycles for an operation on such a number, for ever.
template <class X, class... Also>
constexpr auto without_subnormals(const X& x, const Also&... also) {
  using T = typename X::element_type;
  if constexpr (std::is_same_v<T, float16>) {
    return x;
  } else {
    using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;
    return where(((abs(x) < std::numeric_limits<Wide>::min()) && ... && (also == 0)), 0, x);
  }
}

}  // namespace ctgrad::optim
