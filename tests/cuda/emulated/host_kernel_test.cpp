// SPDX-License-Identifier: BSL-1.0
/// \file
/// Steps that the host runs in a GPU's program: loops, solvers, linear algebra, kernels without a body for a GPU.
#include <boost/test/unit_test.hpp>

#include "../host_kernel_checks.hpp"
#include "run_program.hpp"
#include "streams.hpp"

using namespace ctgrad;
using namespace ctgrad_test;

BOOST_AUTO_TEST_SUITE(emulated_cuda_host_kernel)

BOOST_AUTO_TEST_CASE(loops_and_systems) {
  const int replayed = emulated::runtime.graph_launches;
  check_loops_and_systems();
  BOOST_TEST(emulated::runtime.graph_launches >= replayed + 4);
}
BOOST_AUTO_TEST_CASE(systems_of_a_batch) { check_systems_of_a_batch(); }
BOOST_AUTO_TEST_CASE(a_singular_matrix_throws_when_the_result_is_read) {
  const int replayed = emulated::runtime.graph_launches;
  check_a_singular_matrix_throws_when_the_result_is_read();
  // Arguments have two places, so there are two plain runs, though the first also takes the memory for the step's
  // arrays.
  BOOST_TEST(emulated::runtime.graph_launches == replayed + 10);
}
BOOST_AUTO_TEST_CASE(training_through_a_solver) { check_training_through_a_solver(); }

namespace {

/// A user's kernel with a body for the host alone.
struct RunningSum {
  static constexpr std::string_view name = "running_sum";
  static constexpr ShapeValue shape(const ShapeValue& x) { return x; }
  static void cpu(float* y, const float* x, const KernelShape* shapes) {
    float total = 0;
    for (std::int64_t i = 0; i < shapes[1].size(); ++i) y[i] = total += x[i];
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(of_two_failures_one_is_thrown_and_none_stays) {
  auto program = compile<Cuda>(
      [](auto a, auto b, auto table, auto index) { return sum(linalg::solve(a, b)) + sum(take(table, index)); },
      spec<double, 2, 2>, spec<double, 2>, spec<double, 3, 1>, spec<std::int32_t, 1>);
  const Tensor<double, Shape<2>> b({1, 2});
  const Tensor<double, Shape<3, 1>> table({1, 2, 3});
  const auto wrong = program(Tensor<double, Shape<2, 2>>({1, 1, 1, 1}), b, table, Tensor<std::int32_t, Shape<1>>({7}));
  BOOST_CHECK_THROW(wrong.item(), Error);
  const auto right = program(Tensor<double, Shape<2, 2>>({1, 0, 0, 1}), b, table, Tensor<std::int32_t, Shape<1>>({2}));
  BOOST_TEST(right.item() == 6);
}

BOOST_AUTO_TEST_CASE(memory_grows_with_another_program_between_replays) {
  auto small = compile<Cuda>([](auto x) { return 2 * user_kernel<RunningSum>(x + 1); }, spec<float, batch>);
  auto large =
      compile<Cuda>([](auto x) { return user_kernel<RunningSum>(user_kernel<RunningSum>(x)); }, spec<float, batch>);
  for (const std::int64_t length : {4, 4, 4, 4, 1000, 4, 4, 3000, 3000, 3000, 3000, 4}) {
    Tensor<float, Shape<batch>> x(Extents<1>{length});
    x.fill(1);
    // Nobody waits for the first.
    const auto a = small(Tensor<float, Shape<batch>>(Extents<1>{4}));
    const auto b = large(x);
    const auto sums = b.cpu();
    const auto early = a.cpu();
    for (std::int64_t i = 0; i < 4; ++i) BOOST_TEST(early(i) == 2 * static_cast<float>(i + 1));
    for (std::int64_t i = 0; i < length; ++i) BOOST_TEST(sums(i) == static_cast<float>((i + 1) * (i + 2) / 2));
  }
}

BOOST_AUTO_TEST_CASE(later_runs_allocate_nothing) {
  auto program = compile<Cuda>([](auto x) { return 2 * user_kernel<RunningSum>(x + 1); }, spec<float, 100>);
  const Tensor<float, Shape<100>> x;
  for (int i = 0; i < 4; ++i) program(x);
  const int allocations = emulated::runtime.allocations;
  for (int i = 0; i < 4; ++i) program(x);
  BOOST_TEST(emulated::runtime.allocations == allocations);
}

BOOST_AUTO_TEST_SUITE_END()
