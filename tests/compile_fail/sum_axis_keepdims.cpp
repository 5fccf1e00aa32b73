// SPDX-License-Identifier: BSL-1.0
/// \file
/// The same with the axes kept.
// expect: ctgrad: a reduced axis does not exist; axes run from -rank to rank - 1
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x) { return sum(x, axis<-3>, keepdims); }  // <- here
