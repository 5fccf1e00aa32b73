// SPDX-License-Identifier: BSL-1.0
/// \file
/// One program for every length of a named dimension, and what it says to lengths that do not fit.
#include <ctgrad/ctgrad.hpp>

#include <boost/test/unit_test.hpp>
#include <cmath>

BOOST_AUTO_TEST_SUITE(named_dimension)

using namespace ctgrad;

namespace {

constexpr auto loss = [](auto w, auto x, auto y) { return mean(square(tanh(matmul(x, w)) - y)); };

auto says(const std::string& text) {
  return [text](const Error& error) {
    BOOST_TEST_MESSAGE(error.what());
    return std::string(error.what()).find(text) != std::string::npos;
  };
}

template <class T, class S>
Tensor<T, S> random_tensor(const Extents<S::rank>& extents, std::uint64_t seed) {
  Tensor<T, S> tensor(extents);
  RandomStream(seed).fill_uniform(tensor.span(), 0, -1, 1);
  return tensor;
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_program_for_full_partial_and_single_batches) {
  auto program = compile<Cpu>(value_and_grad(loss), spec<double, 5, 3>, spec<double, batch, 5>, spec<double, batch, 3>);
  const auto w = random_tensor<double, Shape<5, 3>>({5, 3}, 1);
  for (const std::int64_t n : {64, 7, 1, 64, 3}) {
    const auto x = random_tensor<double, Shape<batch, 5>>({n, 5}, 2);
    const auto y = random_tensor<double, Shape<batch, 3>>({n, 3}, 3);
    const auto [value, slope] = program(w, x, y);
    double expected = 0;
    double expected_slope[5][3] = {};
    for (std::int64_t i = 0; i < n; ++i)
      for (int k = 0; k < 3; ++k) {
        double z = 0;
        for (int j = 0; j < 5; ++j) z += x(i, j) * w(j, k);
        const double error = std::tanh(z) - y(i, k);
        expected += error * error / static_cast<double>(3 * n);
        for (int j = 0; j < 5; ++j)
          expected_slope[j][k] += 2 * error * (1 - std::tanh(z) * std::tanh(z)) * x(i, j) / static_cast<double>(3 * n);
      }
    BOOST_TEST(value.item() == expected, boost::test_tools::tolerance(1e-12));
    for (int j = 0; j < 5; ++j)
      for (int k = 0; k < 3; ++k) BOOST_TEST(slope(j, k) == expected_slope[j][k], boost::test_tools::tolerance(1e-11));
  }
  static_assert(decltype(program)::bytes() > 0);
  Dimensions of_64;
  of_64[batch] = 64;
  Dimensions of_1;
  of_1[batch] = 1;
  BOOST_TEST(decltype(program)::bytes(of_64) > 30 * decltype(program)::bytes(of_1) / 4);
}

BOOST_AUTO_TEST_CASE(results_have_the_extents_of_the_run) {
  constexpr auto outer = [](auto a, auto b) { return reshape(a, shape<-1, 1>) * b; };
  auto program = compile<Cpu>(outer, spec<float, batch>, spec<float, time_steps>);
  for (const auto& [n, t] : {std::pair<std::int64_t, std::int64_t>{3, 4}, {1, 1}, {0, 2}, {5, 2}}) {
    const auto a = random_tensor<float, Shape<batch>>({n}, 1);
    const auto b = random_tensor<float, Shape<time_steps>>({t}, 2);
    const auto y = program(a, b);
    BOOST_REQUIRE(y.extents() == (Extents<2>{n, t}));
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t k = 0; k < t; ++k) BOOST_TEST(y(i, k) == a(i) * b(k));
  }
}

BOOST_AUTO_TEST_CASE(arguments_that_disagree_are_an_error) {
  auto program = compile<Cpu>(value_and_grad(loss), spec<double, 5, 3>, spec<double, batch, 5>, spec<double, batch, 3>);
  const Tensor<double, Shape<5, 3>> w;
  const Tensor<double, Shape<batch, 5>> x(Extents<2>{4, 5});
  const Tensor<double, Shape<batch, 3>> y(Extents<2>{3, 3});
  BOOST_CHECK_EXCEPTION(
      program(w, x, y), Error,
      says("argument 3 has the extents [3, 3], but its shape is [batch, 3] and axis 0 must be 4 here"));
  // The error leaves the program as it was.
  const Tensor<double, Shape<batch, 3>> fitting(Extents<2>{4, 3});
  BOOST_TEST(std::get<0>(program(w, x, fitting)).item() == 0);
}

BOOST_AUTO_TEST_CASE(extents_that_do_not_fit_a_shape_are_an_error) {
  BOOST_CHECK_EXCEPTION((Tensor<float, Shape<batch, 5>>(Extents<2>{4, 6})), Error,
                        says("the extents [4, 6] do not fit the shape [batch, 5]"));
  BOOST_CHECK_EXCEPTION((Tensor<float, Shape<batch, 5>>(Extents<2>{-1, 5})), Error, says("do not fit the shape"));
  // A view is believed until a program uses it.
  constexpr auto twice = [](auto x) { return x * 2; };
  auto program = compile<Cpu>(twice, spec<float, batch, 5>);
  float elements[12] = {};
  const TensorView<const float, Shape<batch, 5>> view(elements, {2, 6});
  BOOST_CHECK_EXCEPTION(program(view), Error, says("axis 1 must be 5 here"));
}

BOOST_AUTO_TEST_CASE(products_of_names) {
  constexpr auto square_sums = [](auto x, auto y) { return sum(x * flatten(y)); };
  auto program = compile<Cpu>(square_sums, spec<double, multiply(2, multiply(batch, time_steps))>,
                              spec<double, batch, 2, time_steps>);
  const auto y = random_tensor<double, Shape<batch, 2, time_steps>>({3, 2, 4}, 5);
  Tensor<double, Shape<multiply(2, multiply(batch, time_steps))>> x(Extents<1>{24});
  x.fill(1);
  double expected = 0;
  for (const double element : y) expected += element;
  BOOST_TEST(program(x, y).item() == expected, boost::test_tools::tolerance(1e-13));
  const Tensor<double, Shape<multiply(2, multiply(batch, time_steps))>> short_x(Extents<1>{22});
  BOOST_CHECK_EXCEPTION(program(short_x, y), Error,
                        says("argument 1 has the extents [22], but its shape is [2*time*batch] and axis 0 must be 24"));
}

BOOST_AUTO_TEST_SUITE_END()
