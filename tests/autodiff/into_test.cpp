// SPDX-License-Identifier: BSL-1.0
/// \file
/// into() writes results where they belong at once, also when that is an argument's memory or a tensor too small.
#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_into)

using namespace ctgrad;

namespace {

constexpr auto cubes = [](auto x, auto w) { return sum(x * x * x) * sum(w); };

/// The gradient of `cubes` by its first argument.
template <class X>
std::vector<double> expected(const X& x, double w) {
  std::vector<double> g;
  for (const double element : x) g.push_back(3 * element * element * w);
  return g;
}

template <class S>
void check_equal(const Tensor<double, S>& a, const std::vector<double>& b) {
  BOOST_TEST(static_cast<std::size_t>(a.size()) == b.size());
  for (std::size_t i = 0; i < b.size(); ++i) BOOST_TEST(a.data()[i] == b[i], boost::test_tools::tolerance(1e-14));
}

}  // namespace

// The sum of the last argument is read after the first result could have been written.
BOOST_AUTO_TEST_CASE(over_an_argument) {
  Tensor<double, Shape<3>> x{1, 2, 3}, w{1, 1, 2};
  const auto right = expected(x, 4);
  gradient(cubes).into(x, x, w);
  check_equal(x, right);
  Tensor<double, Shape<3>> y{1, 2, 3}, by_y;
  auto slopes = std::tie(by_y, w);
  value_and_grad(cubes, wrt<0, 1>).into(std::tie(y(0), slopes), y, w);
  check_equal(by_y, right);
  check_equal(w, {36, 36, 36});
  BOOST_TEST(y(0) == 144);
}

// One loop reads each element before it writes it, but a result that is an argument is copied last.
BOOST_AUTO_TEST_CASE(over_an_argument_in_one_loop) {
  constexpr auto product_and_sum = [](auto x, auto w) { return std::pair{x * w, x + w}; };
  Tensor<double, Shape<3>> x{1, 2, 3}, w{4, 5, 6};
  compiled(product_and_sum).into(std::tie(w, x), x, w);
  check_equal(w, {4, 10, 18});
  check_equal(x, {5, 7, 9});
  constexpr auto square_and_itself = [](auto a) { return std::pair{a * a, a}; };
  Tensor<double, Shape<3>> y{1, 2, 3}, same;
  compiled(square_and_itself).into(std::tie(y, same), y);
  check_equal(y, {1, 4, 9});
  check_equal(same, {1, 2, 3});
  constexpr auto turned = [](auto a) { return transpose(a) + a * 0; };
  Tensor<double, Shape<2, 2>> z{1, 2, 3, 4};
  compiled(turned).into(z, z);
  check_equal(z, {1, 3, 2, 4});
}

// A view of a part of an argument.
BOOST_AUTO_TEST_CASE(over_a_part_of_an_argument) {
  std::vector<double> memory{1, 2, 3, 4, 5};
  const TensorView<const double, Shape<3>> x(memory.data());
  const TensorView<double, Shape<3>> out(memory.data() + 1);
  const Tensor<double, Shape<3>> w{1, 1, 2};
  const auto right = expected(x, 4);
  gradient(cubes).into(out, x, w);
  check_equal(Tensor<double, Shape<3>>(TensorView<const double, Shape<3>>(out)), right);
  BOOST_TEST(memory[0] == 1);
  BOOST_TEST(memory[4] == 5);
}

// Lengths known at run time: the result is given the right one, also where it is an argument of another.
BOOST_AUTO_TEST_CASE(of_run_time_lengths) {
  using Any = Tensor<double, Shape<batch>>;
  using Other = Tensor<double, Shape<dimension<'n'>>>;
  Any x({600}), out({2});
  Other w({3});
  for (std::int64_t i = 0; i < 600; ++i) x.data()[i] = static_cast<double>(i);
  w.assign({{1, 1, 2}});
  gradient(cubes).into(out, x, w);
  check_equal(out, expected(x, 4));
  const auto right = expected(x, 4);
  gradient(cubes).into(x, x, w);
  check_equal(x, right);
  check_equal(gradient(cubes)(out, w), expected(out, 4));
  // The same result twice, an argument and a constant: the argument must be read before it is written.
  constexpr auto several = [](auto a) {
    const auto squares = a * a;
    return std::tuple{squares, squares, a, a * 0 + 2, sum(a)};
  };
  Any right_squares({2}), right_again({2}), itself({600}), twos({1}), again({2}), own_twos({1});
  double right_total = 0, total = 0;
  std::copy_n(out.data(), 600, x.data());
  compiled(several).into(std::tie(right_squares, right_again, itself, twos, right_total), out);
  compiled(several).into(std::tie(x, again, out, own_twos, total), x);
  BOOST_TEST(x.span() == right_squares.span(), boost::test_tools::per_element());
  BOOST_TEST(again.span() == right_again.span(), boost::test_tools::per_element());
  BOOST_TEST(out.span() == itself.span(), boost::test_tools::per_element());
  BOOST_TEST(own_twos.span() == twos.span(), boost::test_tools::per_element());
  BOOST_TEST(total == right_total);
  BOOST_TEST(right_squares.data()[5] == itself.data()[5] * itself.data()[5]);
  BOOST_TEST(twos.data()[599] == 2);
}

