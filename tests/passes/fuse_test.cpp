// SPDX-License-Identifier: BSL-1.0
/// \file
/// Which operations share a loop.
#include "ctgrad/passes/fuse.hpp"

#include <boost/test/unit_test.hpp>

#include "graph_queries.hpp"
#include "schedule_checker.hpp"

BOOST_AUTO_TEST_SUITE(fuse_pass)

using namespace ctgrad;
using ctgrad_test::count;
using ctgrad_test::loops_with;
using ctgrad_test::reads_of;
using ctgrad_test::stages_of;

namespace {

// Value and gradient of a sum of elementwise operations: one pass over x.
constexpr auto energy =
    stages_of(value_and_grad([](auto x) { return sum(tanh(0.5 * x + 1) * exp(-x * x)); }), spec<float, 1000>);
static_assert(energy.view().step_count == 1);
static_assert(reads_of(energy.view(), energy.view().regions.input(0)) == 1);
static_assert(energy.view().results[0].shape == Shape<>::value);

// Several results of one iteration space are one loop too.
constexpr auto several = stages_of(
    [](auto x, auto y) {
      return std::tuple{x + y, x * y, sum(x - y), max(x)};
    },
    spec<float, 30, 50>, spec<float, 30, 50>);
static_assert(several.view().step_count == 1);
static_assert(reads_of(several.view(), several.view().regions.input(0)) == 1);

// Loops over different axes cannot be one loop with one kind of reduction.
constexpr auto two_ways = stages_of(
    [](auto x) {
      return std::pair{sum(x, axis<0>), sum(x, axis<1>)};
    },
    spec<float, 30, 50>);
static_assert(two_ways.view().step_count == 2);

// The mask of relu is computed again from what is stored anyway.
constexpr auto layer = stages_of(gradient([](auto w, auto x) { return sum(square(relu(matmul(x, w)))); }),
                                 spec<float, 20, 10>, spec<float, batch, 20>);
static_assert(count(layer.view(), StepKind::matmul) == 2);
static_assert(count(layer.view(), StepKind::kernel) == 1);
static_assert(loops_with<ops::Relu>(layer.legal(), layer.fusion()) == 1);

// A dear value that two loops need is computed once and stored.
constexpr auto dear = stages_of(
    [](auto x, auto y) {
      const auto e = exp(x);
      return std::pair{matmul(e, y), matmul(e * 2, y)};
    },
    spec<float, 8, 8>, spec<float, 8, 8>);
static_assert(loops_with<ops::Exp>(dear.legal(), dear.fusion()) == 1);

constexpr auto softmax_stages = stages_of([](auto x) { return softmax(x, axis<1>); }, spec<float, batch, 10>);
static_assert(loops_with<ops::Exp>(softmax_stages.legal(), softmax_stages.fusion()) == 1);
static_assert(softmax_stages.view().step_count == 3);

// Loops that share nothing become one where another value wants something of each, unless a step between them needs the
// first.
constexpr auto joined = stages_of(
    [](auto x, auto y) {
      const auto a = exp(x), b = exp(y);
      return std::tuple{a, b, a * b};
    },
    spec<float, 30>, spec<float, 30>);
static_assert(joined.view().step_count == 1);
static_assert(loops_with<ops::Exp>(joined.legal(), joined.fusion()) == 1);
constexpr auto kept_apart = stages_of(
    [](auto x) {
      const auto a = exp(x), b = exp(matmul(a, x));
      return std::tuple{a, b, a * b};
    },
    spec<float, 8, 8>);
static_assert(kept_apart.view().step_count == 3);

// A cheap one is computed again instead.
constexpr auto cheap = stages_of(
    [](auto x, auto y) {
      const auto h = sum(x + y, axis<0>);
      return (x + y) * h;
    },
    spec<float, 8, 8>, spec<float, 8, 8>);
static_assert(loops_with<ops::Add>(cheap.legal(), cheap.fusion()) == 2);
static_assert(cheap.view().arenas[0].bytes_without_reuse == 8 * 8 * 4 + 64);

// Elementwise work on the result of a reduction is its epilogue; what stretches the result over the axes again is not.
constexpr auto norms = stages_of([](auto x) { return sqrt(mean(square(x), axis<1>)) + 1; }, spec<float, batch, 50>);
static_assert(norms.view().step_count == 2);
static_assert(!norms.view().steps[0].is_epilogue && norms.view().steps[1].is_epilogue);
static_assert(norms.view().steps[1].space == Shape<batch>::value);
constexpr auto kept =
    stages_of([](auto x) { return x / sqrt(sum(square(x), axis<1>, keepdims)); }, spec<float, batch, 50>);
static_assert(kept.view().step_count == 3);
static_assert(kept.view().steps[1].is_epilogue && !kept.view().steps[2].is_epilogue);
constexpr auto average = stages_of([](auto x) { return mean(square(x)); }, spec<float, 1000>);
static_assert(average.view().step_count == 2 && average.view().steps[1].is_epilogue);
// Columns too, and two reductions of one loop may meet in one epilogue.
constexpr auto deviation =
    stages_of([](auto x) { return sqrt(mean(square(x), axis<0>) - square(mean(x, axis<0>))); }, spec<float, 300, 50>);
static_assert(deviation.view().step_count == 2 && deviation.view().steps[1].is_epilogue);
// A transposed result is read before it is whole, so it is no epilogue.
constexpr auto crossed = stages_of([](auto x) { return exp(transpose(sum(x, axis<0>))); }, spec<float, 30, 4, 6>);
static_assert(crossed.view().step_count == 2 && !crossed.view().steps[1].is_epilogue);
// Nor is what waits for another step.
constexpr auto waits =
    stages_of([](auto x, auto y) { return sum(x, axis<1>) * matmul(y, y); }, spec<float, 5, 7>, spec<float, 5, 5>);
static_assert(!waits.view().steps[waits.view().step_count - 1].is_epilogue);

// Long chains are cut, into few kernels, and the compiler's recursion stays shallow.
constexpr auto chain = stages_of(
    [](auto x) {
      for (int i = 0; i < 300; ++i) x = x * 0.99 + sin(x);
      return x;
    },
    spec<double, 7>);
static_assert(chain.view().step_count < 15);
static_assert(chain.view().kernel_count <= 5);

template <std::size_t... I>
constexpr auto sum_of_rows(auto x, std::index_sequence<I...>) {
  auto total = reshape(slice<0, 0, 1>(x), shape<5>);
  ((total =
        total * total + reshape(slice<0, static_cast<std::int64_t>(I), static_cast<std::int64_t>(I) + 1>(x), shape<5>)),
   ...);
  return total;
}
constexpr auto many_operands = [](auto x) { return sum_of_rows(x, std::make_index_sequence<70>{}); };

constexpr bool operands_fit(const ScheduleView& schedule) {
  for (int s = 0; s < schedule.step_count; ++s)
    if (schedule.steps[s].operand_count > max_loop_operands) return false;
  return true;
}
static_assert(operands_fit(stages_of(many_operands, spec<double, 70, 5>).view()));

// Forty results of one input fit neither.
template <std::size_t... I>
constexpr auto many_results_of(auto x, std::index_sequence<I...>) {
  return std::tuple{(x * static_cast<double>(I) + 1)...};
}
constexpr auto many_results = [](auto x) { return many_results_of(x, std::make_index_sequence<60>{}); };
static_assert(operands_fit(stages_of(many_results, spec<double, 5>).view()));

}  // namespace

BOOST_AUTO_TEST_CASE(loops_with_many_operands_compute_the_right_thing) {
  auto program = compile<Cpu>(many_operands, spec<double, 70, 5>);
  const auto x = Tensor<double, Shape<70, 5>>::uniform(3, -0.5, 0.5);
  const auto y = program(x);
  for (int k = 0; k < 5; ++k) {
    double expected = x(0, k);
    for (int i = 0; i < 70; ++i) expected = expected * expected + x(i, k);
    BOOST_TEST(y(k) == expected, boost::test_tools::tolerance(1e-13));
  }
}

BOOST_AUTO_TEST_SUITE_END()
