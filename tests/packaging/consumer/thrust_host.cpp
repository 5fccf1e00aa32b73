// SPDX-License-Identifier: BSL-1.0
/// \file
/// A user's program on ThrustHost: returns 0 when it runs right.
#include <cmath>
#include <ctgrad/thrust_host.hpp>

int main() {
  auto f = [](auto x) { return sum(square(x)); };
  auto program = ctgrad::compile<ctgrad::ThrustHost>(ctgrad::value_and_grad(f), ctgrad::spec<float, 3>);
  const auto [value, gradient] = program(ctgrad::Tensor<float, ctgrad::Shape<3>>{1, 2, 3});
  return std::abs(value.item() - 14.0f) < 1e-5f && std::abs(gradient(2) - 6.0f) < 1e-5f ? 0 : 1;
}
