// SPDX-License-Identifier: BSL-1.0
/// \file
/// A third derivative of a solution whose options allow two.
// expect: .
// expect: ctgrad: a loop, a branch or odeint is differentiated more often than its options allow; allow one order
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

constexpr auto end = [](auto k) {
  const auto y = odeint([](auto y, auto, auto rate) { return -rate * y; })(k * 0 + 1, std::array{k * 0, k * 0 + 1}, k);
  return sum(slice<0, 1, 2>(y));
};
auto wrong() { return gradient(gradient(gradient(end)))(1.0); }
