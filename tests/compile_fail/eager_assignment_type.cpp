// SPDX-License-Identifier: BSL-1.0
/// \file
/// An expression of another element type than the tensor.
// expect: ctgrad: the expression has another element type than the tensor it is assigned to; convert it with cast<T>\(x\)
#include "ctgrad/dynamic/eager.hpp"

using namespace ctgrad;

void assign(const Tensor<float, Shape<3>>& x, Tensor<double, Shape<3>>& y) {
  y = x + 1;  // <- here
}
