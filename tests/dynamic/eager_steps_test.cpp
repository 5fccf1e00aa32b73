// SPDX-License-Identifier: BSL-1.0
#include "ctgrad/dynamic/eager_steps.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "ctgrad/dynamic/eager.hpp"

namespace {

using namespace ctgrad;

using Cube = Tensor<float, Shape<3, 4, 5>>;

/// The result of folding a plain loop over the axes of `mask`, in the order of the kept elements.
template <class Fold>
std::vector<double> reduce_plainly(const Cube& x, unsigned mask, double start, Fold fold) {
  const std::int64_t extent[3] = {3, 4, 5};
  std::int64_t kept = 1;
  for (unsigned axis = 0; axis < 3; ++axis)
    if ((mask >> axis & 1U) == 0) kept *= extent[axis];
  std::vector<double> result(static_cast<std::size_t>(kept), start);
  for (std::int64_t i = 0; i < 3; ++i)
    for (std::int64_t j = 0; j < 4; ++j)
      for (std::int64_t k = 0; k < 5; ++k) {
        const std::int64_t index[3] = {i, j, k};
        std::int64_t at = 0;
        for (unsigned axis = 0; axis < 3; ++axis)
          if ((mask >> axis & 1U) == 0) at = at * extent[axis] + index[axis];
        double& to = result[static_cast<std::size_t>(at)];
        to = fold(to, static_cast<double>(x(i, j, k)));
      }
  return result;
}

template <class R>
void check(const R& result, const std::vector<double>& expected) {
  BOOST_TEST_REQUIRE(result.size() == static_cast<std::int64_t>(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i)
    BOOST_TEST(static_cast<double>(result.data()[i]) == expected[i], boost::test_tools::tolerance(1e-5));
}

template <int... Axes>
void check_axes(const Cube& x) {
  constexpr unsigned mask = detail::axes_mask<3, Axes...>;
  auto add = [](double a, double b) { return a + b; };
  auto larger = [](double a, double b) { return a > b ? a : b; };
  auto smaller = [](double a, double b) { return a < b ? a : b; };
  check(sum(x, axis<Axes...>), reduce_plainly(x, mask, 0, add));
  check(max(x, axis<Axes...>), reduce_plainly(x, mask, -1e30, larger));
  check(min(x, axis<Axes...>), reduce_plainly(x, mask, 1e30, smaller));
  auto add_square = [](double a, double b) { return a + b * b; };
  check(sum(x * x, axis<Axes...>, keepdims), reduce_plainly(x, mask, 0, add_square));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dynamic_eager_steps)

BOOST_AUTO_TEST_CASE(reductions_are_those_of_a_plain_loop) {
  const Cube x = Cube::uniform(7, 1, 3);
  check_axes<0>(x);
  check_axes<1>(x);
  check_axes<-1>(x);
  check_axes<0, 2>(x);
  check_axes<1, 2>(x);
  check_axes<>(x);
}

BOOST_AUTO_TEST_CASE(reductions_of_views_and_of_nothing) {
  const Cube x = Cube::uniform(7, 1, 3);
  const auto turned = permute(x, axis<2, 0, 1>);
  const auto sums = sum(turned, axis<0>);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 4; ++j) {
      float expected = 0;
      for (int k = 0; k < 5; ++k) expected += x(i, j, k);
      BOOST_TEST(sums(i, j) == expected, boost::test_tools::tolerance(1e-5F));
    }
  const Tensor<float, Shape<3, 0>> nothing;
  const auto zeros = sum(nothing, axis<1>);
  for (int i = 0; i < 3; ++i) BOOST_TEST(zeros(i) == 0);
  BOOST_TEST(max(nothing).item() == -std::numeric_limits<float>::infinity());
}

BOOST_AUTO_TEST_CASE(a_reduction_takes_its_operand_into_its_loop) {
  const Tensor<float, Shape<300>> x = Tensor<float, Shape<300>>::uniform(3, -1, 1);
  const auto e = x * tanh(x);
  using E = std::remove_const_t<decltype(e)>;
  using Loop = detail::FusedLoop<E, Shape<300>, Strides<0>, ops::Sum>;
  static_assert(Loop::Kernel::step_count == 2 && Loop::Kernel::has_inner_reduction);
  double expected = 0;
  for (const float value : x) expected += static_cast<double>(value * std::tanh(value));
  BOOST_TEST(static_cast<double>(sum(e).item()) == expected, boost::test_tools::tolerance(1e-5));
}

BOOST_AUTO_TEST_CASE(matrix_products_take_transposed_views_as_they_are) {
  const auto a = Tensor<double, Shape<4, 3>>::uniform(1, -1, 1);
  const auto b = Tensor<double, Shape<4, 5>>::uniform(2, -1, 1);
  static_assert(detail::takes_transposed<ops::MatMul, decltype(transpose(a))>());
  const Tensor<double, Shape<3, 5>> product = matmul(transpose(a), b);
  const Tensor<double, Shape<3, 3>> gram = matmul(transpose(a), a * 2) + 1;
  const Tensor<double, Shape<4, 4>> outer = matmul(a, transpose(a));
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 5; ++j) {
      double expected = 0;
      for (int k = 0; k < 4; ++k) expected += a(k, i) * b(k, j);
      BOOST_TEST(product(i, j) == expected, boost::test_tools::tolerance(1e-12));
    }
    for (int j = 0; j < 3; ++j) {
      double expected = 1;
      for (int k = 0; k < 4; ++k) expected += a(k, i) * a(k, j) * 2;
      BOOST_TEST(gram(i, j) == expected, boost::test_tools::tolerance(1e-12));
    }
  }
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) {
      double expected = 0;
      for (int k = 0; k < 3; ++k) expected += a(i, k) * a(j, k);
      BOOST_TEST(outer(i, j) == expected, boost::test_tools::tolerance(1e-12));
    }
}

