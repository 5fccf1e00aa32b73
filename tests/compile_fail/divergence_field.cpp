// SPDX-License-Identifier: BSL-1.0
/// \file
/// The divergence of a function that gives no vector.
// expect: ctgrad: divergence and curl need a field: a function whose result has the shapes of the argument
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x) {
  return divergence([](auto a) { return sum(a); })(x);  // <- here
}
