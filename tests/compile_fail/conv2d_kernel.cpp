// SPDX-License-Identifier: BSL-1.0
/// \file
/// A kernel larger than the image.
// expect: ctgrad: the kernel of conv2d is larger than the padded image; use a smaller kernel or more padding
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 1, 4, 8>> x, Symbol<float, Shape<1, 1, 3, 3>> w) {
  return conv2d(x, w, dilation<2>);  // <- here
}
