// SPDX-License-Identifier: BSL-1.0
/// \file
/// A gradient by an argument that is not there.
// expect: ctgrad: wrt names an argument that the function was not given; arguments count from 0
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x) {
  return gradient([](auto a) { return sum(a); }, wrt<1>)(x);  // <- here
}
