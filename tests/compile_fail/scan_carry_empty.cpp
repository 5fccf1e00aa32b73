// SPDX-License-Identifier: BSL-1.0
/// \file
/// A scan without a carry.
// expect: ctgrad: a loop carries at least one value from turn to turn
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> items) {
  return scan([](auto carry, auto x) { return std::pair{carry, x * 2}; }, std::tuple<>{}, items);  // <- here
}
