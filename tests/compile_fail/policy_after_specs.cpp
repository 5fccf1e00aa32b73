// SPDX-License-Identifier: BSL-1.0
/// \file
/// A policy in a place where only inputs may stand.
// expect: ctgrad: make_trainer takes the model, the loss, the optimizer, then policies and a seed, and last the specs
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

struct Model {
  nn::Linear<2> layer;
  constexpr auto operator()(const auto& x) const { return layer(x); }
};

int main() {
  auto loss = [](const auto& model, auto x) { return sum(model(x)); };
  auto trainer =
      make_trainer<Cpu>(Model{}, loss, optim::Sgd{}, spec<float, 4, 3>, ClipGradNorm{.max_norm = 1});  // <- here
}
