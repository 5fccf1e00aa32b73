// SPDX-License-Identifier: BSL-1.0
/// \file
/// A gradient at a pointer.
// expect: ctgrad: an argument is no number, no array and no structure of them
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(const double* x) {
  return gradient([](auto a) { return sum(a); })(x);  // <- here
}
