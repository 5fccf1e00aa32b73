// SPDX-License-Identifier: BSL-1.0
/// \file
/// Joining two element types.
// expect: ctgrad: concat needs operands of one element type; convert one with cast<T>\(x\)
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x, Symbol<double, Shape<2, 3>> y) {
  return concat(axis<0>, x, y);  // <- here
}
