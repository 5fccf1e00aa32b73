// SPDX-License-Identifier: BSL-1.0
/// \file
/// No window.
// expect: ctgrad: pooling needs a kernel_size<...> from 1 to 255
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 4, 8>> x) {
  return max_pool2d(x, stride<2>);  // <- here
}
