// SPDX-License-Identifier: BSL-1.0
/// \file
/// Which steps share a kernel, and how their loops walk.
#include "ctgrad/passes/lower.hpp"

#include <boost/test/unit_test.hpp>

#include "graph_queries.hpp"

BOOST_AUTO_TEST_SUITE(lower_pass)

using namespace ctgrad;
using ctgrad_test::count;
using ctgrad_test::stages_of;

namespace {

// A layer repeated is one kernel and one routine, whatever its sizes.
constexpr auto layers = stages_of(
    [](auto x, auto w, auto v) {
      for (int i = 0; i < 20; ++i) x = tanh(matmul(x, w)) * 0.5;
      return tanh(matmul(x, v)) * 0.5;
    },
    spec<float, batch, 8>, spec<float, 8, 8>, spec<float, 8, 3>);
static_assert(count(layers.view(), StepKind::kernel) == 21);
static_assert(layers.view().kernel_count == 1);
static_assert(layers.view().routine_count == 1);

// So is an operation from a user's header.
struct Twice {
  static constexpr std::string_view name = "twice";
  template <class T>
  CTGRAD_FUNCTION static T value(T a) {
    return a + a;
  }
};
struct Thrice {
  static constexpr std::string_view name = "thrice";
  template <class T>
  CTGRAD_FUNCTION static T value(T a) {
    return a + a + a;
  }
};
constexpr auto user = stages_of(
    [](auto x, auto y) {
      return std::tuple{elementwise<Twice>(x), elementwise<Twice>(y), elementwise<Thrice>(x)};
    },
    spec<float, batch, 8>, spec<float, 5>);
static_assert(count(user.view(), StepKind::kernel) == 2);
static_assert(stages_of(
                  [](auto x, auto y) {
                    return std::pair{elementwise<Twice>(x), elementwise<Twice>(y)};
                  },
                  spec<float, batch, 8>, spec<float, 5>)
                  .view()
                  .kernel_count == 1);
static_assert(stages_of(
                  [](auto x, auto y) {
                    return std::pair{elementwise<Twice>(x), elementwise<Thrice>(y)};
                  },
                  spec<float, batch, 8>, spec<float, 5>)
                  .view()
                  .kernel_count == 2);

// Axes that all operands walk through in one stride are joined; unit axes go.
constexpr auto flat = stages_of([](auto x) { return exp(x); }, spec<float, batch, 3, 1, 4>);
static_assert(flat.view().steps[0].space == Shape<multiply(batch, 12)>::value);
constexpr auto row = stages_of([](auto x, auto y) { return x + y; }, spec<float, batch, 3, 4>, spec<float, 3, 4>);
static_assert(row.view().steps[0].space == Shape<batch, 12>::value);
constexpr auto across = stages_of([](auto x) { return sum(exp(transpose(x)), axis<0>); }, spec<float, 6, 7>);
static_assert(across.view().steps[0].space == Shape<7, 6>::value);
constexpr auto one = stages_of([](auto x) { return exp(x); }, spec<float, 1, 1>);
static_assert(one.view().steps[0].space == Shape<1>::value);

// How the innermost axis is read and written.
static_assert(row.view().inputs[0].access == InnerAccess::contiguous);
static_assert(across.view().inputs[0].access == InnerAccess::strided);
static_assert(across.view().outputs[0].reduction == opcode<ops::Sum>);
static_assert(across.view().outputs[0].access == InnerAccess::contiguous);

}  // namespace

BOOST_AUTO_TEST_CASE(kernels_of_user_operations_are_not_mixed_up) {
  constexpr auto f = [](auto x, auto y) {
    return std::tuple{elementwise<Twice>(x), elementwise<Thrice>(y), elementwise<Twice>(y)};
  };
  auto program = compile<Cpu>(f, spec<float, 2>, spec<float, 3>);
  const auto [a, b, c] = program(Tensor<float, Shape<2>>{1, 2}, Tensor<float, Shape<3>>{1, 2, 3});
  BOOST_TEST(a(1) == 4);
  BOOST_TEST(b(2) == 9);
  BOOST_TEST(c(2) == 6);
}

BOOST_AUTO_TEST_SUITE_END()
