// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sparse Jacobians and Hessians of structures, by selected arguments, with extras, in place, inside a function that is
/// differentiated, at many points.
#include "ctgrad/autodiff/sparse.hpp"

#include "sparse_functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_sparse_options)

using namespace ctgrad;
using namespace ctgrad_test;

BOOST_AUTO_TEST_CASE(by_selected_arguments) {
  const double scale = 0.75;
  const auto sparse = sparse_jacobian(scaled, wrt<1, 0>)(point, scale);
  static_assert(decltype(sparse)::columns() == 7);
  const auto [by_scale, by_x] = jacobian(scaled, wrt<1, 0>)(point, scale);
  const auto dense = sparse.to_dense();
  for (int i = 0; i < 6; ++i) {
    BOOST_TEST(std::abs(dense(i, 0) - by_scale(i)) < 1e-14);
    for (int j = 0; j < 6; ++j) BOOST_TEST(std::abs(dense(i, 1 + j) - by_x(i, j)) < 1e-14);
  }
  const auto [dense_scale, dense_x] = jacobian<Mode::compressed>(scaled, wrt<1, 0>)(point, scale);
  BOOST_TEST(largest_difference(dense_scale, by_scale) < 1e-14);
  BOOST_TEST(largest_difference(dense_x, by_x) < 1e-14);
}

BOOST_AUTO_TEST_CASE(of_structures) {
  const auto f = [](auto p) { return std::tuple{p[0] * p[1], sin(p[1]) + p[2], std::array{p[2] * p[2]}}; };
  const std::array<double, 3> p{0.5, 2, -1};
  const double expected[] = {2, 0.5, 0, 0, std::cos(2.0), 1, 0, 0, -2};
  check_numbers(sparse_jacobian(f)(p).to_dense(), expected);
  check_numbers(jacobian<Mode::compressed>(f)(p), expected);
  check_numbers(sparse_jacobian<Mode::reverse>(f)(p).to_dense(), expected);
}

BOOST_AUTO_TEST_CASE(with_extras_and_results_in_place) {
  const auto f = [](auto x) { return std::pair{x * x * x, sum(x)}; };
  auto [matrix, total] = sparse_jacobian(f, has_aux)(point);
  BOOST_TEST(total == 2.5);
  BOOST_TEST(matrix(2, 2) == 12);
  const Point other{1, 2, 3, 4, 5, 6};
  const double* const place = matrix.values.data();
  sparse_jacobian(f, has_aux).into(std::tie(matrix, total), other);
  BOOST_TEST(matrix.values.data() == place);
  BOOST_TEST(matrix(2, 2) == 27);
  BOOST_TEST(total == 21);
  // Into memory of the caller's own.
  double values[6];
  sparse_jacobian([](auto x) { return x * x; }).into(TensorView<double, Shape<6>>(values), other);
  BOOST_TEST(values[5] == 12);
}

namespace {

constexpr auto newton_decrement = [](auto x) {
  const auto h = sparse_hessian(arrow)(x);
  return sum(x * (h * x));
};
constexpr auto dense_decrement = [](auto x) {
  return sum(x * reshape(matmul(hessian(arrow)(x), reshape(x, shape<6, 1>)), shape<6>));
};

}  // namespace

// The derivative of x H(x) x by x, of third order in f.
BOOST_AUTO_TEST_CASE(inside_a_function_that_is_differentiated) {
  const auto [value, slope] = value_and_grad(newton_decrement)(point);
  const auto [expected, expected_slope] = value_and_grad(dense_decrement)(point);
  BOOST_TEST(value == expected, boost::test_tools::tolerance(1e-13));
  BOOST_TEST(largest_difference(slope, expected_slope) < 1e-12);
  const auto dense = compiled([](auto x) { return sparse_hessian(arrow)(x).to_dense(); })(point);
  BOOST_TEST(largest_difference(dense, hessian(arrow)(point)) < 1e-14);
}

BOOST_AUTO_TEST_CASE(at_many_points) {
  const auto points = Tensor<double, Shape<3, 6>>::uniform(1);
  const auto values = vmap([](auto x) { return sparse_hessian(arrow)(x).values; })(points);
  for (int k = 0; k < 3; ++k) {
    Point one;
    std::copy_n(points.data() + 6 * k, 6, one.data());
    const auto expected = sparse_hessian(arrow)(one).values;
    const auto count = static_cast<int>(expected.size());
    for (int p = 0; p < count; ++p) BOOST_TEST(std::abs(values(k, p) - expected(p)) < 1e-14);
  }
}

BOOST_AUTO_TEST_SUITE_END()
