// SPDX-License-Identifier: BSL-1.0
/// \file
/// Which batch normalisations of a training step go to cuDNN and which to our own loops, on each of the levels.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "../device_checks.hpp"
#include "../library_calls/fake_cudnn.hpp"
#include "run_program.hpp"
#include "streams.hpp"

using namespace ctgrad;

BOOST_AUTO_TEST_SUITE(emulated_cuda_batch_norm)

namespace {

struct Fixture {
  Fixture() { fakes::dnn = {}; }
  ~Fixture() { fakes::dnn = {}; }
};

struct SquaredError {
  constexpr auto operator()(const auto& model, auto x) const { return mean(square(model(x) - 0.3)); }
};
struct Rows {
  nn::LinearNoBias<4> first;
  nn::BatchNorm1d norm;
  constexpr auto operator()(const auto& x) const { return norm(first(x)); }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(cuda_dnn_normalises_by_cudnn, Fixture) {
  ctgrad_test::check_training<CudaDnn>();
  BOOST_TEST(fakes::dnn.batch_norms > 0);
  BOOST_TEST(fakes::dnn.batch_norm_gradients == fakes::dnn.batch_norms);
}

BOOST_FIXTURE_TEST_CASE(what_cudnn_refuses_our_own_loops_do, Fixture) {
  fakes::dnn.batch_norm_status = CUDNN_STATUS_NOT_SUPPORTED_SHAPE;
  ctgrad_test::check_training<CudaDnn>();
  BOOST_TEST(fakes::dnn.batch_norms > 0);
}

BOOST_FIXTURE_TEST_CASE(other_levels_normalise_in_their_loops, Fixture) {
  ctgrad_test::check_training<Cuda>();
  ctgrad_test::check_training<CudaPlain>();
  BOOST_TEST(fakes::dnn.batch_norms == 0);
}

// cuDNN is not asked for the variance of one value, nor of none.
BOOST_FIXTURE_TEST_CASE(batches_of_all_sizes, Fixture) {
  constexpr auto rows = spec<double, batch, 5>;
  const optim::Momentum optimizer{.learning_rate = 0.1};
  auto expected = make_trainer<Cpu>(Rows{}, SquaredError{}, optimizer, rows);
  auto found = make_trainer<CudaDnn>(Rows{}, SquaredError{}, optimizer, rows);
  std::uint64_t step = 0;
  for (const std::int64_t size : {6, 6, 6, 1, 1, 1, 6, 9}) {
    Tensor<double, Shape<batch, 5>> x(Extents<2>{size, 5});
    RandomStream(++step).fill_uniform(x.span(), 0, -1, 1);
    const int before = fakes::dnn.batch_norms;
    const double loss = found.step(x);
    BOOST_TEST(loss == expected.step(x), boost::test_tools::tolerance(1e-11));
    if (size == 1) BOOST_TEST(fakes::dnn.batch_norms == before);
  }
  BOOST_TEST(fakes::dnn.batch_norms > 0);
  const auto& a = found.parameters().parameters();
  const auto& b = expected.parameters().parameters();
  for (std::size_t p = 0; p < b.size(); ++p)
    for (std::size_t i = 0; i < b[p].elements.size(); ++i)
      BOOST_TEST(std::abs(a[p].elements[i] - b[p].elements[i]) <= 1e-11 * (1 + std::abs(b[p].elements[i])),
                 a[p].name << " " << i);
}

BOOST_FIXTURE_TEST_CASE(a_failed_normalisation_names_the_step_and_the_call, Fixture) {
  auto trainer = make_trainer<CudaDnn>(Rows{}, SquaredError{}, optim::Sgd{}, spec<float, batch, 5>);
  fakes::dnn.batch_norm_status = CUDNN_STATUS_EXECUTION_FAILED;
  BOOST_CHECK_EXCEPTION(trainer.step(Tensor<float, Shape<batch, 5>>(Extents<2>{3, 5})), Error, [](const Error& e) {
    const std::string text = e.what();
    return text.find("cudnnBatchNormalizationForwardTraining for batch_norm of [3, 4, 1]") != std::string::npos &&
           text.find("batch_norm of [3, 4] and [4] and [4])") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
