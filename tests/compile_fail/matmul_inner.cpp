// SPDX-License-Identifier: BSL-1.0
/// \file
/// Inner extents that differ.
// expect: ctgrad: matmul needs as many columns in the first operand as rows in the second; transpose one of them or check the layer sizes
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 3>> x, Symbol<float, Shape<4, 5>> y) {
  return matmul(x, y);  // <- here
}
