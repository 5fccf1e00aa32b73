// SPDX-License-Identifier: BSL-1.0
/// \file
/// Weights for another number of channels.
// expect: ctgrad: conv2d needs weights .O, C / groups, KH, KW. for images of C channels; check the number of channels and the groups
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 3, 8, 8>> x, Symbol<float, Shape<4, 1, 3, 3>> w) {
  return conv2d(x, w);  // <- here
}
