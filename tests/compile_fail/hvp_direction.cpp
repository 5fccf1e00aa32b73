// SPDX-License-Identifier: BSL-1.0
/// \file
/// A Hessian times a vector of another shape.
// expect: ctgrad: the tangent must have the argument's element type and shape
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x, Symbol<float, Shape<2>> v) {
  return hvp([](auto a) { return sum(a * a); })(x, v);  // <- here
}
