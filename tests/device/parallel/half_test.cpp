// SPDX-License-Identifier: BSL-1.0
/// \file
/// 16-bit types and mixed precision on the devices of many threads, against the CPU.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "emulated_gpu.hpp"

BOOST_AUTO_TEST_SUITE(parallel_half)

using namespace ctgrad;
using ctgrad_test::EmulatedGpu;

namespace {

struct Images {
  nn::Conv2d<4, KernelSize<3>, Padding<1>> conv;
  nn::BatchNorm2d normalise;
  nn::Linear<5> output;
  constexpr auto operator()(const auto& x) const {
    return output(flatten<1>(max_pool2d(relu(normalise(conv(x))), kernel_size<2>)));
  }
};

struct Loss {
  constexpr auto operator()(const auto& model, auto x, auto y) const { return cross_entropy(model(x), y); }
};

/// The losses of five steps, of which the third overflows, and the scale after them.
template <class Device, class H>
std::array<double, 6> losses() {
  auto trainer =
      make_trainer<Device>(Images{}, Loss{}, optim::Adam{.learning_rate = 0.01}, autocast<H>,
                           GradScaler{.init_scale = 64}, spec<float, batch, 2, 8, 8>, spec<std::int64_t, batch>);
  Tensor<float, Shape<batch, 2, 8, 8>> x({6, 2, 8, 8});
  RandomStream(1).fill_normal(x.span());
  auto overflowing = x;
  overflowing(0, 0, 0, 0) = std::numeric_limits<float>::infinity();
  Tensor<std::int64_t, Shape<batch>> y(Extents<1>{6});
  for (std::int64_t i = 0; i < 6; ++i) y(i) = i % 5;
  std::array<double, 6> result{};
  for (std::size_t step = 0; step < 5; ++step)
    result[step] = static_cast<double>(trainer.step(step == 2 ? overflowing : x, y));
  result[5] = trainer.scaler_state().scale;
  return result;
}

template <class Device, class H>
void check_training() {
  const auto expected = losses<Cpu, H>();
  const auto found = losses<Device, H>();
  for (const std::size_t step : {0U, 1U, 3U, 4U})
    BOOST_TEST(found[step] == expected[step], boost::test_tools::tolerance(0.02));
  BOOST_TEST(found[5] == 32);
  BOOST_TEST(expected[5] == 32);
}

/// Sums over as many images as 16 bits cannot count.
template <class Device, class H>
void check_large_sums() {
  auto program = compile<Device>(
      [](auto x, auto w) {
        const auto gradient_of_weight = gradient([](auto b, auto a) { return sum(conv2d(a, b)); })(w, x);
        return std::tuple{gradient_of_weight, sum(x), sum(x, axis<0>)};
      },
      spec<H, 3000, 1, 2, 2>, spec<H, 1, 1, 1, 1>);
  Tensor<H, Shape<3000, 1, 2, 2>> x;
  x.fill(1);
  const auto [weight, all, first] = program(x, Tensor<H, Shape<1, 1, 1, 1>>());
  BOOST_TEST(static_cast<float>(*weight.data()) == static_cast<float>(H(12000)));
  BOOST_TEST(static_cast<float>(*all.data()) == static_cast<float>(H(12000)));
  BOOST_TEST(static_cast<float>(*first.data()) == static_cast<float>(H(3000)));
}

}  // namespace

BOOST_AUTO_TEST_CASE(training_in_16_bits_is_that_of_the_cpu) {
  check_training<ThrustHost, bfloat16>();
  check_training<EmulatedGpu, float16>();
}

BOOST_AUTO_TEST_CASE(sums_are_float) {
  check_large_sums<Cpu, bfloat16>();
  check_large_sums<ThrustHost, bfloat16>();
  check_large_sums<ThrustHost, float16>();
}

BOOST_AUTO_TEST_SUITE_END()
