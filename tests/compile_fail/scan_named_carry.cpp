// SPDX-License-Identifier: BSL-1.0
/// \file
/// A carry of a length known at run time.
// expect: ctgrad: what one turn of a loop sees has lengths known at compile time: only the first axes of the items
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<double, Shape<batch, 3>> start, Symbol<double, Shape<time_steps, batch, 3>> x) {
  return scan([](auto c, auto item) { return std::pair{c + item, std::tuple{}}; }, start, x);  // <- here
}
