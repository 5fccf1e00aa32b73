// SPDX-License-Identifier: BSL-1.0
/// \file
/// Arithmetic with booleans.
// expect: ctgrad: this operation needs numbers, not booleans; convert them with cast<float>\(x\)
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<bool, Shape<3>> x, Symbol<bool, Shape<3>> y) { return x + y; }  // <- here
