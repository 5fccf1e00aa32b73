// SPDX-License-Identifier: BSL-1.0
/// \file
/// Tensors whose shapes do not broadcast.
// expect: ctgrad: the shapes of the operands do not broadcast
#include "ctgrad/dynamic/eager.hpp"

using namespace ctgrad;

auto add(const Tensor<float, Shape<2, 3>>& x, const Tensor<float, Shape<4>>& y) {
  return x + y;  // <- here
}
