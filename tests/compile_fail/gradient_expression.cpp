// SPDX-License-Identifier: BSL-1.0
/// \file
/// A gradient at an expression that was not evaluated.
// expect: ctgrad: an argument is an expression that was not evaluated; pass a Tensor
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(const Tensor<float, Shape<3>>& x) {
  return gradient([](auto a) { return sum(a); })(x * 2);  // <- here
}
