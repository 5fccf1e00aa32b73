// SPDX-License-Identifier: BSL-1.0
/// \file
/// A mean of integers.
// expect: ctgrad: a mean needs float or double elements; convert them with cast<float>\(x\)
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<std::int64_t, Shape<3>> x) { return mean(x); }  // <- here
