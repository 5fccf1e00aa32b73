// SPDX-License-Identifier: BSL-1.0
/// \file
/// The largest along an axis that does not exist.
// expect: ctgrad: the axis of argmax or argmin does not exist; axes run from -rank to rank - 1
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x) { return argmax(x, axis<2>); }  // <- here
