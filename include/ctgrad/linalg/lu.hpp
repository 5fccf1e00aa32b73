// SPDX-License-Identifier: BSL-1.0
/// \file
/// The factors of a matrix, which the operations of linear algebra on it share.
#pragma once

#include <string>
#include <vector>

#include "ctgrad/core/error.hpp"
#include "ctgrad/linalg/triangle.hpp"
#include "ctgrad/ops/cast.hpp"
#include "ctgrad/ops/permute.hpp"
#include "ctgrad/ops/user.hpp"
#include "ctgrad/solvers/lu.hpp"

namespace ctgrad::linalg::detail {

/// From a, n x n, to [2, n, n]: the factors of P a = L U, and in the next elements the order of the rows. Where a pivot
/// is missing, the first of these is -1 minus the pivot's number. A result is what is asked of a; the factors have no
/// derivatives of their own.
struct LuDecomposition {
  static constexpr std::string_view name = "lu";

  static constexpr ShapeValue shape(const ShapeValue& a) {
    ShapeValue result;
    result.push_back(2);
    result.push_back(a[0]);
    result.push_back(a[1]);
    return result;
  }

  template <class T>
  static void cpu(T* factors, const T* a, const KernelShape* shapes) {
    const std::int64_t n = shapes[1][0];
    T* const row = factors + n * n;
    for (std::int64_t i = 0; i < n * n; ++i) {
      factors[i] = a[i];
      row[i] = 0;
    }
    const std::int64_t singular = LuView<T, T>{factors, row, n}.factor();
    if (singular >= 0) row[0] = static_cast<T>(-1 - singular);
  }
};

template <class A>
constexpr auto lu(const A& a) {
  return stop_gradient(user_kernel<LuDecomposition>(stop_gradient(a)));
}

/// The factors of an n x n matrix in memory, for reading.
template <class T>
LuView<const T, const T> factors_at(const T* factors, std::int64_t n) {
  return {factors, factors + n * n, n};
}

/// The number of the pivot that is missing, or -1.
template <class T>
std::int64_t missing_pivot(const T* factors, std::int64_t n) {
  const T first = n == 0 ? T(0) : factors[n * n];
  return first < 0 ? static_cast<std::int64_t>(-1 - first) : -1;
}

template <class T>
void refuse_singular(const T* factors, std::int64_t n, const char* what) {
  const std::int64_t singular = missing_pivot(factors, n);
  if (singular >= 0)
    throw_error("ctgrad: " + std::string(what) + " was given a singular matrix: elimination of its " +
                std::to_string(n) + " rows found no pivot for column " + std::to_string(singular) +
                "; check that its rows are independent and its elements finite");
}

}  // namespace ctgrad::linalg::detail
