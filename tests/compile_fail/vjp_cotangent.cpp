// SPDX-License-Identifier: BSL-1.0
/// \file
/// A cotangent of another shape.
// expect: ctgrad: the cotangent must have the result's element type and shape
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x) {
  return vjp([](auto a) { return sum(a); })(x, x);  // <- here
}
