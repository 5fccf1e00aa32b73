// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loops with a number of turns known at compile time, against the same loops written out and against differences.
#include "ctgrad/autodiff/scan.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_scan)

using namespace ctgrad;

constexpr auto population = [](auto x, auto r) {
  return for_loop<20>([](auto, auto y, auto rate) { return rate * y * (1 - y); }, x, r);
};
constexpr auto written_out = [](auto x, auto r) {
  for (int i = 0; i < 20; ++i) x = r * x * (1 - x);
  return x;
};

BOOST_AUTO_TEST_CASE(a_loop_is_what_it_stands_for) {
  BOOST_TEST(std::abs(compiled(population)(0.3, 3.1) - compiled(written_out)(0.3, 3.1)) < 1e-14);
  const auto [a, b] = gradient(population, wrt<0, 1>)(0.3, 3.1);
  const auto [c, d] = gradient(written_out, wrt<0, 1>)(0.3, 3.1);
  BOOST_TEST(std::abs(a - c) < 1e-13);
  BOOST_TEST(std::abs(b - d) < 1e-13);
  BOOST_TEST(std::abs(directional_derivative(population)(0.3, 3.1, 1.0) - a) < 1e-13);
}

template <Extent Turns>
constexpr auto sum_of_indices =
    [](auto x) { return for_loop<Turns>([](auto i, auto total) { return total + i * i; }, x); };

BOOST_AUTO_TEST_CASE(no_turns_one_turn_and_the_index) {
  BOOST_TEST(compiled(sum_of_indices<0>)(5.0) == 5);
  BOOST_TEST(gradient(sum_of_indices<0>)(5.0) == 1);
  BOOST_TEST(compiled(sum_of_indices<1>)(5.0) == 5);
  BOOST_TEST(compiled(sum_of_indices<4>)(5.0) == 5 + 1 + 4 + 9);
  BOOST_TEST(gradient(sum_of_indices<1>)(5.0) == 1);
  BOOST_TEST(compiled(sum_of_indices<3>)(5.0F) == 10.0F);
}

template <class T>
struct Memory {
  T state, product;
};
template <class A, class B>
Memory(A, B) -> Memory<A>;

/// A recurrent layer (Elman 1990): h = tanh(W h + U x + b), and the squares of all h.
constexpr auto recurrent = [](auto xs, auto w, auto u) {
  const auto start = reshape(slice<0, 0, 1>(w), shape<3>) * 0;
  const auto [last, squares] = scan(
      [](auto h, auto x, auto weights, auto input) {
        const auto next = tanh(reshape(matmul(weights, reshape(h, shape<3, 1>)), shape<3>) +
                               reshape(matmul(input, reshape(x, shape<2, 1>)), shape<3>));
        return std::pair{next, sum(next * next)};
      },
      start, xs, w, u);
  return sum(last) + sum(squares * squares);
};
constexpr auto recurrent_written_out = [](auto xs, auto w, auto u) {
  auto h = reshape(slice<0, 0, 1>(w), shape<3, 1>) * 0;
  auto total = sum(h);
  auto turn = [&](auto x) {
    h = tanh(matmul(w, h) + matmul(u, reshape(x, shape<2, 1>)));
    total = total + square(sum(h * h));
  };
  turn(slice<0, 0, 1>(xs));
  turn(slice<0, 1, 2>(xs));
  turn(slice<0, 2, 3>(xs));
  return total + sum(h);
};

template <class A>
void check_close(const A& found, const A& wanted, double difference) {
  for (int i = 0; i < found.size(); ++i) BOOST_TEST(std::abs(found.data()[i] - wanted.data()[i]) < difference);
}

BOOST_AUTO_TEST_CASE(a_recurrent_layer) {
  const auto xs = Tensor<double, Shape<3, 2>>::uniform(1, -1, 1);
  const auto w = Tensor<double, Shape<3, 3>>::uniform(2, -1, 1);
  const auto u = Tensor<double, Shape<3, 2>>::uniform(3, -1, 1);
  const auto found = value_and_grad(recurrent, wrt<0, 1, 2>)(xs, w, u);
  const auto wanted = value_and_grad(recurrent_written_out, wrt<0, 1, 2>)(xs, w, u);
  BOOST_TEST(std::abs(found.first - wanted.first) < 1e-14);
  check_close(std::get<0>(found.second), std::get<0>(wanted.second), 1e-13);
  check_close(std::get<1>(found.second), std::get<1>(wanted.second), 1e-13);
  check_close(std::get<2>(found.second), std::get<2>(wanted.second), 1e-13);
  const auto report = check_gradients(recurrent, xs, w, u);
  BOOST_TEST(report.passed(), report);
}

/// Structures as carry, items and results; numbers among them.
constexpr auto structures = [](auto a, auto b, auto k) {
  const auto [end, all] = scan(
      [](auto m, auto item, auto factor) {
        const auto [x, y] = item;
        return std::pair{Memory{m.state + factor * x, m.product * y}, std::tuple{m.state * y, x}};
      },
      Memory{1.0, 2.0}, std::pair{a, b}, k);
  return end.state * end.product + sum(std::get<0>(all)) + sum(square(std::get<1>(all)));
};

