// SPDX-License-Identifier: BSL-1.0
/// \file
/// Too many axes.
// expect: ctgrad: a tensor has at most six axes
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong() { return Shape<1, 2, 3, 4, 5, 6, 7>::rank; }  // <- here
