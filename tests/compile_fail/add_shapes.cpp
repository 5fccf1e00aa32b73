// SPDX-License-Identifier: BSL-1.0
/// \file
/// Shapes that do not broadcast.
// expect: ctgrad: the shapes of the operands do not broadcast: aligned at the last axis, extents must be equal or one of them 1; reshape one operand
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 3>> x, Symbol<float, Shape<4>> y) {
  return x + y;  // <- here
}
