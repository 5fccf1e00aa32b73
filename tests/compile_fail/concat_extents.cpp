// SPDX-License-Identifier: BSL-1.0
/// \file
/// Operands that differ beside the joined axis.
// expect: ctgrad: concat needs operands whose extents agree on all axes but the joined one, and that one known at compile time
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x, Symbol<float, Shape<2, 4>> y) {
  return concat(axis<0>, x, y);  // <- here
}
