// SPDX-License-Identifier: BSL-1.0
/// \file
/// A step of nothing.
// expect: ctgrad: slice needs 0 <= First <= Last <= extent and a step >= 1
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x) { return slice<1, 0, 3, 0>(x); }  // <- here
