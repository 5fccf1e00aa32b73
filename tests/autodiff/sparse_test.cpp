// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sparse Jacobians and Hessians against dense ones: values, CSR form, selection, extras, inside a trace, no
/// allocation.
#include "ctgrad/autodiff/sparse.hpp"

#include <sstream>

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_sparse)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

template <class A, class B>
double largest_difference(const A& a, const B& b) {
  double worst = 0;
  BOOST_REQUIRE(a.size() == b.size());
  for (std::int64_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a.data()[i] - b.data()[i])));
  return worst;
}

using Point = Tensor<double, Shape<6>>;
const Point point{0.5, -1, 2, 0.25, 1.5, -0.75};

// f_i = (3 - 2 x_i) x_i - x_{i-1} - 2 x_{i+1} + 1 (C. G. Broyden, 1965).
constexpr auto broyden = [](auto x) {
  constexpr auto n = decltype(x)::shape_type::value[0];
  const auto zero = slice<0, 0, 1>(x) * 0;
  const auto before = concat(axis<0>, zero, slice<0, 0, n - 1>(x));
  const auto after = concat(axis<0>, slice<0, 1, n>(x), zero);
  return (3 - 2 * x) * x - before - 2 * after + 1;
};

constexpr auto rosenbrock = [](auto x) {
  constexpr auto n = decltype(x)::shape_type::value[0];
  const auto a = slice<0, 0, n - 1>(x);
  const auto b = slice<0, 1, n>(x);
  return sum(100 * square(b - square(a)) + square(1 - a));
};

// A full row and column, and products of elements far from each other.
constexpr auto arrow = [](auto x) {
  return sum(sin(x)) + sum(slice<0, 0, 1>(x) * x * x) + sum(slice<0, 1, 2>(x) * exp(slice<0, 4, 5>(x)));
};

/// Scaled first, so that a scale can be selected too.
constexpr auto scaled = [](auto x, auto scale) { return broyden(x * scale); };

}  // namespace

BOOST_AUTO_TEST_CASE(jacobians_in_both_modes) {
  const auto dense = jacobian(broyden)(point);
  const auto sparse = sparse_jacobian(broyden)(point);
  static_assert(decltype(sparse)::nonzeros() == 16);
  BOOST_TEST(largest_difference(sparse.to_dense(), dense) == 0);
  BOOST_TEST(largest_difference(sparse_jacobian<Mode::reverse>(broyden)(point).to_dense(), dense) < 1e-14);
  const auto compressed = jacobian<Mode::compressed>(broyden)(point);
  static_assert(std::is_same_v<decltype(compressed), decltype(dense)>);
  BOOST_TEST(largest_difference(compressed, dense) == 0);
}

BOOST_AUTO_TEST_CASE(hessians) {
  BOOST_TEST(largest_difference(sparse_hessian(rosenbrock)(point).to_dense(), hessian(rosenbrock)(point)) < 1e-12);
  BOOST_TEST(largest_difference(hessian<Mode::compressed>(rosenbrock)(point), hessian(rosenbrock)(point)) < 1e-12);
  const auto sparse = sparse_hessian(arrow)(point);
  static_assert(decltype(sparse)::pattern::colours() < 6);
  BOOST_TEST(largest_difference(sparse.to_dense(), hessian(arrow)(point)) < 1e-14);
}

BOOST_AUTO_TEST_CASE(of_a_full_and_of_an_empty_matrix) {
  const auto full = [](auto x) { return exp(sum(x * x)) * x; };
  BOOST_TEST(largest_difference(sparse_jacobian(full)(point).to_dense(), jacobian(full)(point)) < 1e-10);
  const auto none = [](auto x) { return cast<double>(x > 0) + 1; };
  const auto empty = sparse_jacobian(none)(point);
  static_assert(decltype(empty)::nonzeros() == 0);
  BOOST_TEST(empty.values.size() == 0);
  BOOST_TEST(largest_difference(empty.to_dense(), Tensor<double, Shape<6, 6>>::full(0)) == 0);
  BOOST_TEST(largest_difference(jacobian<Mode::compressed>(none)(point), empty.to_dense()) == 0);
  BOOST_TEST((empty * point)(3) == 0);
  BOOST_TEST((empty * Point::full(1))(3) == 0);
}

BOOST_AUTO_TEST_CASE(the_csr_form) {
  const auto matrix = sparse_jacobian(broyden)(point);
  using M = std::remove_const_t<decltype(matrix)>;
  static_assert(M::rows() == 6 && M::columns() == 6 && M::row_offsets().size() == 7);
  static_assert(M::row_offsets()[1] == 2 && M::column_indices()[2] == 0);
  BOOST_TEST(matrix(1, 0) == -1);
  BOOST_TEST(matrix(1, 1) == 7);
  BOOST_TEST(matrix(0, 5) == 0);
  BOOST_TEST(matrix.values(0) == 1);
  const auto dense = jacobian(broyden)(point);
  const auto y = matrix * point;
  for (int i = 0; i < 6; ++i) {
    double sum = 0;
    for (int j = 0; j < 6; ++j) sum += dense(i, j) * point(j);
    BOOST_TEST(y(i) == sum, boost::test_tools::tolerance(1e-14));
  }
  std::ostringstream text, expected;
  text << matrix;
  expected << matrix.to_dense();
  BOOST_TEST(text.str() == expected.str());
}

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
