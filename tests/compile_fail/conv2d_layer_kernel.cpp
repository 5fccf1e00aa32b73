// SPDX-License-Identifier: BSL-1.0
/// \file
/// A layer without the name of its kernel.
// expect: ctgrad: the second argument of Conv2d is its KernelSize<...>: Conv2d<16, KernelSize<3>, Padding<1>>
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 1, 4, 8>> x) {
  return nn::Conv2d<4, Stride<3>>{}(x);  // <- here
}
