// SPDX-License-Identifier: BSL-1.0
/// \file
/// A shape that the operand does not stretch to.
// expect: ctgrad: broadcast_to needs a target shape that the operand's shape stretches to
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x) { return broadcast_to(x, shape<2, 6>); }  // <- here
