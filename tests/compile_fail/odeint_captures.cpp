// SPDX-License-Identifier: BSL-1.0
/// \file
/// A right-hand side that captures a number.
// expect: ctgrad: the function that odeint solves must not capture anything: pass values as parameters
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(double k) {
  return odeint([k](auto y, auto) { return k * y; });  // <- here
}
