// SPDX-License-Identifier: BSL-1.0
/// \file
/// Items of different lengths.
// expect: ctgrad: scan goes along the first axis of its items, which must be there and have one length for all
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<double, Shape<3>> x, Symbol<double, Shape<4>> y) {
  return scan([](auto c, auto item) { return std::pair{c, item}; }, 0.0, std::pair{x, y});  // <- here
}
