// SPDX-License-Identifier: BSL-1.0
/// \file
/// An axis named twice.
// expect: ctgrad: permute needs every axis of the operand exactly once
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x) { return permute(x, axis<0, 0>); }  // <- here
