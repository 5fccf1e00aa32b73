// SPDX-License-Identifier: BSL-1.0
/// \file
/// A product of two element types.
// expect: ctgrad: matmul needs operands of one element type; convert one with cast<T>\(x\)
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x, Symbol<double, Shape<3, 2>> y) {
  return matmul(x, y);  // <- here
}
