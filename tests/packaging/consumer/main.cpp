// SPDX-License-Identifier: BSL-1.0
/// \file
/// A program as a user would write it. Every way to get ctgrad must build it, and it runs right.
#if __has_include(<ctgrad/ctgrad.hpp>)
#include <ctgrad/ctgrad.hpp>
#else
#include <ctgrad.hpp>
#endif

#include <cmath>
#include <cstdio>

int main() {
  // The derivative of the sum of squares is 2 x.
  auto f = [](auto x) { return sum(square(x)); };
  const ctgrad::Tensor<float, ctgrad::Shape<3>> x{1, 2, 3};
  const auto [value, gradient] = ctgrad::value_and_grad(f)(x);
  std::printf("value %g, gradient %g %g %g\n", static_cast<double>(value), static_cast<double>(gradient(0)),
              static_cast<double>(gradient(1)), static_cast<double>(gradient(2)));
  const bool right = std::abs(value - 14.0f) < 1e-5f && std::abs(gradient(0) - 2.0f) < 1e-5f &&
                     std::abs(gradient(1) - 4.0f) < 1e-5f && std::abs(gradient(2) - 6.0f) < 1e-5f;
  return right ? 0 : 1;
}
