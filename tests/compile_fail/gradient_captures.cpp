// SPDX-License-Identifier: BSL-1.0
/// \file
/// A compiled function that captures a variable.
// expect: ctgrad: the function must not capture anything: pass values as arguments, or keep them in a struct
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Tensor<float, Shape<3>> x, float s) {
  return gradient([s](auto a) { return sum(a * s); })(x);  // <- here
}
