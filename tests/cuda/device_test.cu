// SPDX-License-Identifier: BSL-1.0
/// \file
/// Programs and trainers on a GPU.
#include "device_checks.hpp"

#include "device.hpp"

BOOST_AUTO_TEST_SUITE(cuda_device)

using namespace ctgrad;
using namespace ctgrad_test;

BOOST_AUTO_TEST_CASE(training_with_the_best_of_each, *needs_gpu()) { check_training<Cuda>(); }
BOOST_AUTO_TEST_CASE(training_without_cudnn, *needs_gpu()) { check_training<CudaPlain>(); }
BOOST_AUTO_TEST_CASE(training_with_cudnn, *needs_gpu()) { check_training<CudaDnn>(); }
BOOST_AUTO_TEST_CASE(training_with_measured_algorithms, *needs_gpu()) {
  Cuda device;
  device.autotune(true);
  device.allow_nondeterministic(true);
  check_training(device);
}
BOOST_AUTO_TEST_CASE(relu_layers, *needs_gpu()) {
  Cuda device;
  check_relu_layers(device, 1e-4F);
  device.autotune(true);
  check_relu_layers(device, 1e-4F);
  check_relu_layers(device, 0.05F, autocast<bfloat16>);
}
BOOST_AUTO_TEST_CASE(steps_that_nobody_waits_for_add_up_the_same, *needs_gpu()) {
  check_steps_that_nobody_waits_for_add_up_the_same();
}
BOOST_AUTO_TEST_CASE(a_trainer_can_be_moved_between_steps, *needs_gpu()) {
  check_a_trainer_can_be_moved_between_steps();
}
BOOST_AUTO_TEST_CASE(parameters_go_both_ways, *needs_gpu()) { check_parameters_go_both_ways(); }
BOOST_AUTO_TEST_CASE(arrays_on_the_gpu_are_arguments_and_results, *needs_gpu()) {
  check_arrays_on_the_gpu_are_arguments_and_results();
}
BOOST_AUTO_TEST_CASE(a_wrong_index_throws_when_the_result_is_read, *needs_gpu()) {
  check_a_wrong_index_throws_when_the_result_is_read();
}

BOOST_AUTO_TEST_CASE(without_a_gpu_one_sentence_says_so) {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess && count > 0) return;
  BOOST_CHECK_EXCEPTION(compile<Cuda>(ProductAndSum{}, spec<float, 2>, spec<float, 2>), Error, [](const Error& e) {
    const std::string text = e.what();
    return text.find("ctgrad: ") == 0 && text.find("Cpu") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
