// SPDX-License-Identifier: BSL-1.0
/// \file
/// Two scales of one loss.
// expect: ctgrad: a trainer scales its loss once; leave one of two GradScalers out
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

struct Model {
  nn::Linear<2> layer;
  constexpr auto operator()(const auto& x) const { return layer(x); }
};

int main() {
  auto loss = [](const auto& model, auto x) { return sum(model(x)); };
  auto trainer =
      make_trainer<Cpu>(Model{}, loss, optim::Sgd{}, GradScaler{}, GradScaler{}, spec<float, 4, 3>);  // <- here
}
