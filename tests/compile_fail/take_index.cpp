// SPDX-License-Identifier: BSL-1.0
/// \file
/// An index that is not an integer.
// expect: ctgrad: take needs an index of int32 or int64
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<4, 3>> x, Symbol<float, Shape<2>> i) {
  return take(x, i);  // <- here
}
