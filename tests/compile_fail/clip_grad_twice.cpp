// SPDX-License-Identifier: BSL-1.0
/// \file
/// The same kind of clipping twice.
// expect: ctgrad: a trainer clips its gradients by norm or by value once; leave one of two equal policies out
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

struct Model {
  nn::Linear<2> layer;
  constexpr auto operator()(const auto& x) const { return layer(x); }
};

int main() {
  auto loss = [](const auto& model, auto x) { return sum(model(x)); };
  auto trainer =
      make_trainer<Cpu>(Model{}, loss, optim::Sgd{}, ClipGradNorm{1}, GradScaler{}, ClipGradNorm{2}, spec<float, 4, 3>);  // <- here
}
