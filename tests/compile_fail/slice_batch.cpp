// SPDX-License-Identifier: BSL-1.0
/// \file
/// A range of an axis of run-time length.
// expect: ctgrad: slice needs 0 <= First <= Last <= extent and a step >= 1, on an axis whose length is known at compile time
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 3>> x) { return slice<0, 0, 2>(x); }  // <- here
