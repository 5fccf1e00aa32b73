// SPDX-License-Identifier: BSL-1.0
/// \file
/// Systems of equations and minima by Newton's method with a line search, and fixed points by repetition.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "ctgrad/core/error.hpp"
#include "ctgrad/solvers/lu.hpp"
#include "ctgrad/solvers/options.hpp"

namespace ctgrad {

/// Solvers for n unknowns and the memory they take, which is kept. They throw ctgrad::Error where they do not converge,
/// and then leave x anywhere.
template <class T>
class Newton {
public:
  /// Writes the n residuals at x and their n x n Jacobian.
  using Residual = void (*)(T* residual, T* jacobian, const T* x, const T* theta);
  /// Writes the value at x, its gradient and its Hessian.
  using Objective = void (*)(T* value, T* gradient, T* hessian, const T* x, const T* theta);
  /// Writes g(x).
  using Map = void (*)(T* to, const T* x, const T* theta);

  /// Finds x with residual(x) = 0 from the x given. Each Newton step is halved until the sum of squares falls (Dennis
  /// and Schnabel 1983, section 6.3); where the Jacobian is singular the step is one of Levenberg and Marquardt.
  void find_root(Residual f, std::int64_t n, T* x, const T* theta, const SolverOptions& options) {
    resize(n);
    f(residual_.data(), matrix_.data(), x, theta);
    for (int taken = 0; taken < options.max_steps; ++taken) {
      const T size = half_square(residual_);
      if (!std::isfinite(size)) throw_not_finite("root", taken);
      if (size == 0) return;
      const bool regular = lu_.factor(matrix_.data(), n) < 0;
      if (regular) {
        lu_.solve(residual_.data(), step_.data(), 1);
      } else {
        take_damped_step(n);
      }
      const T whole = relative_step(x);
      if (!(whole > 0) && !regular) throw_no_root(size);
      T slope = 0;
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < n; ++j) slope += at(residual_, i) * at(matrix_, i * n + j) * at(step_, j);
      T length = 1;
      T next = 0;
      const bool last = regular && whole <= options.tolerance_for<T>();
      while (true) {
        move(x, length);
        f(residual_.data(), matrix_.data(), trial_.data(), theta);
        next = half_square(residual_);
        if (next <= size - T(1e-4) * length * slope) break;
        // A last step that rounding keeps from being one downhill is not taken: x is a root already.
        if (last) return;
        length /= 2;
        if (length * whole < std::numeric_limits<T>::epsilon()) throw_no_root(size);
      }
      std::copy(trial_.begin(), trial_.end(), x);
      if (last) return;
    }
    throw_steps("root", options.max_steps, relative_step(x));
  }

  /// Finds a minimum near the x given, where the gradient is zero and the Hessian positive definite. Where the Hessian
  /// is not, a multiple of the identity is added until it is (Nocedal and Wright 2006, algorithm 3.3).
  void find_minimum(Objective f, std::int64_t n, T* x, const T* theta, const SolverOptions& options) {
    resize(n);
    T value = 0;
    f(&value, residual_.data(), matrix_.data(), x, theta);
    for (int taken = 0; taken < options.max_steps; ++taken) {
      if (!std::isfinite(value) || !std::isfinite(half_square(residual_))) throw_not_finite("argmin", taken);
      const bool convex = take_downhill_step(n);
      const T whole = relative_step(x);
      if (!convex && !(whole > options.tolerance_for<T>()))
        throw_error(
            "ctgrad: argmin stopped where the gradient is 0 but the value falls in some direction, or is the same "
            "along "
            "one; start elsewhere");
      if (whole == 0) return;
      T slope = 0;
      for (std::int64_t i = 0; i < n; ++i) slope += at(residual_, i) * at(step_, i);
      const bool last = convex && whole <= options.tolerance_for<T>();
      const T rounding = 4 * std::numeric_limits<T>::epsilon() * std::abs(value);
      T length = 1;
      T next = 0;
      while (true) {
        move(x, length);
        f(&next, residual_.data(), matrix_.data(), trial_.data(), theta);
        if (next <= value - T(1e-4) * length * slope + rounding) break;
        if (last) return;
        length /= 2;
        if (length * whole < std::numeric_limits<T>::epsilon())
          throw_error(
              "ctgrad: argmin found no lower value along its last step; the function is not smooth there, or its "
              "values are not precise enough for the tolerance");
      }
      value = next;
      std::copy(trial_.begin(), trial_.end(), x);
      if (last) return;
    }
    throw_steps("argmin", options.max_steps, relative_step(x));
  }

  /// Repeats x = g(x) until it stands.
  void find_fixed_point(Map g, std::int64_t n, T* x, const T* theta, const SolverOptions& options) {
    resize(n);
    for (int taken = 0; taken < options.max_steps; ++taken) {
      g(trial_.data(), x, theta);
      for (std::int64_t i = 0; i < n; ++i) at(step_, i) = x[i] - at(trial_, i);
      const T moved = relative_step(x);
      if (!std::isfinite(moved)) throw_not_finite("fixed_point", taken);
      std::copy(trial_.begin(), trial_.end(), x);
      if (moved <= options.tolerance_for<T>()) return;
    }
    throw_steps("fixed_point", options.max_steps, relative_step(x));
  }

private:
  static T& at(std::vector<T>& values, std::int64_t i) { return values[static_cast<std::size_t>(i)]; }

