// SPDX-License-Identifier: BSL-1.0
/// \file
/// Ordinary differential equations by the Runge-Kutta method of Dormand and Prince, with adaptive steps, and the
/// derivative of what it computes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "ctgrad/core/error.hpp"
#include "ctgrad/solvers/options.hpp"

namespace ctgrad {

/// The coefficients of Dormand and Prince 1980, RK5(4)7M.
template <class T>
struct DormandPrinceTable {
  static constexpr int stages = 6;
  /// Where in the step a stage stands.
  static constexpr T node[7] = {0, T(1) / 5, T(3) / 10, T(4) / 5, T(8) / 9, 1, 1};
  /// Row i has the weights of the slopes that stage i starts from; the last is the result of fifth order.
  static constexpr T weight[7][6] = {{0, 0, 0, 0, 0, 0},
                                     {T(1) / 5, 0, 0, 0, 0, 0},
                                     {T(3) / 40, T(9) / 40, 0, 0, 0, 0},
                                     {T(44) / 45, T(-56) / 15, T(32) / 9, 0, 0, 0},
                                     {T(19372) / 6561, T(-25360) / 2187, T(64448) / 6561, T(-212) / 729, 0, 0},
                                     {T(9017) / 3168, T(-355) / 33, T(46732) / 5247, T(49) / 176, T(-5103) / 18656, 0},
                                     {T(35) / 384, 0, T(500) / 1113, T(125) / 192, T(-2187) / 6784, T(11) / 84}};
  /// The result of fifth order less that of fourth.
  static constexpr T error[7] = {T(71) / 57600,      0,           T(-71) / 16695, T(71) / 1920,
                                 T(-17253) / 339200, T(22) / 525, T(-1) / 40};
};

/// One system of n equations dy/dt = f(y, t, theta) and the memory that solving it takes, which is kept.
template <class T>
class DormandPrince {
public:
  /// Writes the n slopes at y and t to `slope`.
  using Slope = void (*)(T* slope, const T* y, T t, const T* theta);
  /// Writes v^T df/dy (n elements) and v^T df/dtheta (p elements).
  using Pullback = void (*)(T* by_y, T* by_theta, const T* y, T t, const T* theta, const T* v);

  /// Solves from y0 at times[0] and writes the solution at each of the `count` times, n elements each, to `out`. With
  /// `record`, keeps what `pull_back` needs: the six stages of each step.
  ///
  /// The step follows the error by the controller of Gustafsson 1991 with the constants of Hairer, Norsett and Wanner
  /// 1993, section II.4, and ends on each of the times exactly.
  void solve(Slope f, std::int64_t n, const T* y0, const T* times, std::int64_t count, const T* theta,
             const OdeOptions& options, T* out, bool record) {
    n_ = n;
    steps_.clear();
    stages_.clear();
    if (count == 0) return;
    check_times(times, count);
    resize(y_, n);
    resize(next_, n);
    resize(stage_, n);
    for (auto& slope : slope_) resize(slope, n);
    std::copy_n(y0, n, y_.data());
    std::copy_n(y0, n, out);
    if (count == 1) return;
    f(slope_[0].data(), y_.data(), times[0], theta);
    T step = first_step(f, times, count, theta, options);
    T last_error = T(1e-4);
    for (std::int64_t i = 1; i < count; ++i) {
      T t = times[i - 1];
      const T end = times[i];
      for (int taken = 0; t != end; ++taken) {
        if (taken == options.max_steps) throw_steps(t, end, options.max_steps);
        // A rest that two steps would not share fairly is one step.
        const bool reaches = std::abs(end - t) <= std::abs(step) * T(1.0001);
        const T h = reaches ? end - t : step;
        const T error = try_step(f, t, h, theta, options);
        // A step that is turned down is made smaller as long as time moves on with it.
        if (!(error <= 1) && !(std::abs(h) > 8 * std::numeric_limits<T>::epsilon() * std::abs(t)))
          throw_small(t, error);
        if (h == 0 || (!reaches && t + h == t)) throw_small(t, error);
        if (error <= 1) {
          if (record) {
            steps_.push_back({t, h, i});
            stages_.insert(stages_.end(), trial_.begin(), trial_.end());
          }
          t = reaches ? end : t + h;
          std::swap(y_, next_);
          std::swap(slope_[0], slope_[6]);
        }
        const T grown = factor(error, last_error) * h;
        if (error <= 1) last_error = std::max(error, T(1e-4));
        // A step cut short to end on a time says little about the next one.
        if (!(reaches && error <= 1 && std::abs(grown) < std::abs(step))) step = grown;
      }
      std::copy_n(y_.data(), n, out + i * n);
    }
  }

