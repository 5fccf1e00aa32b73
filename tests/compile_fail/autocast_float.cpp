// SPDX-License-Identifier: BSL-1.0
/// \file
/// Autocast to a type that has not 16 bits.
// expect: ctgrad: autocast takes a 16-bit type, bfloat16 or float16
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

struct Model {
  nn::Linear<2> layer;
  constexpr auto operator()(const auto& x) const { return layer(x); }
};

int main() {
  auto loss = [](const auto& model, auto x) { return sum(model(x)); };
  auto trainer = make_trainer<Cpu>(Model{}, loss, optim::Sgd{}, autocast<float>, spec<float, 4, 3>);  // <- here
}