  void resize(std::int64_t n) {
    const auto size = static_cast<std::size_t>(n);
    for (auto* values : {&residual_, &step_, &trial_}) values->resize(size);
    matrix_.resize(size * size);
    shifted_.resize(size * size);
  }
  static T half_square(const std::vector<T>& values) {
    T sum = 0;
    for (const T value : values) sum += value * value;
    return sum / 2;
  }
  /// The largest change of an unknown in relation to 1 + its size; NaN where one is.
  T relative_step(const T* x) const {
    T most = 0;
    for (std::size_t i = 0; i < step_.size(); ++i) {
      const T change = std::abs(step_[i]) / (1 + std::abs(x[i]));
      if (!(change <= most)) most = change;
    }
    return most;
  }
  void move(const T* x, T length) {
    for (std::size_t i = 0; i < step_.size(); ++i) trial_[i] = x[i] - length * step_[i];
  }

  /// (J^T J + lambda I) step = J^T residual, with a lambda small beside J.
  void take_damped_step(std::int64_t n) {
    T trace = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      T product = 0;
      for (std::int64_t k = 0; k < n; ++k) product += at(matrix_, k * n + i) * at(residual_, k);
      at(trial_, i) = product;
      for (std::int64_t j = 0; j < n; ++j) {
        T sum = 0;
        for (std::int64_t k = 0; k < n; ++k) sum += at(matrix_, k * n + i) * at(matrix_, k * n + j);
        at(shifted_, i * n + j) = sum;
      }
      trace += at(shifted_, i * n + i);
    }
    const T lambda = trace > 0 ? trace / static_cast<T>(n) * std::sqrt(std::numeric_limits<T>::epsilon()) : T(1);
    for (std::int64_t i = 0; i < n; ++i) at(shifted_, i * n + i) += lambda;
    if (lu_.factor(shifted_.data(), n) >= 0) throw_not_finite("root", 0);
    lu_.solve(trial_.data(), step_.data(), 1);
  }

  /// H step = gradient, with the smallest of some multiples of the identity added that makes H positive definite.
  /// Returns true where none was needed.
  bool take_downhill_step(std::int64_t n) {
    T largest = 0;
    for (std::int64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(at(matrix_, i * n + i)));
    T shift = 0;
    while (!solve_positive(n, shift)) {
      const T smallest = T(1e-3) * (largest > 0 ? largest : T(1));
      shift = std::max(2 * shift, smallest);
      if (!std::isfinite(shift)) throw_not_finite("argmin", 0);
    }
    return shift == 0;
  }
  /// Solves by the Cholesky factor of H + shift I; false where that is not positive definite.
  bool solve_positive(std::int64_t n, T shift) {
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j <= i; ++j) {
        T sum = at(matrix_, i * n + j) + (i == j ? shift : T(0));
        for (std::int64_t k = 0; k < j; ++k) sum -= at(shifted_, i * n + k) * at(shifted_, j * n + k);
        if (i == j) {
          if (!(sum > std::numeric_limits<T>::epsilon() * (std::abs(at(matrix_, i * n + i)) + shift))) return false;
          at(shifted_, i * n + i) = std::sqrt(sum);
        } else {
          at(shifted_, i * n + j) = sum / at(shifted_, j * n + j);
        }
      }
    }
    for (std::int64_t i = 0; i < n; ++i) {
      T sum = at(residual_, i);
      for (std::int64_t k = 0; k < i; ++k) sum -= at(shifted_, i * n + k) * at(step_, k);
      at(step_, i) = sum / at(shifted_, i * n + i);
    }
    for (std::int64_t i = n - 1; i >= 0; --i) {
      T sum = at(step_, i);
      for (std::int64_t k = i + 1; k < n; ++k) sum -= at(shifted_, k * n + i) * at(step_, k);
      at(step_, i) = sum / at(shifted_, i * n + i);
    }
    return true;
  }

  [[noreturn]] static void throw_not_finite(const char* solver, int taken) {
    throw_error("ctgrad: " + std::string(solver) + " met numbers that are not finite after " + std::to_string(taken) +
                " steps; start elsewhere, or keep the function within its domain");
  }
  [[noreturn]] static void throw_no_root(T size) {
    throw_error("ctgrad: root stopped where no step makes the residuals smaller, and their norm is still " +
                brief_text(static_cast<double>(std::sqrt(2 * size))) +
                "; the equations have no solution nearby: start elsewhere");
  }
  [[noreturn]] static void throw_steps(const char* solver, int steps, T last) {
    throw_error("ctgrad: " + std::string(solver) + " did not converge in " + std::to_string(steps) +
                " steps: the last one changed an unknown by " + brief_text(static_cast<double>(last)) +
                " of its size; start closer, or allow more: " + solver + "<SolverOptions{.max_steps = 1000}>(f)");
  }

  LuFactors<T> lu_;
  std::vector<T> residual_;
  std::vector<T> matrix_;
  std::vector<T> shifted_;
  std::vector<T> step_;
  std::vector<T> trial_;
};

}  // namespace ctgrad