  /// The adjoint of the solution that `solve` has recorded: writes sum_i w_i^T dy_i/dy0 (n elements) and
  /// sum_i w_i^T dy_i/dtheta (p elements). It is the exact derivative of the steps taken (Hager 2000).
  void pull_back(Pullback pull, const T* w, std::int64_t count, const T* theta, std::int64_t p, T* by_y0, T* by_theta) {
    using Table = DormandPrinceTable<T>;
    constexpr int stages = Table::stages;
    const std::int64_t n = n_;
    for (auto& slope : slope_) resize(slope, n);
    resize(stage_, n);
    resize(share_, p);
    std::fill_n(by_theta, p, T(0));
    std::fill_n(by_y0, n, T(0));
    std::int64_t time = count;
    const auto add_times_from = [&](std::int64_t first) {
      while (time > first) {
        --time;
        for (std::int64_t k = 0; k < n; ++k) by_y0[k] += w[time * n + k];
      }
    };
    for (auto s = static_cast<std::int64_t>(steps_.size()) - 1; s >= 0; --s) {
      const Step& step = steps_[static_cast<std::size_t>(s)];
      add_times_from(step.interval);
      const T* at = stages_.data() + s * stages * n;
      for (int i = stages - 1; i >= 0; --i) {
        // slope_[j] holds the adjoint of what stage j started from.
        for (std::int64_t k = 0; k < n; ++k) {
          T sum = Table::weight[6][i] * by_y0[k];
          for (int j = i + 1; j < stages; ++j) sum += Table::weight[j][i] * at_index(slope_[j], k);
          at_index(stage_, k) = step.h * sum;
        }
        pull(slope_[i].data(), share_.data(), at + i * n, step.t + Table::node[i] * step.h, theta, stage_.data());
        for (std::int64_t k = 0; k < p; ++k) by_theta[k] += at_index(share_, k);
      }
      for (std::int64_t k = 0; k < n; ++k)
        for (int i = 0; i < stages; ++i) by_y0[k] += at_index(slope_[i], k);
    }
    add_times_from(0);
  }

private:
  struct Step {
    T t;
    T h;
    /// The step lies between times[interval - 1] and times[interval].
    std::int64_t interval;
  };

  static void resize(std::vector<T>& values, std::int64_t n) { values.resize(static_cast<std::size_t>(n)); }
  static T& at_index(std::vector<T>& values, std::int64_t i) { return values[static_cast<std::size_t>(i)]; }

  static void check_times(const T* times, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i)
      if (!std::isfinite(times[i]))
        throw_error("ctgrad: odeint was given a time that is not finite, number " + std::to_string(i));
    for (std::int64_t i = 1; i < count; ++i)
      if ((times[i] > times[i - 1]) != (times[count - 1] > times[0]) && times[i] != times[i - 1])
        throw_error("ctgrad: odeint needs times in order, rising or falling; number " + std::to_string(i) + " is " +
                    brief_text(static_cast<double>(times[i])) + " after " +
                    brief_text(static_cast<double>(times[i - 1])));
  }
  [[noreturn]] static void throw_steps(T t, T end, int steps) {
    throw_error(
        "ctgrad: odeint took " + std::to_string(steps) + " steps and came to t = " +
        brief_text(static_cast<double>(t)) + " on the way to " + brief_text(static_cast<double>(end)) +
        "; loosen the tolerances, or allow more steps: odeint<OdeOptions{.rtol = 1e-6, .max_steps = 1000000}>(f)");
  }
  [[noreturn]] static void throw_small(T t, T error) {
    throw_error("ctgrad: odeint cannot go on from t = " + brief_text(static_cast<double>(t)) + ": " +
                (std::isfinite(error) ? "the step it would need is too small for the precision of its numbers"
                                      : "the slopes are not finite") +
                "; the solution grows without bound there, the system is stiff, or the tolerances are too tight");
  }