BOOST_AUTO_TEST_CASE(batches_of_matrices_broadcast) {
  const auto a = Tensor<float, Shape<2, 1, 3, 4>>::uniform(1, -1, 1);
  const auto b = Tensor<float, Shape<5, 6, 4>>::uniform(2, -1, 1);
  // Not a plain transpose of the last two axes only: [5, 6, 4] -> [5, 4, 6].
  const Tensor<float, Shape<2, 5, 3, 6>> product = matmul(a, transpose(b));
  for (int n = 0; n < 2; ++n)
    for (int m = 0; m < 5; ++m)
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 6; ++j) {
          float expected = 0;
          for (int k = 0; k < 4; ++k) expected += a(n, 0, i, k) * b(m, j, k);
          BOOST_TEST(std::abs(product(n, m, i, j) - expected) < 1e-5F);
        }
}

BOOST_AUTO_TEST_CASE(matrix_products_of_named_lengths_check_them) {
  const Tensor<float, Shape<batch, 3>> x({4, 3});
  const Tensor<float, Shape<3, 2>> w;
  const Tensor<float, Shape<batch, 2>> y = matmul(x, w) + 1;
  BOOST_TEST(y.extent(0) == 4);
  BOOST_TEST(y(3, 1) == 1);
  const Tensor<float, Shape<3, batch>> other({3, 5});
  BOOST_CHECK_THROW(matmul(other, x), Error);
}

BOOST_AUTO_TEST_CASE(elements_are_chosen_by_index) {
  const auto x = Tensor<float, Shape<3, 4>>::arange();
  const Tensor<std::int64_t, Shape<3, 1>> column{3, 0, 2};
  const Tensor<float, Shape<3, 1>> picked = gather(x, axis<1>, column) * 2;
  BOOST_TEST(picked(0, 0) == 6);
  BOOST_TEST(picked(1, 0) == 8);
  BOOST_TEST(picked(2, 0) == 20);
  const Tensor<std::int32_t, Shape<2, 2>> rows{2, 0, 0, 1};
  const Tensor<float, Shape<2, 2, 4>> taken = take(x, rows);
  BOOST_TEST(taken(0, 0, 1) == 9);
  BOOST_TEST(taken(1, 1, 3) == 7);
  const Tensor<std::int64_t, Shape<3, 1>> outside{0, 4, 0};
  BOOST_CHECK_THROW(gather(x, axis<1>, outside), Error);
}

BOOST_AUTO_TEST_CASE(largest_position_concatenation_and_one_hot) {
  const Tensor<float, Shape<2, 3>> x{1, 5, 2, 9, 0, 9};
  const auto best = argmax(x, axis<1>);
  BOOST_TEST(best(0) == 1);
  BOOST_TEST(best(1) == 0);
  BOOST_TEST(argmin(transpose(x), axis<0>)(1) == 1);
  const Tensor<float, Shape<2, 6>> joined = concat(axis<1>, x, -x);
  BOOST_TEST(joined(0, 1) == 5);
  BOOST_TEST(joined(0, 4) == -5);
  BOOST_TEST(joined(1, 2) == 9);
  const Tensor<float, Shape<2, 3>> classes = one_hot<3, float>(best);
  BOOST_TEST(classes(0, 1) == 1);
  BOOST_TEST(classes(1, 0) == 1);
  BOOST_TEST(sum(classes).item() == 2);
}

BOOST_AUTO_TEST_CASE(composed_functions_run_on_tensors) {
  const auto x = Tensor<float, Shape<4, 7>>::uniform(5, -3, 3);
  const Tensor<float, Shape<4, 7>> p = softmax(x, axis<1>);
  const Tensor<float, Shape<4, 7>> l = log_softmax(x, axis<1>);
  const Tensor<std::int32_t, Shape<4>> target{0, 6, 3, 3};
  double loss = 0;
  for (int i = 0; i < 4; ++i) {
    double total = 0;
    for (int j = 0; j < 7; ++j) total += std::exp(static_cast<double>(x(i, j)));
    for (int j = 0; j < 7; ++j) {
      const double expected = std::exp(static_cast<double>(x(i, j))) / total;
      BOOST_TEST(static_cast<double>(p(i, j)) == expected, boost::test_tools::tolerance(1e-5));
      BOOST_TEST(static_cast<double>(l(i, j)) == std::log(expected), boost::test_tools::tolerance(1e-5));
    }
    loss -= static_cast<double>(l(i, target(i))) / 4;
  }
  BOOST_TEST(static_cast<double>(cross_entropy(x, target)) == loss, boost::test_tools::tolerance(1e-5));
  BOOST_TEST(mse_loss(p, p).item() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
