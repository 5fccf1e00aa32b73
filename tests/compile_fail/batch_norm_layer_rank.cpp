// SPDX-License-Identifier: BSL-1.0
/// \file
/// A layer on a vector.
// expect: ctgrad: BatchNorm needs at least two axes, .N, C. or images .N, C, H, W.
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<8>> x) {
  return nn::BatchNorm1d{}(x);  // <- here
}
