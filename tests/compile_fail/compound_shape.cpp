// SPDX-License-Identifier: BSL-1.0
/// \file
/// A scalar that an array is added to in place.
// expect: and /= keep the shape and element type of what they change
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

constexpr auto wrong = [](auto x) {
  auto total = sum(x);
  total += x;  // <- here
  return total;
};
auto program = compile<Cpu>(wrong, spec<float, 3>);
