// SPDX-License-Identifier: BSL-1.0
/// \file
/// Joining from an axis that does not exist.
// expect: ctgrad: flatten starts at an axis that does not exist
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x) { return flatten<2>(x); }  // <- here
