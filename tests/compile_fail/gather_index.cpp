// SPDX-License-Identifier: BSL-1.0
/// \file
/// An index that is not an integer.
// expect: ctgrad: gather needs an index of int32 or int64
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x, Symbol<float, Shape<2, 1>> i) {
  return gather(x, axis<1>, i);  // <- here
}
