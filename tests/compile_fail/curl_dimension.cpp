// SPDX-License-Identifier: BSL-1.0
/// \file
/// The curl in four dimensions.
// expect: ctgrad: curl is defined in three dimensions, and in the plane as one number
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<4>> x) {
  return curl([](auto a) { return a * a; })(x);  // <- here
}
