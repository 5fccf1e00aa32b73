// SPDX-License-Identifier: BSL-1.0
/// \file
/// Three ways down one valley: the minimum of Rosenbrock's function (1960) by gradient descent, by Newton's method and
/// by L-BFGS, and a picture of the paths.
///
/// usage: rosenbrock [FILE.svg]
#include <ctgrad/ctgrad.hpp>

#include <cmath>
#include <cstdio>
#include <deque>
#include <exception>

#include "contours.hpp"

using namespace ctgrad;

using Vector = Tensor<double, Shape<2>>;

constexpr auto rosenbrock = [](auto p) {
  const auto x = slice<0, 0, 1>(p);
  const auto y = slice<0, 1, 2>(p);
  return sum(square(1 - x) + 100 * square(y - square(x)));
};
/// The step of Newton's method: gradient and Hessian are one compiled function.
constexpr auto newton = [](auto p) {
  const auto value_and_slope = value_and_grad(rosenbrock)(p);
  return std::tuple{value_and_slope.first, value_and_slope.second,
                    -linalg::solve(hessian(rosenbrock)(p), value_and_slope.second)};
};

double dot(const Vector& a, const Vector& b) { return a(0) * b(0) + a(1) * b(1); }

/// The length of a step along `direction` that lowers the value as its slope promises, and leaves less of the slope
/// (Wolfe 1969), by bisection (Lewis and Overton 2013). 0 where there is none.
double line_search(const Vector& p, double value, const Vector& slope, const Vector& direction) {
  const double descent = dot(slope, direction);
  double shortest = 0;
  double longest = INFINITY;
  double length = 1;
  for (int tried = 0; tried < 60; ++tried) {
    const Vector there = p + length * direction;
    const auto [value_there, slope_there] = value_and_grad(rosenbrock)(there);
    if (!(value_there <= value + 1e-4 * length * descent)) {
      longest = length;
    } else if (dot(slope_there, direction) < 0.9 * descent) {
      shortest = length;
    } else {
      return length;
    }
    length = longest < INFINITY ? (shortest + longest) / 2 : 2 * shortest;
  }
  return 0;
}

/// What one way did.
struct Descent {
  std::vector<Point> path;
  int steps = 0;
  double value = 0;
};

/// Goes on until the gradient is smaller than 1e-8. `choose` gives the direction from point, value and gradient.
template <class Choose>
Descent descend(const Choose& choose, int most_steps) {
  Vector p{-1.2, 1};
  Descent result;
  for (;; ++result.steps) {
    const auto [value, slope] = value_and_grad(rosenbrock)(p);
    result.path.push_back({p(0), p(1)});
    result.value = value;
    if (std::sqrt(dot(slope, slope)) < 1e-8 || result.steps == most_steps) return result;
    const Vector direction = choose(p, slope);
    const double length = line_search(p, value, slope, direction);
    if (length == 0) return result;
    p += length * direction;
  }
}

/// The direction of L-BFGS: minus the gradient, times the inverse Hessian that the last steps let guess (the recursion
/// of two loops, Nocedal 1980).
class Lbfgs {
public:
  Vector operator()(const Vector& p, const Vector& slope) {
    if (has_last_) {
      const Vector s = p - last_;
      const Vector y = slope - last_slope_;
      if (dot(s, y) > 1e-10 * dot(y, y)) memory_.push_back({s, y});
      if (memory_.size() > 8) memory_.pop_front();
    }
    last_ = p;
    last_slope_ = slope;
    has_last_ = true;

    Vector direction = -slope;
    std::vector<double> share(memory_.size());
    for (std::size_t i = memory_.size(); i-- > 0;) {
      const auto& [s, y] = memory_[i];
      share[i] = dot(s, direction) / dot(s, y);
      direction -= share[i] * y;
    }
    if (!memory_.empty())
      direction *= dot(memory_.back().s, memory_.back().y) / dot(memory_.back().y, memory_.back().y);
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      const auto& [s, y] = memory_[i];
      direction += (share[i] - dot(y, direction) / dot(s, y)) * s;
    }
    return direction;
  }

private:
  struct Pair {
    Vector s, y;
  };
  std::deque<Pair> memory_;
  Vector last_;
  Vector last_slope_;
  bool has_last_ = false;
};

int main(int argument_count, char** arguments) try {
  const Descent gradient_descent = descend([](const Vector&, const Vector& slope) { return Vector(-slope); }, 20000);
  const Descent by_newton = descend(
      [](const Vector& p, const Vector& slope) {
        const Vector direction = std::get<2>(compiled(newton)(p));
        return dot(direction, slope) < 0 ? direction : Vector(-slope);
      },
      100);
  Lbfgs lbfgs;
  const Descent by_lbfgs = descend([&](const Vector& p, const Vector& slope) { return lbfgs(p, slope); }, 1000);

  std::printf("the minimum is at (1, 1), the start at (-1.2, 1)\n%-18s %6s  %-24s %s\n", "", "steps", "end", "value");
  const auto report = [](const char* name, const Descent& d) {
    std::printf("%-18s %6d  (%.9f, %.9f) %.1e\n", name, d.steps, d.path.back()[0], d.path.back()[1], d.value);
  };
  report("gradient descent", gradient_descent);
  report("Newton's method", by_newton);
  report("L-BFGS", by_lbfgs);

  if (argument_count > 1) {
    Picture picture({-1.7, 1.7, -0.7, 1.7});
    std::vector<double> levels;
    for (double level = 0.1; level < 2000; level *= 2) levels.push_back(level);
    picture.add_contours([](double x, double y) { return compiled(rosenbrock)(Vector{x, y}); }, levels);
    picture.add_path(gradient_descent.path, "#d62728", "gradient descent");
    picture.add_path(by_newton.path, "#1f77b4", "Newton's method");
    picture.add_path(by_lbfgs.path, "#2ca02c", "L-BFGS");
    picture.save(arguments[1]);
    std::printf("the paths are drawn in %s\n", arguments[1]);
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "rosenbrock: %s\n", error.what());
  return 1;
}
