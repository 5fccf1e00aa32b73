// SPDX-License-Identifier: BSL-1.0
/// \file
/// vmap over arrays of different lengths.
// expect: ctgrad: the arguments that vmap maps over have first axes of different lengths
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x, Symbol<float, Shape<4>> y) {
  return vmap([](auto a, auto b) { return a * b; })(x, y);  // <- here
}
