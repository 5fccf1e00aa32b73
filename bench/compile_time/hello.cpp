// SPDX-License-Identifier: BSL-1.0
/// \file
/// The smallest useful program: a gradient.
#include <ctgrad/ctgrad.hpp>

int main() {
  auto f = [](auto x) { return sum(square(tanh(x))); };
  const ctgrad::Tensor<float, ctgrad::Shape<3>> x{1, 2, 3};
  const auto [value, gradient] = ctgrad::value_and_grad(f)(x);
  return value > 0 && gradient(0) > 0 ? 0 : 1;
}
