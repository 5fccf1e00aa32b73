// SPDX-License-Identifier: BSL-1.0
/// \file
/// An expression that does not fit the tensor it is assigned to.
// expect: ctgrad: the shape of the expression does not stretch to that of the tensor it is assigned to; reshape one of them
#include "ctgrad/dynamic/eager.hpp"

using namespace ctgrad;

void assign(const Tensor<float, Shape<2, 3>>& x, Tensor<float, Shape<3>>& y) {
  y = x + 1;  // <- here
}
