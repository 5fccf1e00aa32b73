// SPDX-License-Identifier: BSL-1.0
/// \file
/// An extent that cannot be worked out.
// expect: ctgrad: reshape needs a shape with as many elements as the operand has
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 3>> x) { return reshape(x, shape<-1, 2>); }  // <- here