  /// The root mean square of v[k] / (atol + rtol * max(|a[k]|, |b[k]|)).
  static T norm(const T* v, const T* a, const T* b, std::int64_t n, const OdeOptions& options) {
    const auto rtol = static_cast<T>(static_cast<double>(options.rtol));
    const auto atol = static_cast<T>(static_cast<double>(options.atol));
    T sum = 0;
    for (std::int64_t k = 0; k < n; ++k) {
      const T scaled = v[k] / (atol + rtol * std::max(std::abs(a[k]), std::abs(b[k])));
      sum += scaled * scaled;
    }
    return n == 0 ? T(0) : std::sqrt(sum / static_cast<T>(n));
  }

  /// By what to multiply the step after an error.
  static T factor(T error, T last_error) {
    if (!std::isfinite(error)) return T(0.2);
    if (error > 1) return std::max(T(0.2), T(0.9) * std::pow(error, T(-0.2)));
    const T wanted = T(0.9) * std::pow(std::max(error, T(1e-10)), T(-0.17)) * std::pow(last_error, T(0.04));
    return std::min(T(10), std::max(T(0.2), wanted));
  }

  /// From y_ and its slope: the new state to next_, its slope to slope_[6]. Returns the error in units of the
  /// tolerance.
  T try_step(Slope f, T t, T h, const T* theta, const OdeOptions& options) {
    using Table = DormandPrinceTable<T>;
    resize(trial_, n_ * Table::stages);
    std::copy_n(y_.data(), n_, trial_.data());
    for (int i = 1; i <= Table::stages; ++i) {
      T* to = i < Table::stages ? trial_.data() + i * n_ : next_.data();
      combine(to, h, Table::weight[i], i);
      f(slope_[i].data(), to, t + Table::node[i] * h, theta);
    }
    for (std::int64_t k = 0; k < n_; ++k) {
      T sum = 0;
      for (int i = 0; i < 7; ++i) sum += Table::error[i] * at_index(slope_[i], k);
      at_index(stage_, k) = h * sum;
    }
    return norm(stage_.data(), y_.data(), next_.data(), n_, options);
  }
  /// y_ + h * the sum of weighted slopes.
  void combine(T* to, T h, const T* weight, int count) {
    for (std::int64_t k = 0; k < n_; ++k) {
      T sum = 0;
      for (int i = 0; i < count; ++i) sum += weight[i] * at_index(slope_[i], k);
      to[k] = at_index(y_, k) + h * sum;
    }
  }

  /// A first step from the sizes of the slope and its change (Hairer, Norsett and Wanner 1993, section II.4).
  T first_step(Slope f, const T* times, std::int64_t count, const T* theta, const OdeOptions& options) {
    const T whole = times[count - 1] - times[0];
    const T direction = whole < 0 ? T(-1) : T(1);
    const T size = norm(y_.data(), y_.data(), y_.data(), n_, options);
    const T slope = norm(slope_[0].data(), y_.data(), y_.data(), n_, options);
    T guess = size < T(1e-5) || slope < T(1e-5) ? T(1e-6) : T(0.01) * size / slope;
    guess = std::min(guess, std::abs(whole));
    for (std::int64_t k = 0; k < n_; ++k)
      at_index(next_, k) = at_index(y_, k) + direction * guess * at_index(slope_[0], k);
    f(slope_[1].data(), next_.data(), times[0] + direction * guess, theta);
    for (std::int64_t k = 0; k < n_; ++k) at_index(stage_, k) = at_index(slope_[1], k) - at_index(slope_[0], k);
    const T change = guess == 0 ? T(0) : norm(stage_.data(), y_.data(), y_.data(), n_, options) / guess;
    const T most = std::max(slope, change);
    const T other = most <= T(1e-15) ? std::max(T(1e-6), guess * T(1e-3)) : std::pow(T(0.01) / most, T(0.2));
    const T h = std::min({100 * guess, other, std::abs(whole)});
    return direction * (std::isfinite(h) ? h : guess);
  }

  std::int64_t n_ = 0;
  std::vector<T> y_;
  std::vector<T> next_;
  std::vector<T> stage_;
  std::vector<T> share_;
  std::vector<T> slope_[7];
  /// What each stage of the last step tried was evaluated at.
  std::vector<T> trial_;
  std::vector<Step> steps_;
  std::vector<T> stages_;
};

}  // namespace ctgrad
