// SPDX-License-Identifier: BSL-1.0
/// \file
/// Joining along an axis that does not exist.
// expect: ctgrad: concat needs operands whose extents agree on all axes but the joined one
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x) { return concat(axis<2>, x, x); }  // <- here
