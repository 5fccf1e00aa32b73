// SPDX-License-Identifier: BSL-1.0
/// \file
/// An argument of convolution.
// expect: ctgrad: pooling takes kernel_size<...>, stride<...> and padding<...> after its operand, each at most once
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 4, 8>> x) {
  return max_pool2d(x, kernel_size<2>, dilation<2>);  // <- here
}
