// SPDX-License-Identifier: BSL-1.0
/// \file
/// A tangent of another shape.
// expect: ctgrad: the tangent must have the argument's element type and shape
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x, Symbol<float, Shape<4>> v) {
  return jvp([](auto a) { return a * 2; })(x, v);  // <- here
}
