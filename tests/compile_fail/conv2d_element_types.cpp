// SPDX-License-Identifier: BSL-1.0
/// \file
/// Images and weights of different types.
// expect: ctgrad: conv2d needs images and weights of one element type; convert one with cast<T>.x.
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<double, Shape<batch, 1, 4, 8>> x, Symbol<float, Shape<1, 1, 3, 3>> w) {
  return conv2d(x, w);  // <- here
}
