// SPDX-License-Identifier: BSL-1.0
/// \file
/// Images without an axis for their number.
// expect: ctgrad: conv2d needs images .N, C, H, W. and weights .O, C / groups, KH, KW.; reshape what has another number of axes
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3, 8, 8>> x, Symbol<float, Shape<4, 3, 3, 3>> w) {
  return conv2d(x, w);  // <- here
}
