// SPDX-License-Identifier: BSL-1.0
/// \file
/// The transpose of a vector.
// expect: ctgrad: transpose needs at least two axes; reshape the operand first
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x) { return transpose(x); }  // <- here
