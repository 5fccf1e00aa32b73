// SPDX-License-Identifier: BSL-1.0
/// \file
/// A gradient written to an array of another shape.
// expect: ctgrad: what into.* writes to must have the structure of the result
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

void wrong(const Tensor<float, Shape<3>>& x, Tensor<float, Shape<4>>& result) {
  gradient([](auto a) { return sum(a * a); }).into(result, x);  // <- here
}
