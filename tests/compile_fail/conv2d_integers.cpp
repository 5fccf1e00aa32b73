// SPDX-License-Identifier: BSL-1.0
/// \file
/// Integers.
// expect: ctgrad: conv2d needs float or double elements; convert them with cast<float>.x.
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<std::int32_t, Shape<batch, 1, 4, 8>> x, Symbol<std::int32_t, Shape<1, 1, 3, 3>> w) {
  return conv2d(x, w);  // <- here
}
