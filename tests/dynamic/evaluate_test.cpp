// SPDX-License-Identifier: BSL-1.0
#include "ctgrad/dynamic/evaluate.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "ctgrad/dynamic/eager.hpp"
#include "ctgrad/program/program.hpp"

namespace {

using namespace ctgrad;

template <class E, class S>
using loop_of = detail::FusedLoop<E, S, detail::RowMajor<S>, void>;

/// Broadcasts two operands of the given shapes and compares with index arithmetic.
template <class SA, class SB, class S>
void check_broadcast() {
  const auto a = Tensor<float, SA>::arange();
  const auto b = Tensor<float, SB>::arange();
  const Tensor<float, S> sum = a * 2 + b;
  auto element = [](const auto& x, const std::int64_t(&index)[3]) {
    std::int64_t at = 0;
    for (int axis = 0; axis < x.rank; ++axis) {
      const std::int64_t i = index[3 - x.rank + axis];
      at = at * x.extent(axis) + (x.extent(axis) == 1 ? 0 : i);
    }
    return x.data()[at];
  };
  static_assert(S::rank == 3);
  for (std::int64_t i = 0; i < sum.extent(0); ++i)
    for (std::int64_t j = 0; j < sum.extent(1); ++j)
      for (std::int64_t k = 0; k < sum.extent(2); ++k)
        BOOST_TEST(sum(i, j, k) == 2 * element(a, {i, j, k}) + element(b, {i, j, k}));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dynamic_evaluate)

BOOST_AUTO_TEST_CASE(operands_broadcast) {
  check_broadcast<Shape<2, 3, 5>, Shape<2, 3, 5>, Shape<2, 3, 5>>();
  check_broadcast<Shape<2, 3, 5>, Shape<5>, Shape<2, 3, 5>>();
  check_broadcast<Shape<2, 3, 5>, Shape<3, 1>, Shape<2, 3, 5>>();
  check_broadcast<Shape<2, 1, 5>, Shape<1, 3, 1>, Shape<2, 3, 5>>();
  check_broadcast<Shape<>, Shape<2, 1, 19>, Shape<2, 1, 19>>();
  check_broadcast<Shape<1>, Shape<1, 1, 1>, Shape<1, 1, 1>>();
  check_broadcast<Shape<2, 0, 5>, Shape<1, 5>, Shape<2, 0, 5>>();
  check_broadcast<Shape<3, 1>, Shape<2, 1, 0>, Shape<2, 3, 0>>();
}

BOOST_AUTO_TEST_CASE(assignment_stretches_to_the_tensor) {
  const Tensor<float, Shape<3>> row{1, 2, 3};
  Tensor<float, Shape<2, 3>> z;
  z = exp(row);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j) BOOST_TEST(z(i, j) == std::exp(row(j)), boost::test_tools::tolerance(1e-6F));
  z = sum(row);
  for (const float value : z) BOOST_TEST(value == 6);
}

BOOST_AUTO_TEST_CASE(one_statement_is_one_loop_over_joined_axes) {
  Tensor<float, Shape<4, 6, 5>> x, y, b;
  const auto e = 2 * x + tanh(y) * b;
  using Loop = loop_of<std::remove_const_t<decltype(e)>, Shape<4, 6, 5>>;
  static_assert(Loop::plan.rank == 1);
  static_assert(Loop::Kernel::input_count == 4);
  static_assert(Loop::Kernel::step_count == 4);
  // A row per matrix: the loop keeps the axis where it repeats, and joins the two after it.
  Tensor<float, Shape<6, 5>> row;
  const auto r = x + row;
  static_assert(loop_of<std::remove_const_t<decltype(r)>, Shape<4, 6, 5>>::plan.rank == 2);
  BOOST_TEST(Loop::Kernel::output_count == 1);
}

BOOST_AUTO_TEST_CASE(the_kernel_is_that_of_the_compiled_function) {
  auto f = [](auto a, auto x, auto y) { return a * x + tanh(y); };
  using F = decltype(f);
  using Compiled = kernels::kernel_of<
      Program<Cpu, F, Spec<float, Shape<3, 50>>, Spec<float, Shape<3, 50>>, Spec<float, Shape<3, 50>>>::Stages, 0>;
  Tensor<float, Shape<3, 50>> a, x, y;
  using E = decltype(f(a.view(), x.view(), y.view()));
  static_assert(std::is_same_v<loop_of<E, Shape<3, 50>>::Kernel, Compiled>);
  BOOST_TEST(Compiled::step_count == 3);
}

