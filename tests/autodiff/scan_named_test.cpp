// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loops over lengths that are named and known at run time: one compiled program for all of them.
#include "ctgrad/autodiff/scan.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_scan_named)

using namespace ctgrad;

template <class T>
struct Memory {
  T state, level;
};
template <class A, class B>
Memory(A, B) -> Memory<A>;

using Steps = Tensor<double, Shape<time_steps>>;
using Pairs = Tensor<double, Shape<time_steps, 2>>;
using Pair = Tensor<double, Shape<2>>;

// Lengths come and go: longer, shorter, none at all.
constexpr std::array<std::int64_t, 7> lengths{2, 0, 7, 1, 3, 0, 9};

/// Structures as carry, items and results; numbers, an array and a constant among them.
template <int MaxOrder>
constexpr auto filter = [](auto a, auto b, auto start, auto k) {
  const auto [end, all] = scan<LoopOptions{.max_order = MaxOrder}>(
      [](auto m, auto item, auto factor) {
        const auto [x, y] = item;
        const auto state = tanh(m.state + factor * x);
        return std::pair{Memory{state, m.level * (1 + sum(y) / 8)}, std::tuple{state * y, x * m.level}};
      },
      Memory{k, sum(start)}, std::pair{a, b}, k);
  return end.state * end.level + sum(square(std::get<0>(all))) + sum(sin(std::get<1>(all)));
};

double filter_written_out(const Steps& a, const Pairs& b, const Pair& start, double k) {
  double state = k, level = start(0) + start(1), result = 0;
  for (std::int64_t i = 0; i < a.extent(0); ++i) {
    result += std::sin(a(i) * level);
    state = std::tanh(state + k * a(i));
    result += state * state * (b(i, 0) * b(i, 0) + b(i, 1) * b(i, 1));
    level *= 1 + (b(i, 0) + b(i, 1)) / 8;
  }
  return result + state * level;
}

template <class X>
X uniform(X x, std::uint64_t seed) {
  RandomStream(seed).fill_uniform(x.span(), 0, -1, 1);
  return x;
}
Steps steps(std::int64_t n, std::uint64_t seed = 1) { return uniform(Steps({n}), seed); }
Pairs pairs(std::int64_t n, std::uint64_t seed = 2) { return uniform(Pairs({n, 2}), seed); }
const Pair start{0.4, -0.9};

BOOST_AUTO_TEST_CASE(values_of_every_length) {
  for (const std::int64_t n : lengths) {
    const double found = compiled(filter<1>)(steps(n), pairs(n), start, 0.7);
    BOOST_TEST(std::abs(found - filter_written_out(steps(n), pairs(n), start, 0.7)) < 1e-13);
  }
}

BOOST_AUTO_TEST_CASE(first_derivatives_of_every_length) {
  for (const std::int64_t n : lengths) {
    // By reverse mode against differences, and by forward mode along one direction.
    const auto report = check_gradients(filter<1>, steps(n), pairs(n), start, 0.7);
    BOOST_TEST(report.passed(), n << " turns: " << report);
  }
}

BOOST_AUTO_TEST_CASE(without_turns_the_derivative_is_that_of_the_start) {
  const auto [by_a, by_b, by_start, by_k] = gradient(filter<1>, wrt<0, 1, 2, 3>)(steps(0), pairs(0), start, 0.7);
  BOOST_TEST(by_a.size() == 0);
  BOOST_TEST(by_b.size() == 0);
  BOOST_TEST(by_start(0) == 0.7);
  BOOST_TEST(by_start(1) == 0.7);
  BOOST_TEST(by_k == start(0) + start(1));
}

