// SPDX-License-Identifier: BSL-1.0
/// \file
/// The body of a scan that returns the carry alone.
// expect: ctgrad: the body of a scan must return a std::pair: the next carry, and this turn's result
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<double, Shape<3>> x) {
  return scan([](auto c, auto item) { return c + item; }, 0.0, x);  // <- here
}
