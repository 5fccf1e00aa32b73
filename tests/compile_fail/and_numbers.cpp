// SPDX-License-Identifier: BSL-1.0
/// \file
/// And of numbers.
// expect: ctgrad: && \|\| and ! need booleans; compare with a number, x != 0
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x, Symbol<float, Shape<3>> y) { return x && y; }  // <- here
