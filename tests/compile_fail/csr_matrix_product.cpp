// SPDX-License-Identifier: BSL-1.0
/// \file
/// A sparse matrix times a vector of another length.
// expect: ctgrad: a sparse matrix takes a vector of its element type with as many elements as it has columns
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Tensor<float, Shape<3>> x, Tensor<float, Shape<4>> v) {
  return sparse_jacobian([](auto a) { return a * a; })(x) * v;  // <- here
}
