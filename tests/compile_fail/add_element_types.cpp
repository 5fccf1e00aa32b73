// SPDX-License-Identifier: BSL-1.0
/// \file
/// Two element types in one operation.
// expect: ctgrad: the operands have different element types; convert one with cast<T>\(x\)
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x, Symbol<double, Shape<3>> y) { return x * y; }  // <- here
