// SPDX-License-Identifier: BSL-1.0
/// \file
/// A directional derivative without a direction.
// expect: ctgrad: pass the function's arguments and then one tangent for each argument to differentiate by
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x) {
  return directional_derivative([](auto a) { return sum(a); })(x);  // <- here
}
