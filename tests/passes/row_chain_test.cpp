// SPDX-License-Identifier: BSL-1.0
/// \file
/// Which loops a group can run row by row.
#include "ctgrad/passes/row_chain.hpp"

#include <boost/test/unit_test.hpp>
#include <ctgrad/ctgrad.hpp>

BOOST_AUTO_TEST_SUITE(row_chain)

using namespace ctgrad;

namespace {

/// The lengths of the runs of a function's schedule, as digits: 31 for a run of three steps, then one alone.
template <class F, class... Specs>
constexpr int runs_of(const F&, Specs...) {
  using Stages = Pipeline<FunctionSource<F, Specs...>>;
  constexpr const auto& chains = row_chains<Stages>;
  int digits = 0;
  for (int i = 0; i < Stages::view().step_count;) {
    const int count = chains.kind_of[i] < 0 ? 1 : chains.kind[chains.kind_of[i]].count;
    digits = 10 * digits + count;
    i += count;
  }
  return digits;
}

constexpr auto matrix = spec<float, batch, 100>;

}  // namespace

BOOST_AUTO_TEST_CASE(a_softmax_is_one_run) {
  static_assert(runs_of([](auto x) { return softmax(x, axis<1>); }, matrix) == 3);
  static_assert(runs_of([](auto x) { return log_softmax(x, axis<1>); }, spec<double, 64, 10>) >= 3);
}

BOOST_AUTO_TEST_CASE(a_softmax_over_columns_is_none) {
  static_assert(runs_of([](auto x) { return softmax(x, axis<0>); }, spec<float, 30, 100>) == 111);
}

BOOST_AUTO_TEST_CASE(elementwise_loops_and_single_sums_are_none) {
  static_assert(runs_of([](auto x) { return sum(exp(x)); }, spec<float, 30, 100>) == 1);
  static_assert(runs_of([](auto x, auto y) { return std::pair{exp(x), exp(y)}; }, matrix, matrix) == 11);
}

BOOST_AUTO_TEST_CASE(what_another_row_needs_ends_a_run) {
  // The second sum reads the first one's results in other rows.
  static_assert(runs_of(
                    [](auto x) {
                      const auto s = sum(exp(x), axis<1>);
                      return sum(x * reshape(s, shape<1, 8>), axis<1>);
                    },
                    spec<float, 8, 8>) == 11);
  // The same with rows of their own is one run.
  static_assert(runs_of(
                    [](auto x) {
                      const auto s = sum(exp(x), axis<1>);
                      return sum(x * reshape(s, shape<8, 1>), axis<1>);
                    },
                    spec<float, 8, 8>) == 2);
}

BOOST_AUTO_TEST_CASE(equal_runs_are_one_kind) {
  const auto f = [](auto x) { return softmax(softmax(softmax(x, axis<1>) * 2, axis<1>) * 2, axis<1>); };
  using Stages = Pipeline<FunctionSource<decltype(f), std::remove_const_t<decltype(matrix)>>>;
  constexpr const auto& chains = row_chains<Stages>;
  static_assert(chains.kind_count >= 1);
  int steps = 0;
  for (int i = 0; i < Stages::view().step_count; ++i)
    if (chains.kind_of[i] >= 0) steps += chains.kind[chains.kind_of[i]].count;
  BOOST_TEST(steps == Stages::view().step_count);
}

BOOST_AUTO_TEST_SUITE_END()
