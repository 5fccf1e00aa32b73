// SPDX-License-Identifier: BSL-1.0
/// \file
/// A function that captures a number, whose derivative is to be found in two halves.
// expect: ctgrad: the function of vjp_forward must not capture anything: pass values as arguments
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(double k) {
  return vjp_forward([k](auto x) { return exp(x) * k; });  // <- here
}
