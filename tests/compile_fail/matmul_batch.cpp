// SPDX-License-Identifier: BSL-1.0
/// \file
/// Batches that do not broadcast.
// expect: ctgrad: matmul needs batch axes \(all but the last two\) that broadcast
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 4, 3>> x, Symbol<float, Shape<5, 3, 4>> y) {
  return matmul(x, y);  // <- here
}
