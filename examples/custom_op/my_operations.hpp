// SPDX-License-Identifier: BSL-1.0
/// \file
/// Three operations that ctgrad does not have, one of each kind. Nothing is registered: including this header is all.
#pragma once

#include <ctgrad/ctgrad.hpp>

namespace mine {

/// 1. An elementwise functor: a formula for one number, and its derivative. It fuses with its neighbours like the
/// library's own operations.
///
/// snake(x) = x + sin(x)^2, an activation for periodic data (Ziyin, Hartwig and Ueda 2020).
struct Snake {
  static constexpr std::string_view name = "snake";
  static constexpr int flops = 20;

  // Written once for float and double.
  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    const T s = ctgrad::math::sin(x);
    return x + s * s;
  }
  // `t` times the derivative, where y is the value: 1 + 2 sin(x) cos(x) = 1 + sin(2 x).
  static constexpr auto derivative(auto t, auto x, auto) { return ctgrad::partials(t * (1 + sin(2 * x))); }
};

constexpr auto snake(const auto& x) { return ctgrad::elementwise<Snake>(x); }

/// 2. A composite: computed with ctgrad's operations, with a derivative of its own.
///
/// The Euclidean norm. The chain rule through sqrt gives 0 / 0 at x = 0; this rule gives 0 there, as one wants when a
/// norm is a penalty.
struct NormRule {
  static constexpr std::string_view name = "norm";

  static constexpr auto derivative(auto t, auto x, auto y) { return ctgrad::partials(t * x / where(y > 0, y, 1)); }
};

constexpr auto norm(const auto& x) { return ctgrad::custom_derivative<NormRule>(sqrt(sum(square(x))), x); }

/// 3. A kernel: any C++ code on arrays, one step of the program.
///
/// Running sums along the last axis, from the front or from the back. Element i of the front sum goes into all sums
/// from i on, so the derivative is a sum from the back, and the other way round.
template <bool FromBack>
struct RunningSum {
  static constexpr std::string_view name = FromBack ? "running_sum_from_back" : "running_sum";

  static constexpr ctgrad::ShapeValue shape(const ctgrad::ShapeValue& x) { return x; }

  // shapes[0] belongs to the result, shapes[1] to x, both with the lengths of this call.
  template <class T>
  static void cpu(T* result, const T* x, const ctgrad::KernelShape* shapes) {
    const std::int64_t length = shapes[1].rank == 0 ? 1 : shapes[1][shapes[1].rank - 1];
    for (std::int64_t row = 0; row < shapes[1].size(); row += length) {
      T sum = 0;
      for (std::int64_t i = 0; i < length; ++i) {
        const std::int64_t at = row + (FromBack ? length - 1 - i : i);
        sum += x[at];
        result[at] = sum;
      }
    }
  }
  static constexpr auto derivative(auto t, auto, auto) {
    return ctgrad::partials(ctgrad::user_kernel<RunningSum<!FromBack>>(t));
  }
};

constexpr auto running_sum(const auto& x) { return ctgrad::user_kernel<RunningSum<false>>(x); }

}  // namespace mine
