// SPDX-License-Identifier: BSL-1.0
/// \file
/// The gradient of a function that returns a matrix.
// expect: ctgrad: the function to differentiate must return a scalar; sum or average its result, or use vjp
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x) {
  return gradient([](auto a) { return a * 2; })(x);  // <- here
}
