// SPDX-License-Identifier: BSL-1.0
/// \file
/// Eigen's matrices as arrays and back.
#include <boost/test/unit_test.hpp>

#include <ctgrad/ctgrad.hpp>
#include <ctgrad/interop/eigen.hpp>

using namespace ctgrad;

namespace {

template <int Rows, int Columns>
using ByRows = Eigen::Matrix<double, Rows, Columns, Eigen::RowMajor>;

/// x' A x, whose gradient is (A + A') x.
constexpr auto quadratic = [](auto x, auto a) { return sum(x * sum(a * x, axis<1>)); };

}  // namespace

BOOST_AUTO_TEST_SUITE(interop_eigen)

BOOST_AUTO_TEST_CASE(vectors_and_rows_are_viewed_where_they_lie) {
  Eigen::Vector3d x(1, 2, 3);
  static_assert(std::is_same_v<decltype(as_view(x)), TensorView<double, Shape<3>>>);
  static_assert(std::is_same_v<decltype(as_view(std::as_const(x))), TensorView<const double, Shape<3>>>);
  BOOST_TEST(as_view(x).data() == x.data());
  BOOST_TEST((as_view<Shape<3, 1>>(x)(2, 0)) == 3);
  ByRows<3, 3> a;
  a << 2, 1, 0, -1, 3, 4, 0.5, 6, 7;
  BOOST_TEST(as_view(a)(1, 2) == 4);

  Eigen::Vector3d slope;
  auto to = as_view(slope);
  gradient(quadratic).into(to, as_view(x), as_view(a));
  const Eigen::Vector3d wanted = (a + a.transpose()) * x;
  BOOST_TEST((slope - wanted).norm() < 1e-14);

  const Tensor<double, Shape<3, 3>> hessian_of_x = hessian(quadratic)(as_view(x), as_view(a));
  BOOST_TEST((as_eigen(hessian_of_x) - (a + a.transpose())).norm() < 1e-14);
}

BOOST_AUTO_TEST_CASE(sizes_known_at_run_time) {
  ByRows<Eigen::Dynamic, 3> points(5, 3);
  for (int i = 0; i < 15; ++i) points.data()[i] = i;
  const auto view = as_view<Shape<batch, 3>>(points);
  BOOST_TEST(view.extent(0) == 5);
  BOOST_TEST(view(4, 2) == 14);
  BOOST_CHECK_THROW((as_view<Shape<4, 3>>(points)), Error);
  Eigen::VectorXd weights = Eigen::VectorXd::Constant(4, 2);
  BOOST_TEST((as_view<Shape<batch>>(weights)).extent(0) == 4);

  Tensor<double, Shape<batch, 3>> tensor(view);
  auto map = as_eigen(tensor);
  static_assert(decltype(map)::RowsAtCompileTime == Eigen::Dynamic && decltype(map)::ColsAtCompileTime == 3);
  BOOST_TEST((map - points).norm() == 0);
  map(1, 1) = -4;
  BOOST_TEST(tensor(1, 1) == -4);
}

BOOST_AUTO_TEST_CASE(maps_with_strides) {
  double memory[24];
  for (int i = 0; i < 24; ++i) memory[i] = i;
  using Strided = Eigen::Map<ByRows<3, 4>, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;
  const Strided whole(memory, {4, 1});
  BOOST_TEST(as_view(whole)(2, 3) == 11);
  const Strided part(memory, {8, 1});
  BOOST_CHECK_THROW(as_view(part), Error);
  const Strided skipping(memory, {8, 2});
  BOOST_CHECK_THROW(as_view(skipping), Error);
  const Eigen::Map<Eigen::Vector4d, 0, Eigen::InnerStride<3>> every_third(memory);
  BOOST_CHECK_THROW(as_view(every_third), Error);
  BOOST_TEST(to_tensor(every_third)(3) == 9);
  BOOST_TEST(to_tensor(skipping)(2, 1) == 18);
  const Eigen::Ref<const Eigen::VectorXd> reference = Eigen::Map<Eigen::VectorXd>(memory, 24);
  BOOST_TEST((as_view<Shape<24>>(reference)(23)) == 23);
}

BOOST_AUTO_TEST_CASE(what_is_stored_by_columns_is_copied) {
  Eigen::Matrix<double, 2, 3> a;
  a << 1, 2, 3, 4, 5, 6;
  const auto tensor = to_tensor(a);
  static_assert(std::is_same_v<decltype(tensor), const Tensor<double, Shape<2, 3>>>);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j) BOOST_TEST(tensor(i, j) == a(i, j));
  const Tensor product = to_tensor(a * a.transpose());
  BOOST_TEST(product(0, 1) == 32);
  const Eigen::MatrixXd unknown = a;
  BOOST_TEST((to_tensor<Shape<batch, 3>>(unknown)(1, 2)) == 6);
  BOOST_CHECK_THROW((to_tensor<Shape<3, batch>>(unknown)), Error);
  const Eigen::RowVector3d row(7, 8, 9);
  BOOST_TEST(to_tensor(row)(1) == 8);
  BOOST_TEST((to_tensor<Shape<1, 3>>(row)(0, 2)) == 9);
  BOOST_TEST((to_tensor<Shape<3, 1>>(Eigen::Vector3d(row))(2, 0)) == 9);
  const Eigen::Array3f numbers(1, 2, 3);
  BOOST_TEST(to_tensor(numbers * 2)(2) == 6);
}

BOOST_AUTO_TEST_CASE(vectors_of_nothing) {
  const Eigen::VectorXd none(0);
  BOOST_TEST((as_view<Shape<batch>>(none)).size() == 0);
  BOOST_TEST((to_tensor<Shape<batch>>(none)).size() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
