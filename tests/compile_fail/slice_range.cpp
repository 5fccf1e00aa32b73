// SPDX-License-Identifier: BSL-1.0
/// \file
/// A range that ends after the axis.
// expect: ctgrad: slice needs 0 <= First <= Last <= extent and a step >= 1, on an axis whose length is known at compile time
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x) { return slice<1, 1, 4>(x); }  // <- here
