// SPDX-License-Identifier: BSL-1.0
/// \file
/// An argument given twice.
// expect: ctgrad: conv2d takes stride<...>, padding<...>, dilation<...> and groups<...> after its operands, each at most once
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 1, 4, 8>> x, Symbol<float, Shape<1, 1, 3, 3>> w) {
  return conv2d(x, w, stride<1>, stride<2>);  // <- here
}
