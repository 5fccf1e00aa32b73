// SPDX-License-Identifier: BSL-1.0
/// \file
/// An equation that captures a number.
// expect: ctgrad: the function to solve must not capture anything: pass values as parameters
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(double k) {
  return root([k](auto x) { return x * x - k; });  // <- here
}
