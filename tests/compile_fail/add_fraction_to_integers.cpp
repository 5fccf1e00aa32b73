// SPDX-License-Identifier: BSL-1.0
/// \file
/// A fraction beside integers, which would be cut.
// expect: ctgrad: a number does not fit the element type beside it
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<std::int64_t, Shape<3>> x) { return x + 0.5; }  // <- here
