// SPDX-License-Identifier: BSL-1.0
/// \file
/// An index of another shape.
// expect: ctgrad: gather needs an index with the operand's rank and its extents on all axes but the gathered one
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x, Symbol<std::int64_t, Shape<3, 1>> i) {
  return gather(x, axis<1>, i);  // <- here
}
