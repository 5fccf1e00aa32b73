// SPDX-License-Identifier: BSL-1.0
/// \file
/// A product with a vector.
// expect: ctgrad: matmul needs two operands of at least two axes; reshape a vector to a matrix of one row or one column
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 3>> x, Symbol<float, Shape<3>> y) {
  return matmul(x, y);  // <- here
}
