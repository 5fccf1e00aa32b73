// SPDX-License-Identifier: BSL-1.0
/// \file
/// A loop whose body returns another shape than it takes.
// expect: ctgrad: the body of a loop must return the carry with the element types and shapes it was given
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<double, Shape<3>> x) {
  return for_loop<4>([](auto, auto c, auto step) { return c + step; }, sum(x), x);  // <- here
}
