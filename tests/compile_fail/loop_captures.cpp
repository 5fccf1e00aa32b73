// SPDX-License-Identifier: BSL-1.0
/// \file
/// A loop whose body captures a symbol.
// expect: ctgrad: the functions of a loop must not capture anything: pass values after the carry
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<double, Shape<>> x) {
  return for_loop<4>([x](auto, auto c) { return c * x; }, x);  // <- here
}
