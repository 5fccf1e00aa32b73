// SPDX-License-Identifier: BSL-1.0
/// \file
/// Branches that return different shapes.
// expect: ctgrad: both branches of cond must return the same structure, element types and shapes
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<double, Shape<3>> x) {
  return cond(sum(x) > 0, [](auto a) { return a; }, [](auto a) { return sum(a); }, x);  // <- here
}
