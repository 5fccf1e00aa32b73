// SPDX-License-Identifier: BSL-1.0
/// \file
/// The body before the bounds.
// expect: ctgrad: for_loop takes its bounds first: for_loop.lower, upper, body, carry, values
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x) {
  return for_loop([](auto, auto y) { return y * 2; }, 1, 3, x);  // <- here
}
