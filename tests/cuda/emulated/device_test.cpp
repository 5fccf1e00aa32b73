// SPDX-License-Identifier: BSL-1.0
/// \file
/// The device Cuda with everything but the GPU: memory, staged arguments, recorded graphs, trainers, errors. The
/// runtime and the libraries are stand-ins that compute on the host, as late as a GPU may.
#include <boost/test/unit_test.hpp>

#include "../device_checks.hpp"
#include "../library_calls/fakes.hpp"
#include "ctgrad/device/cuda/system.hpp"
#include "streams.hpp"

namespace ctgrad {

template <class Source, std::derived_from<Cuda> Device>
void run_program(const RunContext<Device>& context) {
  cuda::System<typename Device::Libraries> system(context.device->context());
  parallel::run<Source>(context, system);
}

}  // namespace ctgrad

using namespace ctgrad;

using namespace ctgrad_test;

BOOST_AUTO_TEST_SUITE(emulated_cuda)

BOOST_AUTO_TEST_CASE(training_with_libraries) {
  const int replayed = emulated::runtime.graph_launches;
  check_training<Cuda>();
  BOOST_TEST(emulated::runtime.graph_launches > replayed + 4);
}
BOOST_AUTO_TEST_CASE(training_without_cudnn) { check_training<CudaPlain>(); }

BOOST_AUTO_TEST_CASE(steps_that_nobody_waits_for_add_up_the_same) {
  check_steps_that_nobody_waits_for_add_up_the_same();
}

BOOST_AUTO_TEST_CASE(later_steps_allocate_nothing) {
  auto trainer = make_trainer<Cuda>(LeNet{}, Loss{}, optim::Adam{}, images, labels);
  auto step = [&](int i) { trainer.step(make_images(i, 8), make_labels(i, 8)); };
  for (int i = 0; i < 4; ++i) step(i);
  const int allocations = emulated::runtime.allocations;
  const int graphs = emulated::runtime.graphs;
  const int replayed = emulated::runtime.graph_launches;
  for (int i = 0; i < 6; ++i) step(i);
  BOOST_TEST(emulated::runtime.allocations == allocations);
  BOOST_TEST(emulated::runtime.graphs == graphs);
  BOOST_TEST(emulated::runtime.graph_launches == replayed + 6);
}

BOOST_AUTO_TEST_CASE(a_trainer_can_be_moved_between_steps) { check_a_trainer_can_be_moved_between_steps(); }
BOOST_AUTO_TEST_CASE(parameters_go_both_ways) { check_parameters_go_both_ways(); }

BOOST_AUTO_TEST_CASE(arrays_on_the_gpu_are_arguments_and_results) {
  check_arrays_on_the_gpu_are_arguments_and_results();
}

BOOST_AUTO_TEST_CASE(a_wrong_index_throws_when_the_result_is_read) {
  check_a_wrong_index_throws_when_the_result_is_read();
}

BOOST_AUTO_TEST_CASE(too_large_a_batch_says_what_fits) {
  auto program = compile<Cuda>([](auto x) { return softmax(tanh(x), axis<1>); }, spec<float, batch, 1024>);
  Tensor<float, Shape<batch, 1024>> small(Extents<2>{2, 1024});
  const auto before = program(small).cpu();
  emulated::runtime.free_bytes = 10 << 20;
  BOOST_CHECK_EXCEPTION(program(Tensor<float, Shape<batch, 1024>>(Extents<2>{20000, 1024})), Error, [](const Error& e) {
    const std::string text = e.what();
    return text.find("there is no room for") != std::string::npos &&
           text.find("for each of a batch's 20000 samples, and about ") != std::string::npos;
  });
  emulated::runtime.free_bytes = std::size_t{8} << 30;
  const auto after = program(small).cpu();
  for (std::int64_t i = 0; i < before.size(); ++i) BOOST_TEST(after.data()[i] == before.data()[i]);
}

BOOST_AUTO_TEST_CASE(without_graphs_the_results_are_the_same) {
  Cuda device;
  device.replay_graphs(false);
  auto program = compile(
      device, [](auto x) { return dropout(exp(x), 0.5); }, spec<float, 1000>);
  auto expected = compile<Cpu>([](auto x) { return dropout(exp(x), 0.5); }, spec<float, 1000>);
  const auto x = Tensor<float, Shape<1000>>::uniform(1, -1, 1);
  const int replayed = emulated::runtime.graph_launches;
  for (int run = 0; run < 6; ++run) {
    const auto a = program(x).cpu();
    const auto b = expected(x);
    for (int i = 0; i < 1000; ++i) BOOST_TEST(std::abs(a(i) - b(i)) <= 2e-6F);
    device.replay_graphs(run >= 1);
  }
  // Arguments have two places, so there are two plain runs before the replays.
  BOOST_TEST(emulated::runtime.graph_launches == replayed + 2);
}

BOOST_AUTO_TEST_CASE(all_memory_is_given_back) {
  {
    auto program = compile<Cuda>([](auto x) { return sum(x * x); }, spec<float, batch>);
    Tensor<float, Shape<batch>> x(Extents<1>{100000});
    for (int i = 0; i < 4; ++i) program(x);
  }
  BOOST_TEST(emulated::runtime.live_allocations == 0);
  BOOST_TEST(emulated::runtime.graphs == 0);
}

BOOST_AUTO_TEST_SUITE_END()
