// SPDX-License-Identifier: BSL-1.0
/// \file
/// vmap over a number.
// expect: ctgrad: vmap maps over the first axis of its arguments, and one is a number
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x, Symbol<float, Shape<>> s) {
  return vmap([](auto a, auto b) { return a * b; })(x, s);  // <- here
}
