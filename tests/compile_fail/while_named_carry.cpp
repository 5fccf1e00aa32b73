// SPDX-License-Identifier: BSL-1.0
/// \file
/// A carry of a length known at run time.
// expect: ctgrad: carry and constants of a loop have lengths known at compile time
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<double, Shape<batch>> x) {
  return while_loop([](auto c) { return sum(c) < 4; }, [](auto c) { return 2 * c; }, x);  // <- here
}
