// SPDX-License-Identifier: BSL-1.0
/// \file
/// Output channels that groups do not divide.
// expect: ctgrad: conv2d needs a number of groups from 1 to 32767 that divides the number of output channels
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 4, 8, 8>> x, Symbol<float, Shape<3, 2, 3, 3>> w) {
  return conv2d(x, w, groups<2>);  // <- here
}
