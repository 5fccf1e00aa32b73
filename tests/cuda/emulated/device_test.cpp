// SPDX-License-Identifier: BSL-1.0
/// \file
/// The device Cuda with everything but the GPU: memory, staged arguments, recorded graphs, trainers, errors. The
/// runtime and the libraries are stand-ins that compute on the host, as late as a GPU may.
#include <boost/test/unit_test.hpp>

#include "../device_checks.hpp"
#if defined(CTGRAD_HAS_CUDNN)
#include "../library_calls/fake_cudnn.hpp"
#endif
#include "../library_calls/fakes.hpp"
#include "run_program.hpp"
#include "streams.hpp"

using namespace ctgrad;

using namespace ctgrad_test;

BOOST_AUTO_TEST_SUITE(emulated_cuda)

BOOST_AUTO_TEST_CASE(training_with_libraries) {
  const int replayed = emulated::runtime.graph_launches;
  check_training<Cuda>();
  BOOST_TEST(emulated::runtime.graph_launches > replayed + 4);
}
BOOST_AUTO_TEST_CASE(training_without_cudnn) { check_training<CudaPlain>(); }

BOOST_AUTO_TEST_CASE(training_with_measured_algorithms) {
  Cuda device;
  device.autotune(true);
  fakes::blas_lt = {};
  check_training(device);
  BOOST_TEST(fakes::blas_lt.requested > 1);
}

// Measuring takes place in the plain runs with new sizes alone; then steps are recorded and replayed as ever.
BOOST_AUTO_TEST_CASE(autotune_measures_in_the_first_runs) {
  Cuda device;
  device.autotune(true);
  const auto counts = [] {
    std::vector<int> all{fakes::blas_lt.heuristics};
#if defined(CTGRAD_HAS_CUDNN)
    all.push_back(fakes::dnn.measurements);
#endif
    return all;
  };
  auto trainer = make_trainer(device, LeNet{}, Loss{}, optim::Sgd{.learning_rate = 0.1}, images, labels);
  const std::vector<int> none = counts();
  for (int i = 0; i < 4; ++i) trainer.step(make_images(i, 8), make_labels(i, 8));
  const std::vector<int> before = counts();
  const int replayed = emulated::runtime.graph_launches;
  for (int i = 0; i < 6; ++i) trainer.step(make_images(i, 8), make_labels(i, 8));
  BOOST_TEST(counts() == before);
  BOOST_TEST(emulated::runtime.graph_launches == replayed + 6);
  trainer.step(make_images(1, 5), make_labels(1, 5));
  const std::vector<int> after = counts();
  for (std::size_t i = 0; i < after.size(); ++i) {
    BOOST_TEST(before[i] > none[i]);
    BOOST_TEST(after[i] > before[i]);
  }
}

// What is recorded holds for the settings it was recorded with.
BOOST_AUTO_TEST_CASE(a_program_that_was_recorded_measures_when_it_is_told_to) {
  Cuda device;
  auto program = compile(
      device, [](auto x, auto y) { return matmul(x, y); }, spec<float, 3, 4>, spec<float, 4, 2>);
  const auto x = Tensor<float, Shape<3, 4>>::arange();
  const auto y = Tensor<float, Shape<4, 2>>::arange();
  fakes::blas_lt = {};
  for (int i = 0; i < 6; ++i) program(x, y);
  BOOST_TEST(fakes::blas_lt.heuristics == 0);
  const int replayed = emulated::runtime.graph_launches;
  device.autotune(true);
  for (int i = 0; i < 6; ++i) BOOST_TEST(program(x, y).cpu()(2, 1) == 162);
  // The arguments' two places may be aligned in two ways.
  BOOST_TEST(fakes::blas_lt.heuristics >= 1);
  BOOST_TEST(fakes::blas_lt.heuristics <= 2);
  BOOST_TEST(fakes::blas_lt.requested > 1);
  BOOST_TEST(emulated::runtime.graph_launches > replayed);
  const int runs = fakes::blas_lt.runs;
  device.autotune(false);
  for (int i = 0; i < 6; ++i) BOOST_TEST(program(x, y).cpu()(2, 1) == 162);
  BOOST_TEST(fakes::blas_lt.runs == runs);
}

