// SPDX-License-Identifier: BSL-1.0
/// \file
/// Derivatives of softmax and of the losses.
#include "check_gradient.hpp"

BOOST_AUTO_TEST_SUITE(loss_gradient)

using namespace ctgrad;
using ctgrad_test::check_gradient;

constexpr auto losses = [](auto x, auto y) {
  const auto target = ctgrad_arange<std::int64_t, 3>(x);
  return std::tuple{softmax(x, axis<-1>),    softmax(x, axis<0>),      log_softmax(x, axis<1>),
                    log_softmax(x, axis<0>), cross_entropy(x, target), mse_loss(x, y)};
};

BOOST_AUTO_TEST_CASE(softmax_and_losses) { check_gradient<Shape<3, 5>, Shape<3, 5>>(losses, {-3, 3, 3}); }

BOOST_AUTO_TEST_SUITE_END()
