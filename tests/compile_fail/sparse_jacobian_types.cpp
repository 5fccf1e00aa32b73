// SPDX-License-Identifier: BSL-1.0
/// \file
/// A sparse Jacobian of a result of another type than the argument.
// expect: ctgrad: a sparse Jacobian or Hessian needs arguments and results of one floating type
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Tensor<float, Shape<3>> x) {
  return sparse_jacobian([](auto a) { return cast<double>(a); })(x);  // <- here
}
