// SPDX-License-Identifier: BSL-1.0
/// \file
/// A number beside booleans.
// expect: ctgrad: a number does not fit the element type beside it
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<bool, Shape<3>> x) { return x * 2; }  // <- here
