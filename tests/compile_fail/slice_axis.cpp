// SPDX-License-Identifier: BSL-1.0
/// \file
/// A range of an axis that does not exist.
// expect: ctgrad: slice names an axis that does not exist
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x) { return slice<2, 0, 1>(x); }  // <- here
