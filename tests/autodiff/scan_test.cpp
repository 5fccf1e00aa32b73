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

BOOST_AUTO_TEST_CASE(a_recurrent_layer) {
  const auto xs = Tensor<double, Shape<3, 2>>::uniform(1, -1, 1);
  const auto w = Tensor<double, Shape<3, 3>>::uniform(2, -1, 1);
  const auto u = Tensor<double, Shape<3, 2>>::uniform(3, -1, 1);
  const auto found = value_and_grad(recurrent, wrt<0, 1, 2>)(xs, w, u);
  const auto wanted = value_and_grad(recurrent_written_out, wrt<0, 1, 2>)(xs, w, u);
  BOOST_TEST(std::abs(found.first - wanted.first) < 1e-14);
  const auto compare = [](const auto& a, const auto& b) {
    for (int i = 0; i < a.size(); ++i) BOOST_TEST(std::abs(a.data()[i] - b.data()[i]) < 1e-13);
  };
  compare(std::get<0>(found.second), std::get<0>(wanted.second));
  compare(std::get<1>(found.second), std::get<1>(wanted.second));
  compare(std::get<2>(found.second), std::get<2>(wanted.second));
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

BOOST_AUTO_TEST_SUITE_END()