namespace {

/// A device that measures, on a machine where what is measured later takes longer, or the same.
struct Measuring {
  Cuda device;
  explicit Measuring(float time_grows) {
    emulated::runtime.time_grows = time_grows;
    fakes::blas_lt = {};
    device.autotune(true);
  }
  ~Measuring() { emulated::runtime.time_grows = 0; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(clipped_gradients) {
  const int replayed = emulated::runtime.graph_launches;
  check_relu_layers(Cuda(), 1e-5F, ClipGradValue{.clip_value = 0.05}, ClipGradNorm{.max_norm = 0.1}, GradScaler{});
  BOOST_TEST(emulated::runtime.graph_launches > replayed);
}

BOOST_AUTO_TEST_CASE(relu_layers_are_two_steps_where_nobody_measures) {
  fakes::blas_lt = {};
  check_relu_layers(Cuda(), 1e-5F);
  BOOST_TEST(fakes::blas_lt.epilogues == 0);
}

BOOST_AUTO_TEST_CASE(relu_layers_are_one_call_where_that_is_faster) {
  Measuring of(1);  // our own loops are measured after cuBLASLt
  check_relu_layers(of.device, 1e-5F);
  BOOST_TEST(fakes::blas_lt.epilogues > 0);
  fakes::blas_lt.epilogues = 0;
  check_relu_layers(of.device, 0.05F, autocast<bfloat16>);
  BOOST_TEST(fakes::blas_lt.epilogues > 0);
}

BOOST_AUTO_TEST_CASE(which_is_faster_is_measured_once) {
  const auto layer = [](auto x, auto w, auto b) { return relu(matmul(x, w) + b); };
  for (const float time_grows : {1.0F, 0.0F}) {
    Measuring of(time_grows);
    of.device.replay_graphs(false);
    auto program = compile(of.device, layer, spec<float, 4, 5>, spec<float, 5, 3>, spec<float, 3>);
    auto run = [&] {
      program(Tensor<float, Shape<4, 5>>::arange(), Tensor<float, Shape<5, 3>>::arange(), Tensor<float, Shape<3>>());
    };
    for (int i = 0; i < 4; ++i) run();
    BOOST_TEST(fakes::blas_lt.epilogues > 0);
    const auto before = fakes::blas_lt;
    for (int i = 0; i < 4; ++i) run();
    BOOST_TEST(fakes::blas_lt.heuristics == before.heuristics);
    BOOST_TEST(fakes::blas_lt.runs == before.runs + 4);
    BOOST_TEST(fakes::blas_lt.epilogues == before.epilogues + (time_grows > 0 ? 4 : 0));
    of.device.replay_graphs(true);
  }
}

BOOST_AUTO_TEST_CASE(relu_layers_are_two_steps_where_the_library_has_no_algorithm) {
  Measuring of(1);
  fakes::blas_lt.algorithms = {};
  check_relu_layers(of.device, 1e-5F);
  BOOST_TEST(fakes::blas_lt.epilogues == 0);
}

BOOST_AUTO_TEST_CASE(epilogues_of_batches_and_of_doubles) {
  Measuring of(1);
  const auto layer = [](auto x, auto w, auto b) {
    return std::tuple{relu(matmul(x, w) + b), matmul(x, w * 2) + b, relu(matmul(x, w * 3))};
  };
  auto check = [&](auto element, int least) {
    using T = decltype(element);
    fakes::blas_lt.epilogues = 0;
    auto found_by = compile(of.device, layer, spec<T, batch, 4, 5>, spec<T, 5, 3>, spec<T, 3>);
    auto expected_by = compile<Cpu>(layer, spec<T, batch, 4, 5>, spec<T, 5, 3>, spec<T, 3>);
    Tensor<T, Shape<batch, 4, 5>> x(Extents<3>{2, 4, 5});
    RandomStream(1).fill_uniform(x.span(), 0, -1, 1);
    const auto w = Tensor<T, Shape<5, 3>>::uniform(2, -1, 1);
    const auto b = Tensor<T, Shape<3>>::uniform(3, -1, 1);
    for (int run = 0; run < 4; ++run) {
      const auto found = found_by(x, w, b);
      const auto expected = expected_by(x, w, b);
      auto same = [](const auto& view, const auto& wanted) {
        const auto values = view.cpu();
        for (std::int64_t i = 0; i < wanted.size(); ++i)
          BOOST_TEST(std::abs(values.data()[i] - wanted.data()[i]) <= T(1e-5));
      };
      same(std::get<0>(found), std::get<0>(expected));
      same(std::get<1>(found), std::get<1>(expected));
      same(std::get<2>(found), std::get<2>(expected));
    }
    BOOST_TEST(fakes::blas_lt.epilogues >= least);
  };
  check(float{}, 3);
  // cuBLASLt has none for doubles, and is not asked.
  check(double{}, 0);
  BOOST_TEST(fakes::blas_lt.epilogues == 0);
}

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

// A convolution takes scratch memory, which all programs share: what the first run takes, its graph may count on, and a
// graph for memory that another program has since exchanged is not replayed.
BOOST_AUTO_TEST_CASE(scratch_memory_of_the_first_run_costs_no_further_run) {
  const CudaPlain device;
  auto convolution = [](auto x, auto w) { return conv2d(x, w); };
  auto small = compile(device, convolution, spec<float, 2, 1, 5, 5>, spec<float, 3, 1, 2, 2>);
  const auto x = Tensor<float, Shape<2, 1, 5, 5>>::arange();
  const auto w = Tensor<float, Shape<3, 1, 2, 2>>::arange();
  // The first window is 0 1 5 6, the first kernel 0 1 2 3.
  auto run = [&] { BOOST_TEST(small(x, w).cpu()(0, 0, 0, 0) == 1 + 2 * 5 + 3 * 6); };
  const void* before = device.context().scratch_place();
  const int replayed = emulated::runtime.graph_launches;
  for (int i = 0; i < 5; ++i) run();
  BOOST_TEST(device.context().scratch_place() != before);
  BOOST_TEST(emulated::runtime.graph_launches == replayed + 3);
  before = device.context().scratch_place();
  auto large = compile(device, convolution, spec<float, 2, 4, 40, 40>, spec<float, 3, 4, 3, 3>);
  large(Tensor<float, Shape<2, 4, 40, 40>>(), Tensor<float, Shape<3, 4, 3, 3>>());
  BOOST_TEST(device.context().scratch_place() != before);
  for (int i = 0; i < 4; ++i) run();
  BOOST_TEST(emulated::runtime.graph_launches == replayed + 3 + 2);
}

#if defined(CTGRAD_HAS_CUDNN)
BOOST_AUTO_TEST_CASE(nondeterministic_algorithms_where_they_are_allowed) {
  fakes::dnn = {};
  fakes::dnn.offers = {{5, false}, {1}};
  Cuda device;
  auto program = compile(
      device, [](auto x, auto w) { return conv2d(x, w); }, spec<float, 2, 1, 5, 5>, spec<float, 3, 1, 2, 2>);
  const auto x = Tensor<float, Shape<2, 1, 5, 5>>::arange();
  const auto w = Tensor<float, Shape<3, 1, 2, 2>>::arange();
  auto algorithm = [&] {
    // The first window is 0 1 5 6, the first kernel 0 1 2 3.
    BOOST_TEST(program(x, w).cpu()(0, 0, 0, 0) == 1 + 2 * 5 + 3 * 6);
    return fakes::dnn.last_algorithm;
  };
  BOOST_TEST(algorithm() == 1);
  device.allow_nondeterministic(true);
  BOOST_TEST(algorithm() == 5);
  device.allow_nondeterministic(false);
  BOOST_TEST(algorithm() == 1);
  fakes::dnn = {};
}
#endif

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