BOOST_AUTO_TEST_CASE(an_operand_that_is_repeated_is_computed_once) {
  Tensor<float, Shape<100, 7>> x;
  Tensor<float, Shape<7>> row;
  const auto e = x * exp(row);
  // exp is not in the loop over 700 elements.
  static_assert(loop_of<std::remove_const_t<decltype(e)>, Shape<100, 7>>::Kernel::step_count == 1);
  const Tensor<float, Shape<100, 7>> z = e;
  BOOST_TEST(z(0, 0) == 0);
}

BOOST_AUTO_TEST_CASE(a_tensor_may_stand_on_both_sides) {
  using Matrix = Tensor<float, Shape<5, 5>>;
  const Matrix original = Matrix::arange();
  Matrix x = original;
  x = x + 1;
  for (int i = 0; i < 25; ++i) BOOST_TEST(x.data()[i] == original.data()[i] + 1);

  x = original;
  x = transpose(x) + x;
  for (int i = 0; i < 5; ++i)
    for (int j = 0; j < 5; ++j) BOOST_TEST(x(i, j) == original(i, j) + original(j, i));

  x = original;
  x = transpose(x);
  for (int i = 0; i < 5; ++i)
    for (int j = 0; j < 5; ++j) BOOST_TEST(x(i, j) == original(j, i));

  // Its own first row, under every row.
  x = original;
  x = x - slice<0, 0, 1>(x);
  for (int i = 0; i < 5; ++i)
    for (int j = 0; j < 5; ++j) BOOST_TEST(x(i, j) == original(i, j) - original(0, j));

  x = original;
  x = matmul(x, x);
  BOOST_TEST(x(0, 0) == 150);

  // Two views of one array, one element apart.
  Tensor<float, Shape<20>> line = Tensor<float, Shape<20>>::arange();
  TensorView<float, Shape<19>> head(line.data());
  TensorView<float, Shape<19>> tail(line.data() + 1);
  tail = head * 1;
  BOOST_TEST(line(0) == 0);
  for (int i = 1; i < 20; ++i) BOOST_TEST(line(i) == static_cast<float>(i - 1));
}

BOOST_AUTO_TEST_CASE(named_axes_work_at_any_length) {
  using Rows = Tensor<float, Shape<batch, 6>>;
  const Tensor<float, Shape<6>> bias{1, 2, 3, 4, 5, 6};
  Rows result({1, 6});
  for (const std::int64_t length : {3, 64, 0, 1}) {
    Rows x({length, 6});
    for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i);
    result = x * 2 + bias;
    BOOST_TEST(result.extent(0) == length);
    for (std::int64_t i = 0; i < x.size(); ++i) BOOST_TEST(result.data()[i] == 2 * x.data()[i] + bias.data()[i % 6]);
    const Tensor<float, Shape<batch>> sums = sum(x, axis<1>);
    BOOST_TEST(sums.extent(0) == length);
    if (length > 0) BOOST_TEST(sums(length - 1) == static_cast<float>(36 * length - 21));
    const float all = sum(x);
    BOOST_TEST(all == static_cast<float>(x.size() * (x.size() - 1) / 2));
  }
}

BOOST_AUTO_TEST_CASE(lengths_that_disagree_are_an_error_with_both_shapes) {
  using Rows = Tensor<float, Shape<batch, 6>>;
  const Rows x({3, 6});
  const Rows y({5, 6});
  auto names_both = [](const Error& error) {
    const std::string text = error.what();
    return text.find("[3, 6]") != std::string::npos && text.find("[5, 6]") != std::string::npos;
  };
  BOOST_CHECK_EXCEPTION(x + y, Error, names_both);
  Rows z({5, 6});
  BOOST_CHECK_EXCEPTION(z.view() = x + 1, Error, names_both);
  BOOST_CHECK_EXCEPTION(z += x, Error, names_both);
}

BOOST_AUTO_TEST_SUITE_END()
