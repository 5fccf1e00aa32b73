// SPDX-License-Identifier: BSL-1.0
/// \file
/// The Hessian of a function that returns an array.
// expect: ctgrad: the function to differentiate must return a scalar; sum or average its result
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x) {
  return hessian([](auto a) { return a * a; })(x);  // <- here
}
