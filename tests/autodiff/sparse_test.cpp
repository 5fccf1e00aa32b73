// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sparse Jacobians and Hessians against dense ones: values, CSR form, selection, extras, inside a trace, no
/// allocation.
#include "ctgrad/autodiff/sparse.hpp"

#include <sstream>

#include "sparse_functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_sparse)

using namespace ctgrad;
using namespace ctgrad_test;

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

BOOST_AUTO_TEST_SUITE_END()
