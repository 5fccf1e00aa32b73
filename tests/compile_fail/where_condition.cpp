// SPDX-License-Identifier: BSL-1.0
/// \file
/// A condition that is a number.
// expect: ctgrad: the condition of where must be boolean; compare with a number, x > 0
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x, Symbol<float, Shape<3>> y) {
  return where(x, y, 0);  // <- here
}