// The same array twice, an argument, and a constant: results that are no work of the run's own.
BOOST_AUTO_TEST_CASE(of_results_that_are_there_already) {
  const auto same = compiled([](auto x) {
    const auto y = x * x;
    return std::tuple{y, y, x, x * 0 + 2, sum(y)};
  });
  const Tensor<double, Shape<3>> x{1, 2, 3};
  Tensor<double, Shape<3>> a, b, c, d;
  double e = 0;
  same.into(std::tie(a, b, c, d, e), x);
  check_equal(a, {1, 4, 9});
  check_equal(b, {1, 4, 9});
  check_equal(c, {1, 2, 3});
  check_equal(d, {2, 2, 2});
  BOOST_TEST(e == 14);
}

// A view too short is an error.
BOOST_AUTO_TEST_CASE(into_a_view_of_other_extents) {
  Tensor<double, Shape<batch>> x({4}), out({3});
  Tensor<double, Shape<3>> w{1, 1, 2};
  const TensorView<double, Shape<batch>> view(out);
  BOOST_CHECK_THROW(gradient(cubes).into(view, x, w), Error);
  // Nothing was done to the results before it either, an argument or not.
  Tensor<double, Shape<batch>> own({2});
  own.assign({{1, 2}});
  x.assign({{1, 2, 3, 4}});
  constexpr auto twice = [](auto a) { return std::pair{a * a, a + a}; };
  BOOST_CHECK_THROW(compiled(twice).into(std::tie(own, view), x), Error);
  BOOST_CHECK_THROW(compiled(twice).into(std::tie(x, view), x), Error);
  check_equal(own, {1, 2});
  check_equal(x, {1, 2, 3, 4});
}

// A run that fails in the middle: what could have been written by then was not.
BOOST_AUTO_TEST_CASE(nothing_is_half_written) {
  const auto solution = compiled([](auto a, auto b) {
    const auto first = 2 * b;
    return std::pair{first, linalg::solve(a, first)};
  });
  const Tensor<double, Shape<2, 2>> singular{1, 2, 2, 4};
  const Tensor<double, Shape<2>> b{1, 1};
  Tensor<double, Shape<2>> twice{7, 7}, x{8, 8};
  BOOST_CHECK_THROW(solution.into(std::tie(twice, x), singular, b), Error);
  check_equal(twice, {7, 7});
  check_equal(x, {8, 8});
  // Nor when a result is an argument.
  Tensor<double, Shape<2, 2>> matrix{1, 2, 2, 4};
  Tensor<double, Shape<2>> right{1, 1};
  BOOST_CHECK_THROW(solution.into(std::tie(right, x), matrix, right), Error);
  check_equal(right, {1, 1});
  check_equal(x, {8, 8});
  matrix(1, 1) = 6;
  solution.into(std::tie(right, x), matrix, right);
  check_equal(right, {2, 2});
  check_equal(x, {4, -1});
  const auto rows = compiled([](auto table, auto index) {
    const auto first = table + 1;
    return std::pair{first, take(first, index)};
  });
  Tensor<double, Shape<batch>> more({3});
  Tensor<double, Shape<1>> taken{8};
  Tensor<double, Shape<batch>> table({2});
  more.assign({{7, 7, 7}});
  table.assign({{1, 2}});
  BOOST_CHECK_THROW(rows.into(std::tie(more, taken), table, Tensor<std::int64_t, Shape<1>>{5}), Error);
  check_equal(more, {7, 7, 7});
  check_equal(taken, {8});
}

BOOST_AUTO_TEST_SUITE_END()
