// SPDX-License-Identifier: BSL-1.0
/// \file
/// Which poolings go to cuDNN and which to our own loops, on each of the levels, with results and derivatives.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "../device_checks.hpp"
#include "../library_calls/fake_cudnn.hpp"
#include "run_program.hpp"
#include "streams.hpp"

using namespace ctgrad;

BOOST_AUTO_TEST_SUITE(emulated_cuda_pooling)

namespace {

/// Values, gradients and derivatives along x of both poolings.
constexpr auto poolings = [](auto x) {
  const auto largest = [](auto a) { return max_pool2d(a, kernel_size<3>, stride<2>, padding<1>); };
  const auto average = [](auto a) { return avg_pool2d(a, kernel_size<3>, stride<2>, padding<1>); };
  const auto both = [=](auto a) { return sum(square(largest(a))) + sum(square(average(a))); };
  return std::tuple{largest(x), average(x), gradient(both)(x), jvp(largest)(x, x * 3).second,
                    gradient([=](auto a) { return sum(square(gradient(both)(a))); })(x)};
};

template <class Device>
void check_poolings(const Device& device) {
  auto found_by = compile(device, poolings, spec<float, batch, 3, 7, 9>);
  auto expected_by = compile<Cpu>(poolings, spec<float, batch, 3, 7, 9>);
  for (const std::int64_t size : {2, 2, 2, 2, 0, 0, 0, 5}) {
    Tensor<float, Shape<batch, 3, 7, 9>> x(Extents<4>{size, 3, 7, 9});
    RandomStream(static_cast<std::uint64_t>(size)).fill_uniform(x.span());
    // Equal elements and special ones.
    for (std::int64_t i = 0; i < x.size(); i += 5) x.data()[i] = x.data()[i] < 0.5F ? 0.25F : -3;
    const auto found = found_by(x);
    const auto expected = expected_by(x);
    auto check = [&](const auto& view, const auto& wanted) {
      const auto values = view.cpu();
      for (std::int64_t i = 0; i < wanted.size(); ++i)
        BOOST_TEST(std::abs(values.data()[i] - wanted.data()[i]) <= 1e-5F * (1 + std::abs(wanted.data()[i])));
    };
    check(std::get<0>(found), std::get<0>(expected));
    check(std::get<1>(found), std::get<1>(expected));
    check(std::get<2>(found), std::get<2>(expected));
    check(std::get<3>(found), std::get<3>(expected));
    check(std::get<4>(found), std::get<4>(expected));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(training_with_cudnn) {
  fakes::dnn = {};
  ctgrad_test::check_training<CudaDnn>();
  BOOST_TEST(fakes::dnn.poolings > 0);
}

BOOST_AUTO_TEST_CASE(cuda_dnn_pools_by_cudnn) {
  fakes::dnn = {};
  check_poolings(CudaDnn());
  BOOST_TEST(fakes::dnn.poolings > 0);
  // What cuDNN refuses, our own loops do.
  fakes::dnn.pooling_status = CUDNN_STATUS_NOT_SUPPORTED_SHAPE;
  check_poolings(CudaDnn());
  fakes::dnn = {};
}

BOOST_AUTO_TEST_CASE(cuda_pools_by_cudnn_where_it_was_measured_to_be_faster) {
  fakes::dnn = {};
  Cuda device;
  check_poolings(device);
  BOOST_TEST(fakes::dnn.poolings == 0);
  device.autotune(true);
  check_poolings(device);
  // It was measured, and was not faster.
  const int measured = fakes::dnn.poolings;
  BOOST_TEST(measured > 0);
  check_poolings(device);
  BOOST_TEST(fakes::dnn.poolings == measured);
}

BOOST_AUTO_TEST_CASE(cuda_keeps_to_cudnn_where_it_is_faster) {
  fakes::dnn = {};
  Cuda device;
  device.autotune(true);
  // Our own loops are measured after cuDNN.
  emulated::runtime.time_grows = 1;
  check_poolings(device);
  const int measured = fakes::dnn.poolings;
  emulated::runtime.time_grows = 0;
  check_poolings(device);
  BOOST_TEST(fakes::dnn.poolings > measured);
}

BOOST_AUTO_TEST_CASE(cuda_plain_has_no_cudnn) {
  fakes::dnn = {};
  CudaPlain device;
  device.autotune(true);
  check_poolings(device);
  BOOST_TEST(fakes::dnn.poolings == 0);
}

BOOST_AUTO_TEST_CASE(a_failed_pooling_names_the_step_and_the_call) {
  fakes::dnn = {};
  auto program = compile<CudaDnn>([](auto x) { return avg_pool2d(x, kernel_size<2>); }, spec<float, batch, 3, 4, 6>);
  fakes::dnn.pooling_status = CUDNN_STATUS_EXECUTION_FAILED;
  BOOST_CHECK_EXCEPTION(program(Tensor<float, Shape<batch, 3, 4, 6>>(Extents<4>{2, 3, 4, 6})), Error,
                        [](const Error& e) {
                          const std::string text = e.what();
                          return text.find("cudnnPoolingForward for avg_pool2d of images [2, 3, 4, 6], kernel 2 2") !=
                                     std::string::npos &&
                                 text.find("(step 0, avg_pool2d of [2, 3, 4, 6])") != std::string::npos;
                        });
  fakes::dnn = {};
}

BOOST_AUTO_TEST_SUITE_END()
