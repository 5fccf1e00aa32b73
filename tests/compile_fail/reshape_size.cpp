// SPDX-License-Identifier: BSL-1.0
/// \file
/// A shape of another size.
// expect: ctgrad: reshape needs a shape with as many elements as the operand has
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x) { return reshape(x, shape<4, 2>); }  // <- here
