// SPDX-License-Identifier: BSL-1.0
/// \file
/// A sparse Hessian of a function that captures a variable.
// expect: ctgrad: a function whose sparsity is wanted must not capture anything: pass values as arguments
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Tensor<float, Shape<3>> x, float s) {
  return sparse_hessian([s](auto a) { return sum(a * a * s); })(x);  // <- here
}