/// The second derivatives along a direction, forward over reverse and reverse over reverse, against differences of the
/// gradient.
BOOST_AUTO_TEST_CASE(second_derivatives_of_every_length) {
  constexpr auto all = wrt<0, 1, 2, 3>;
  constexpr auto along = [](auto a, auto b, auto s, auto k, auto va, auto vb, auto vs, auto vk) {
    const auto [by_a, by_b, by_s, by_k] = gradient(filter<2>, wrt<0, 1, 2, 3>)(a, b, s, k);
    return sum(by_a * va) + sum(by_b * vb) + sum(by_s * vs) + by_k * vk;
  };
  for (const std::int64_t n : lengths) {
    const Steps a = steps(n), va = steps(n, 5);
    const Pairs b = pairs(n), vb = pairs(n, 6);
    const Pair vs{1, 0.5};
    const auto forward = hvp(filter<2>, all)(a, b, start, 0.7, va, vb, vs, -0.6);
    const auto reverse = gradient(along, all)(a, b, start, 0.7, va, vb, vs, -0.6);
    const double h = 1e-5;
    const auto at = [&](double t) {
      return gradient(filter<2>, all)(Steps(a + t * va), Pairs(b + t * vb), Pair(start + t * vs), 0.7 - 0.6 * t);
    };
    const auto after = at(h), before = at(-h);
    const auto close = [&](double x, double y, double left, double right) {
      const double difference = (right - left) / (2 * h);
      BOOST_TEST(std::abs(x - difference) < 1e-7, n << " turns, forward over reverse: " << x << ", " << difference);
      BOOST_TEST(std::abs(y - difference) < 1e-7, n << " turns, reverse over reverse: " << y << ", " << difference);
    };
    for (std::int64_t i = 0; i < n; ++i) {
      close(std::get<0>(forward)(i), std::get<0>(reverse)(i), std::get<0>(before)(i), std::get<0>(after)(i));
      for (int j = 0; j < 2; ++j)
        close(std::get<1>(forward)(i, j), std::get<1>(reverse)(i, j), std::get<1>(before)(i, j),
              std::get<1>(after)(i, j));
    }
    for (int j = 0; j < 2; ++j)
      close(std::get<2>(forward)(j), std::get<2>(reverse)(j), std::get<2>(before)(j), std::get<2>(after)(j));
    close(std::get<3>(forward), std::get<3>(reverse), std::get<3>(before), std::get<3>(after));
  }
}

/// The results have the named axis.
constexpr auto running_sums = [](auto xs) {
  return scan([](auto total, auto x) { return std::pair{total + x, total + x}; }, 0.0, xs).second;
};

BOOST_AUTO_TEST_CASE(rows_of_results) {
  for (const std::int64_t n : lengths) {
    const Steps x = steps(n), sums = compiled(running_sums)(x), v = steps(n, 3);
    const Steps tangent = directional_derivative(running_sums)(x, v);
    const Steps cotangent = vjp(running_sums)(x, v).second;
    BOOST_REQUIRE(sums.extent(0) == n);
    double total = 0, of_tangent = 0, after = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      BOOST_TEST(std::abs(sums(i) - (total += x(i))) < 1e-14);
      BOOST_TEST(std::abs(tangent(i) - (of_tangent += v(i))) < 1e-14);
      BOOST_TEST(std::abs(cotangent(n - 1 - i) - (after += v(n - 1 - i))) < 1e-14);
    }
  }
}

/// A recurrent layer (Elman 1990), h = tanh(W h + U x), as wide as does not stay in registers.
constexpr auto recurrent = [](auto xs, auto h0, auto w, auto u) {
  const auto [last, squares] = scan(
      [](auto h, auto x, auto weights, auto input) {
        const auto next = tanh(reshape(matmul(weights, reshape(h, shape<17, 1>)), shape<17>) +
                               reshape(matmul(input, reshape(x, shape<2, 1>)), shape<17>));
        return std::pair{next, sum(next * next)};
      },
      h0, xs, w, u);
  return sum(last) + sum(squares * squares);
};
constexpr auto recurrent_of_three = [](auto xs, auto h0, auto w, auto u) {
  auto h = reshape(h0, shape<17, 1>);
  const auto next = [&](auto x) { return tanh(matmul(w, h) + matmul(u, reshape(x, shape<2, 1>))); };
  h = next(slice<0, 0, 1>(xs));
  auto total = square(sum(h * h));
  h = next(slice<0, 1, 2>(xs));
  total = total + square(sum(h * h));
  h = next(slice<0, 2, 3>(xs));
  return total + square(sum(h * h)) + sum(h);
};

template <class A, class B>
void check_close(const A& found, const B& wanted, double difference) {
  BOOST_REQUIRE(found.size() == wanted.size());
  for (int i = 0; i < found.size(); ++i) BOOST_TEST(std::abs(found.data()[i] - wanted.data()[i]) < difference);
}

