// SPDX-License-Identifier: BSL-1.0
/// \file
/// Padding that leaves windows empty.
// expect: ctgrad: the padding of a pooling may be at most half of its kernel_size, so that no window is empty
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 4, 8>> x) {
  return avg_pool2d(x, kernel_size<3>, padding<2>);  // <- here
}
