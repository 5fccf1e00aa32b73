// SPDX-License-Identifier: BSL-1.0
/// \file
/// A height known at run time only.
// expect: ctgrad: conv2d needs channels, height and width known at compile time; only the number of images may be named
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<1, 1, batch, 8>> x, Symbol<float, Shape<1, 1, 3, 3>> w) {
  return conv2d(x, w);  // <- here
}