BOOST_AUTO_TEST_CASE(a_recurrent_layer) {
  const auto h0 = Tensor<double, Shape<17>>::uniform(2, -1, 1);
  const auto w = Tensor<double, Shape<17, 17>>::uniform(3, -0.3, 0.3);
  const auto u = Tensor<double, Shape<17, 2>>::uniform(4, -1, 1);
  for (const std::int64_t n : {5, 0, 1}) {
    const auto report = check_gradients(recurrent, pairs(n), h0, w, u);
    BOOST_TEST(report.passed(), n << " turns: " << report);
  }
  const Pairs xs = pairs(3);
  Tensor<double, Shape<3, 2>> three;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 2; ++j) three(i, j) = xs(i, j);
  const auto found = value_and_grad(recurrent, wrt<0, 1, 2, 3>)(xs, h0, w, u);
  const auto wanted = value_and_grad(recurrent_of_three, wrt<0, 1, 2, 3>)(three, h0, w, u);
  BOOST_TEST(std::abs(found.first - wanted.first) < 1e-12);
  check_close(std::get<0>(found.second), std::get<0>(wanted.second), 1e-12);
  check_close(std::get<1>(found.second), std::get<1>(wanted.second), 1e-12);
  check_close(std::get<2>(found.second), std::get<2>(wanted.second), 1e-12);
  check_close(std::get<3>(found.second), std::get<3>(wanted.second), 1e-12);
}

/// Points of a number that is known at run time, too.
BOOST_AUTO_TEST_CASE(many_loops) {
  constexpr auto final_level = [](auto xs, auto rate) {
    return scan(
               [](auto level, auto x, auto r) {
                 return std::pair{level * (1 - r) + x * x, std::tuple{}};
               },
               0.5, xs, rate)
        .first;
  };
  using Many = Tensor<double, Shape<batch, time_steps>>;
  constexpr auto slopes = vmap(gradient(final_level, wrt<0, 1>), mapped<0>);
  for (const std::int64_t points : {3, 0, 1})
    for (const std::int64_t n : {4, 0, 1}) {
      const Many xs = uniform(Many({points, n}), 1);
      const auto [by_xs, by_rate] = slopes(xs, 0.1);
      for (std::int64_t p = 0; p < points; ++p) {
        Steps one({n});
        for (std::int64_t i = 0; i < n; ++i) one(i) = xs(p, i);
        const auto [by_x, by_r] = gradient(final_level, wrt<0, 1>)(one, 0.1);
        for (std::int64_t i = 0; i < n; ++i) BOOST_TEST(by_xs(p, i) == by_x(i));
        BOOST_TEST(by_rate(p) == by_r);
      }
    }
}

/// As many turns as an argument has elements; and no turn at all, known at compile time.
constexpr auto polynomial = [](auto xs, auto x) {
  return for_loop<time_steps>([](auto i, auto value, auto at) { return value * at + i; }, sum(xs), x);
};
constexpr auto of_nothing = [](auto xs, auto first) {
  const auto [last, rows] = scan([](auto c, auto x) { return std::pair{c * x, x + c}; }, first, xs);
  return last * last + sum(rows);
};

BOOST_AUTO_TEST_CASE(counted_turns) {
  for (const std::int64_t n : lengths) {
    double value = 0, slope = 0;
    for (const double x : steps(n)) value += x;
    for (std::int64_t i = 0; i < n; ++i) {
      slope = slope * 0.8 + value;
      value = value * 0.8 + static_cast<double>(i);
    }
    const auto found = value_and_grad(polynomial, wrt<1>)(steps(n), 0.8);
    BOOST_TEST(std::abs(found.first - value) < 1e-13);
    BOOST_TEST(std::abs(found.second - slope) < 1e-13);
    const auto report = check_gradients(polynomial, steps(n), 0.8);
    BOOST_TEST(report.passed(), n << " turns: " << report);
  }
  const auto [value, slope] = value_and_grad(of_nothing, wrt<1>)(Tensor<double, Shape<0>>(), 3.0);
  BOOST_TEST(value == 9);
  BOOST_TEST(slope == 6);
}

BOOST_AUTO_TEST_CASE(floats) {
  using Floats = Tensor<float, Shape<time_steps>>;
  const auto [value, slope] = value_and_grad([](auto xs) { return sum(square(running_sums(xs))); })(Floats({2}));
  BOOST_TEST(value == 0);
  BOOST_TEST(slope.size() == 2);
}

BOOST_AUTO_TEST_SUITE_END()