BOOST_AUTO_TEST_CASE(structures_and_numbers) {
  const Tensor<double, Shape<3>> a{1, 2, 3};
  const Tensor<double, Shape<3>> b{0.5, -1, 2};
  // States 1, 3, 7, 13; products 2, 1, -1, -2.
  BOOST_TEST(compiled(structures)(a, b, 2.0) == 13 * -2 + (0.5 - 3 + 14) + 14);
  const auto report = check_gradients(structures, a, b, 2.0);
  BOOST_TEST(report.passed(), report);
}

/// A layer with more weights than one loop back takes: the derivatives by weights and items are those of all turns at
/// once.
constexpr auto wide = [](auto xs, auto start, auto w, auto b) {
  const auto [last, all] = scan(
      [](auto h, auto x, auto weights, auto shift) {
        const auto next = tanh(reshape(matmul(weights, reshape(h + x, shape<17, 1>)), shape<17>) + shift);
        return std::pair{next, next * next};
      },
      start, xs, w, b);
  return sum(last) + sum(all * all);
};
constexpr auto wide_written_out = [](auto xs, auto start, auto w, auto b) {
  auto h = reshape(start, shape<17, 1>);
  const auto shift = reshape(b, shape<17, 1>);
  const auto next = [&](auto x) { return tanh(matmul(w, h + reshape(x, shape<17, 1>)) + shift); };
  h = next(slice<0, 0, 1>(xs));
  auto total = sum(square(h * h));
  h = next(slice<0, 1, 2>(xs));
  total = total + sum(square(h * h));
  h = next(slice<0, 2, 3>(xs));
  return total + sum(square(h * h)) + sum(h);
};

BOOST_AUTO_TEST_CASE(more_weights_than_one_loop_back_takes) {
  const auto xs = Tensor<double, Shape<3, 17>>::uniform(1, -1, 1);
  const auto start = Tensor<double, Shape<17>>::uniform(2, -1, 1);
  const auto w = Tensor<double, Shape<17, 17>>::uniform(3, -1, 1);
  const auto b = Tensor<double, Shape<17>>::uniform(4, -1, 1);
  const auto found = value_and_grad(wide, wrt<0, 1, 2, 3>)(xs, start, w, b);
  const auto wanted = value_and_grad(wide_written_out, wrt<0, 1, 2, 3>)(xs, start, w, b);
  BOOST_TEST(std::abs(found.first - wanted.first) < 1e-13);
  check_close(std::get<0>(found.second), std::get<0>(wanted.second), 1e-12);
  check_close(std::get<1>(found.second), std::get<1>(wanted.second), 1e-12);
  check_close(std::get<2>(found.second), std::get<2>(wanted.second), 1e-12);
  check_close(std::get<3>(found.second), std::get<3>(wanted.second), 1e-12);
}

/// A carry that does not stay in registers, and one loop back: compared with differences.
constexpr auto diffusion = [](auto start, auto sources, auto rate) {
  const auto [last, heats] = scan(
      [](auto u, auto source, auto r) {
        const auto left = concat(axis<0>, slice<0, 1, 20>(u), slice<0, 0, 1>(u));
        const auto next = u + r * (left - u) + source;
        return std::pair{next, sum(sin(next))};
      },
      start, sources, rate);
  return sum(last * last) + sum(heats * heats);
};

BOOST_AUTO_TEST_CASE(a_carry_of_twenty_numbers) {
  const auto start = Tensor<double, Shape<20>>::uniform(1, -1, 1);
  const auto sources = Tensor<double, Shape<5, 20>>::uniform(2, -1, 1);
  const auto report = check_gradients(diffusion, start, sources, 0.3);
  BOOST_TEST(report.passed(), report);
}

/// The same loop for many starts at once, which each need a loop back of their own.
BOOST_AUTO_TEST_CASE(the_derivatives_of_many_loops) {
  constexpr auto slopes = vmap(gradient(structures, wrt<0, 1, 2>));
  const auto a = Tensor<double, Shape<4, 3>>::uniform(1, -1, 1);
  const auto b = Tensor<double, Shape<4, 3>>::uniform(2, -1, 1);
  const Tensor<double, Shape<4>> k{1, 2, 3, 4};
  const auto [by_a, by_b, by_k] = slopes(a, b, k);
  for (int i = 0; i < 4; ++i) {
    Tensor<double, Shape<3>> one_a, one_b;
    for (int j = 0; j < 3; ++j) one_a(j) = a(i, j), one_b(j) = b(i, j);
    const auto [da, db, dk] = gradient(structures, wrt<0, 1, 2>)(one_a, one_b, k(i));
    for (int j = 0; j < 3; ++j) {
      BOOST_TEST(by_a(i, j) == da(j));
      BOOST_TEST(by_b(i, j) == db(j));
    }
    BOOST_TEST(by_k(i) == dk);
  }
}

BOOST_AUTO_TEST_SUITE_END()
