// SPDX-License-Identifier: BSL-1.0
/// \file
/// Class numbers that are not integers.
// expect: ctgrad: one_hot needs integer class numbers
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x) { return one_hot<4>(x); }  // <- here
