// SPDX-License-Identifier: BSL-1.0
/// \file
/// One axis only.
// expect: ctgrad: batch normalisation needs at least two axes, .N, C. or images .N, C, H, W.
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<8>> x) {
  return batch_statistics(x);  // <- here
}
