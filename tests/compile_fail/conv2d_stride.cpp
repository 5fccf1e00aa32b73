// SPDX-License-Identifier: BSL-1.0
/// \file
/// A stride of zero.
// expect: ctgrad: conv2d needs strides and dilations from 1 to 255 and paddings from 0 to 255
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 1, 4, 8>> x, Symbol<float, Shape<1, 1, 3, 3>> w) {
  return conv2d(x, w, stride<0>);  // <- here
}
