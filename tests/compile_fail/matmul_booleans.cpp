// SPDX-License-Identifier: BSL-1.0
/// \file
/// A product of booleans.
// expect: ctgrad: matmul needs numbers, not booleans; convert them with cast<float>\(x\)
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<bool, Shape<2, 3>> x, Symbol<bool, Shape<3, 2>> y) {
  return matmul(x, y);  // <- here
}
