// SPDX-License-Identifier: BSL-1.0
/// \file
/// A function of real numbers, of integers.
// expect: ctgrad: this operation needs float or double elements; convert them with cast<float>\(x\)
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<std::int32_t, Shape<3>> x) { return tanh(x); }  // <- here
