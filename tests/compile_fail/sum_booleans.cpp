// SPDX-License-Identifier: BSL-1.0
/// \file
/// A sum of booleans.
// expect: ctgrad: booleans have no sum, max or min; count them with sum\(cast<std::int64_t>\(x\)\)
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<bool, Shape<3>> x) { return sum(x); }  // <- here
