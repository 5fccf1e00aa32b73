// SPDX-License-Identifier: BSL-1.0
/// \file
/// How cuDNN is called.
#include <ctgrad/device/cuda/cudnn.hpp>

#include "../../device/cuda/convolutions.hpp"
#include "fake_cudnn.hpp"

BOOST_AUTO_TEST_SUITE(cuda_cudnn)

using namespace ctgrad;
using ctgrad_test::ConvolutionCase;
using cuda::Cudnn;
using Fixture = fakes::DnnFixture;

namespace {

const auto stream = fakes::any_stream;
/// Scratch memory as a device has it.
struct Scratch {
  std::vector<char> memory;
  std::size_t asked = 0;
  void* operator()(std::size_t bytes) {
    asked = bytes;
    memory.resize(std::max(memory.size(), bytes));
    return memory.data();
  }
};

template <StepKind Kind, class T>
struct Run : ConvolutionCase<T> {
  std::vector<T> found;

  explicit Run(const ConvolutionShape& s) : ConvolutionCase<T>(Kind, s), found(this->wanted.size(), T(7)) {}
  bool operator()(Cudnn& cudnn, Scratch& scratch, bool allows_tf32 = false) {
    return cudnn.convolve<Kind, T>(this->shape, this->a.data(), this->b.data(), found.data(), allows_tf32,
                                   [&](std::size_t bytes) { return scratch(bytes); });
  }
};

template <StepKind Kind, class T>
void check_all_shapes() {
  {
    Cudnn cudnn(stream);
    Scratch scratch;
    for (const ConvolutionShape& s : ctgrad_test::all_convolutions()) {
      Run<Kind, T> run(s);
      BOOST_TEST(run(cudnn, scratch));
      BOOST_TEST((run.found == run.wanted), cuda::to_text(Kind, dtype_of<T>, s));
    }
  }
  BOOST_TEST(fakes::dnn.live_descriptors == 0);
  BOOST_TEST(fakes::dnn.live_handles == 0);
}

using Forward = Run<StepKind::conv2d, float>;
using InputGradient = Run<StepKind::conv2d_input_gradient, float>;
using WeightGradient = Run<StepKind::conv2d_weight_gradient, float>;

const ConvolutionShape some = ctgrad_test::all_convolutions()[1];

}  // namespace

BOOST_FIXTURE_TEST_CASE(all_kinds_and_shapes, Fixture) {
  fakes::dnn.bytes[1] = 100;
  check_all_shapes<StepKind::conv2d, float>();
  check_all_shapes<StepKind::conv2d, double>();
  check_all_shapes<StepKind::conv2d_input_gradient, float>();
  check_all_shapes<StepKind::conv2d_input_gradient, double>();
  check_all_shapes<StepKind::conv2d_weight_gradient, float>();
  check_all_shapes<StepKind::conv2d_weight_gradient, double>();
  check_all_shapes<StepKind::conv2d, bfloat16>();
  check_all_shapes<StepKind::conv2d_input_gradient, float16>();
  check_all_shapes<StepKind::conv2d_weight_gradient, bfloat16>();
}

BOOST_FIXTURE_TEST_CASE(the_stream_is_the_device_s, Fixture) {
  const Cudnn cudnn(stream);
  BOOST_TEST(fakes::dnn.stream == stream);
}

BOOST_FIXTURE_TEST_CASE(a_plan_is_made_once, Fixture) {
  Cudnn cudnn(stream);
  Scratch scratch;
  Forward run(some);
  for (int i = 0; i < 3; ++i) BOOST_TEST(run(cudnn, scratch));
  BOOST_TEST(fakes::dnn.guesses == 1);
  InputGradient other_kind(some);
  BOOST_TEST(other_kind(cudnn, scratch));
  ConvolutionShape larger = some;
  larger.images += 1;
  Forward other_batch(larger);
  BOOST_TEST(other_batch(cudnn, scratch));
  BOOST_TEST(fakes::dnn.guesses == 3);
}

BOOST_FIXTURE_TEST_CASE(tf32_only_where_it_is_allowed, Fixture) {
  Cudnn cudnn(stream);
  Scratch scratch;
  Forward run(some);
  BOOST_TEST(run(cudnn, scratch, false));
  BOOST_TEST(fakes::dnn.last_math == CUDNN_FMA_MATH);
  BOOST_TEST(run(cudnn, scratch, true));
  BOOST_TEST(fakes::dnn.last_math == CUDNN_DEFAULT_MATH);
  // TF32 is no leave to round to 16 bits.
  fakes::dnn.offered_math = CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION;
  InputGradient other(some);
  BOOST_TEST(other(cudnn, scratch, true));
  BOOST_TEST(fakes::dnn.last_math == CUDNN_DEFAULT_MATH);
  fakes::dnn.offered_math = CUDNN_TENSOR_OP_MATH;
  // What an algorithm was offered with is what it runs with.
  WeightGradient third(some);
  BOOST_TEST(third(cudnn, scratch, true));
  BOOST_TEST(fakes::dnn.last_math == CUDNN_TENSOR_OP_MATH);
  Run<StepKind::conv2d, bfloat16> half(some);
  BOOST_TEST(half(cudnn, scratch));
  BOOST_TEST(fakes::dnn.last_math == CUDNN_TENSOR_OP_MATH);
}

