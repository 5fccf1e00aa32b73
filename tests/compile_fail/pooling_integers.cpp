// SPDX-License-Identifier: BSL-1.0
/// \file
/// Integers.
// expect: ctgrad: pooling needs float or double elements; convert them with cast<float>.x.
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<std::int64_t, Shape<batch, 4, 8>> x) {
  return max_pool2d(x, kernel_size<2>);  // <- here
}
