// SPDX-License-Identifier: BSL-1.0
/// \file
/// How cuDNN is called for batch normalisations.
#include <ctgrad/device/cuda/cudnn.hpp>

#include "../../device/cuda/batch_norms.hpp"
#include "fake_cudnn.hpp"

BOOST_AUTO_TEST_SUITE(cuda_cudnn_batch_norm)

using namespace ctgrad;
using ctgrad_test::batch_norm_shape;
using ctgrad_test::BatchNormCase;
using cuda::Cudnn;
using Fixture = fakes::DnnFixture;

namespace {

const auto stream = fakes::any_stream;
template <class T>
void check_all_shapes() {
  {
    Cudnn cudnn(stream);
    for (const BatchNormShape& s : ctgrad_test::all_batch_norms()) {
      const BatchNormCase<T> c(s);
      std::vector<T> y(c.y.size(), T(7));
      std::vector<T> statistics = c.statistics;
      BOOST_TEST(cudnn.batch_norm(
          BatchNormCall<T>{s, c.epsilon, c.x.data(), c.weight.data(), c.bias.data(), y.data(), statistics.data()}));
      BOOST_TEST((y == c.y));
      c.check_statistics(statistics.data(), 0);
      std::vector<T> by_x(c.by_x.size(), T(7));
      std::vector<T> sums(c.sums.size(), T(7));
      BOOST_TEST(cudnn.batch_norm(BatchNormGradientCall<T>{s, c.epsilon, c.x.data(), c.t.data(), statistics.data(),
                                                           by_x.data(), sums.data(), sums.data() + s.channels}));
      BOOST_TEST((by_x == c.by_x));
      BOOST_TEST((sums == c.sums));
    }
  }
  BOOST_TEST(fakes::dnn.live_descriptors == 0);
}

/// A call that is not computed.
template <class T = float>
BatchNormCall<T> empty_call(const BatchNormShape& s) {
  return {s, 1e-5, nullptr, nullptr, nullptr, nullptr, nullptr};
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(all_shapes, Fixture) {
  check_all_shapes<float>();
  check_all_shapes<double>();
}

BOOST_FIXTURE_TEST_CASE(descriptors_are_made_once, Fixture) {
  Cudnn cudnn(stream);
  fakes::dnn.normalizes = false;
  for (int i = 0; i < 3; ++i) BOOST_TEST(cudnn.batch_norm(empty_call(batch_norm_shape(2, 3, 4, 4))));
  BOOST_TEST(fakes::dnn.batch_norms == 3);
  // The images, and the numbers of their channels.
  BOOST_TEST(fakes::dnn.live_descriptors == 2);
  BOOST_TEST(cudnn.batch_norm(empty_call<double>(batch_norm_shape(2, 3, 4, 4))));
  BOOST_TEST(fakes::dnn.live_descriptors == 4);
}

BOOST_FIXTURE_TEST_CASE(normalisations_that_cudnn_does_not_have, Fixture) {
  Cudnn cudnn(stream);
  // Too many images, channels or elements: nothing is called.
  BOOST_TEST(!cudnn.batch_norm(empty_call(batch_norm_shape(65536, 3, 4, 4))));
  BOOST_TEST(!cudnn.batch_norm(empty_call(batch_norm_shape(2, 65536, 4, 4))));
  BOOST_TEST(!cudnn.batch_norm(empty_call(batch_norm_shape(32, 1024, 256, 256))));
  BOOST_TEST(fakes::dnn.batch_norms == 0);
  fakes::dnn.batch_norm_status = CUDNN_STATUS_NOT_SUPPORTED_SHAPE;
  BOOST_TEST(!cudnn.batch_norm(empty_call(batch_norm_shape(2, 3, 4, 4))));
  BOOST_TEST(fakes::dnn.batch_norms == 1);
}

BOOST_FIXTURE_TEST_CASE(errors_name_the_normalisation, Fixture) {
  Cudnn cudnn(stream);
  fakes::dnn.batch_norm_status = CUDNN_STATUS_EXECUTION_FAILED;
  const BatchNormShape s = batch_norm_shape(2, 3, 6, 5);
  BOOST_CHECK_EXCEPTION(cudnn.batch_norm(empty_call(s)), Error, [](const Error& error) {
    return std::string(error.what())
        .starts_with(
            "ctgrad: cudnnBatchNormalizationForwardTraining for batch_norm of [2, 3, 30], float32 failed: "
            "the text of cuDNN (and more of it); ");
  });
  const BatchNormGradientCall<double> reverse{s, 1e-5, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
  BOOST_CHECK_EXCEPTION(cudnn.batch_norm(reverse), Error, [](const Error& error) {
    return std::string(error.what())
        .starts_with("ctgrad: cudnnBatchNormalizationBackward for batch_norm_gradient of [2, 3, 30], float64 failed: ");
  });
}

BOOST_AUTO_TEST_SUITE_END()
