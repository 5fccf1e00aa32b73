// SPDX-License-Identifier: BSL-1.0
/// \file
/// A sparse Jacobian of more elements than a compiler can look through.
// expect: ctgrad: this function is too large to find its sparsity while the program compiles
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Tensor<float, Shape<3>> x) {
  return sparse_jacobian([](auto a) { return sum(broadcast_to(a, shape<200000, 3>)); })(x);  // <- here
}
