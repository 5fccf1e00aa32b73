// SPDX-License-Identifier: BSL-1.0
/// \file
/// A Jacobian of doubles by floats.
// expect: ctgrad: jacobian and hessian need arguments and results of one floating type
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x) {
  return jacobian([](auto a) { return cast<double>(a); })(x);  // <- here
}