BOOST_FIXTURE_TEST_CASE(results_are_the_same_every_time, Fixture) {
  // 0 and 3 are the algorithms that add in any order, whatever cuDNN says of them; 5 is one of which it says so.
  fakes::dnn.offers = {{0}, {3}, {5, false}, {6}, {1}};
  Cudnn cudnn(stream);
  Scratch scratch;
  WeightGradient run(some);
  BOOST_TEST(run(cudnn, scratch));
  BOOST_TEST(fakes::dnn.last_algorithm == CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT_TILING);
  cudnn.allow_nondeterministic(true);
  BOOST_TEST(run(cudnn, scratch));
  BOOST_TEST(fakes::dnn.last_algorithm == CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0);
  cudnn.allow_nondeterministic(false);
  fakes::dnn.offers = {{0}, {4}};
  InputGradient other(some);
  BOOST_TEST(other(cudnn, scratch));
  BOOST_TEST(fakes::dnn.last_algorithm == CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD);
  Forward forward(some);
  BOOST_TEST(forward(cudnn, scratch));
  BOOST_TEST(fakes::dnn.last_algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM);
}

BOOST_FIXTURE_TEST_CASE(scratch_memory_has_a_limit, Fixture) {
  fakes::dnn.offers = {{4}, {5}, {6}};
  fakes::dnn.bytes = {{4, std::size_t{2} << 30}, {5, 3000}, {6, 200}};
  Cudnn cudnn(stream);
  Scratch scratch;
  Forward run(some);
  BOOST_TEST(run(cudnn, scratch));
  BOOST_TEST(fakes::dnn.last_algorithm == 5);
  BOOST_TEST(scratch.asked == 3000U);
  cudnn.limit_scratch(1000);
  BOOST_TEST(run(cudnn, scratch));
  BOOST_TEST(fakes::dnn.last_algorithm == 6);
  cudnn.limit_scratch(100);
  BOOST_TEST(run(cudnn, scratch));
  BOOST_TEST(fakes::dnn.last_algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM);
  BOOST_TEST(run.found == run.wanted);
}

BOOST_FIXTURE_TEST_CASE(an_algorithm_that_does_not_work_is_given_up, Fixture) {
  fakes::dnn.offers = {{4}, {5, true, CUDNN_STATUS_NOT_SUPPORTED}, {6}, {2}};
  fakes::dnn.fail_to_run = {4};
  fakes::dnn.unsupported = {6};
  Cudnn cudnn(stream);
  Scratch scratch;
  Forward run(some);
  BOOST_TEST(run(cudnn, scratch));
  BOOST_TEST(fakes::dnn.last_algorithm == 2);
  BOOST_TEST(run.found == run.wanted);
  BOOST_TEST(fakes::dnn.runs == 2);
  BOOST_TEST(run(cudnn, scratch));
  BOOST_TEST(fakes::dnn.runs == 3);
  fakes::dnn.fail_to_run = {0, 2};
  BOOST_TEST(!run(cudnn, scratch));
  BOOST_TEST(!run(cudnn, scratch));
}

BOOST_FIXTURE_TEST_CASE(a_convolution_that_cudnn_does_not_have, Fixture) {
  fakes::dnn.choosing = CUDNN_STATUS_NOT_SUPPORTED_SHAPE;
  Cudnn cudnn(stream);
  Scratch scratch;
  Forward run(some);
  BOOST_TEST(!run(cudnn, scratch));
  const Window one{{1, 1}, {1, 1}, {0, 0}, {1, 1}, 1};
  const ConvolutionShape too_large = ctgrad_test::convolution(1, 1, 1, 65536, 65536, one);
  auto no_scratch = [](std::size_t) -> void* { return nullptr; };
  BOOST_TEST(!(cudnn.convolve<StepKind::conv2d, float>(too_large, nullptr, nullptr, nullptr, false, no_scratch)));
}

BOOST_FIXTURE_TEST_CASE(autotune_measures_once, Fixture) {
  fakes::dnn.offers = {{2}, {1}};
  fakes::dnn.bytes = {{1, 500}, {7, 900}, {4, std::size_t{2} << 30}};
  Cudnn cudnn(stream);
  Scratch scratch;
  Forward run(some);
  cudnn.autotune(true);
  // While a graph is recorded nothing can be measured.
  fakes::runtime.is_recording = true;
  BOOST_TEST(run(cudnn, scratch));
  BOOST_TEST(fakes::dnn.measurements == 0);
  fakes::runtime.is_recording = false;
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(run(cudnn, scratch));
    BOOST_TEST(run.found == run.wanted);
  }
  BOOST_TEST(fakes::dnn.measurements == 1);
  BOOST_TEST(fakes::dnn.guesses == 1);
  // As much memory as the most demanding algorithm within the limit.
  BOOST_TEST(fakes::dnn.measured_with == 900U);
  WeightGradient weight(some);
  BOOST_TEST(weight(cudnn, scratch));
  BOOST_TEST(weight.found == weight.wanted);
  BOOST_TEST(fakes::dnn.measurements == 2);
  // Off again, the estimate counts.
  cudnn.autotune(false);
  fakes::dnn.offers = {{6}};
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST(weight(cudnn, scratch));
    BOOST_TEST(fakes::dnn.last_algorithm == 6);
  }
  BOOST_TEST(fakes::dnn.guesses == 2);
  BOOST_TEST(fakes::dnn.measurements == 2);
}

BOOST_FIXTURE_TEST_CASE(errors_name_the_convolution, Fixture) {
  Cudnn cudnn(stream);
  Scratch scratch;
  Forward run(some);
  fakes::dnn.run_status = CUDNN_STATUS_EXECUTION_FAILED;
  BOOST_CHECK_EXCEPTION(run(cudnn, scratch), Error, [](const Error& error) {
    const std::string text = error.what();
    return text.starts_with(
               "ctgrad: cudnnConvolutionForward for conv2d of images [2, 4, 7, 9] and weights [6, 2, 3, 3]") &&
           text.find("failed: the text of cuDNN (and more of it); ") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
