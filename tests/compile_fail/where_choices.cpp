// SPDX-License-Identifier: BSL-1.0
/// \file
/// Choices of two element types.
// expect: ctgrad: the choices of where have different element types; convert one with cast<T>\(x\)
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<bool, Shape<3>> c, Symbol<float, Shape<3>> x, Symbol<double, Shape<3>> y) {
  return where(c, x, y);  // <- here
}
