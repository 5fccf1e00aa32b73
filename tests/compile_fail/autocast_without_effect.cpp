// SPDX-License-Identifier: BSL-1.0
/// \file
/// A loss that goes past the model to one of its layers, which autocast does not see.
// expect: ctgrad: nothing of this loss runs in the type of autocast: call the model itself, model\(x\)
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

struct Model {
  nn::Linear<2> layer;
  constexpr auto operator()(const auto& x) const { return layer(x); }
};

int main() {
  auto loss = [](const auto& model, auto x) { return sum(model.layer(x)); };
  auto trainer = make_trainer<Cpu>(Model{}, loss, optim::Sgd{}, autocast<bfloat16>, spec<float, 4, 3>);  // <- here
  trainer.step(Tensor<float, Shape<4, 3>>());
}
