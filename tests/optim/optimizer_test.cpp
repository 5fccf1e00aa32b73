// SPDX-License-Identifier: BSL-1.0
/// \file
/// The optimizers against the losses PyTorch computes from the same start: see reference/optimizers.py.
#include <array>
#include <boost/test/unit_test.hpp>

#include "../devices.hpp"

using namespace ctgrad;

namespace {

struct Net {
  nn::Linear<3> hidden;
  nn::Linear<2> output;
  constexpr auto operator()(const auto& x) const { return output(tanh(hidden(x))); }
};

constexpr auto loss = [](const auto& model, auto x, auto target) { return mse_loss(model(x), target); };

/// Six losses of a net that starts from weights 0.1, -0.2, 0.3, -0.4, ... in the order of the block.
template <class Device, class Optimizer>
std::array<double, 6> losses(const Optimizer& optimizer) {
  auto trainer = make_trainer<Device>(Net{}, loss, optimizer, spec<double, 4, 2>, spec<double, 4, 2>);
  double sign = 1;
  double value = 0;
  for (double& p : trainer.parameters().elements()) {
    value = value > 0.55 ? 0.1 : value + 0.1;
    p = sign * value;
    sign = -sign;
  }
  Tensor<double, Shape<4, 2>> x;
  Tensor<double, Shape<4, 2>> target;
  for (int i = 0; i < 8; ++i) {
    x.data()[i] = 0.25 * (i - 4);
    target.data()[i] = 0.1 * i * i - 1;
  }
  std::array<double, 6> result{};
  for (double& value_of_step : result) value_of_step = trainer.step(x, target);
  return result;
}

template <class Optimizer>
void check(const Optimizer& optimizer, const std::array<double, 6>& expected) {
  ctgrad_test::for_each_device([&](auto tag) {
    using Device = typename decltype(tag)::type;
    const std::array<double, 6> found = losses<Device>(optimizer);
    BOOST_TEST_CONTEXT(Device::name)
    for (std::size_t i = 0; i < 6; ++i) BOOST_TEST(found[i] == expected[i], boost::test_tools::tolerance(1e-10));
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(optimizer)

BOOST_AUTO_TEST_CASE(sgd) {
  check(optim::Sgd{.learning_rate = 0.1},
        {3.33034924138044, 3.13000042784022, 2.98737569103611, 2.87839768354539, 2.78880698315214, 2.70924714490399});
}
BOOST_AUTO_TEST_CASE(sgd_with_weight_decay) {
  check(optim::Sgd{.learning_rate = 0.1, .weight_decay = 0.05},
        {3.33034924138044, 3.12805517993949, 2.98631762458926, 2.87942693138961, 2.7925023700275, 2.71600811472163});
}
BOOST_AUTO_TEST_CASE(momentum) {
  check(optim::Momentum{.learning_rate = 0.05, .momentum = 0.8, .weight_decay = 0.01},
        {3.33034924138044, 3.2252985518267, 3.06615305488673, 2.90062861988349, 2.7568211371696, 2.64159194460666});
}
BOOST_AUTO_TEST_CASE(adam) {
  check(optim::Adam{.learning_rate = 0.02},
        {3.33034924138044, 3.24911405653101, 3.17218173336031, 3.09840870866172, 3.02623722132033, 2.95369762337604});
}
BOOST_AUTO_TEST_CASE(adam_with_weight_decay) {
  check(optim::Adam{.learning_rate = 0.02, .beta1 = 0.8, .beta2 = 0.95, .weight_decay = 0.1},
        {3.33034924138044, 3.24911405689685, 3.17394044795797, 3.10121587353308, 3.02908430145286, 2.95648536832108});
}

BOOST_AUTO_TEST_SUITE_END()
