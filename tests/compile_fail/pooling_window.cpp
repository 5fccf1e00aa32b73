// SPDX-License-Identifier: BSL-1.0
/// \file
/// A window larger than the image.
// expect: ctgrad: the window of a pooling is larger than the padded image; use a smaller kernel_size or more padding
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 4, 8>> x) {
  return max_pool2d(x, kernel_size<5>);  // <- here
}
