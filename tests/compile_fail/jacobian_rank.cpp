// SPDX-License-Identifier: BSL-1.0
/// \file
/// A Jacobian of too many axes.
// expect: ctgrad: a block of this Jacobian or Hessian has the axes of the output and of the input, more than
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 2, 2, 2>> x) {
  return jacobian([](auto a) { return a * a; })(x);  // <- here
}
