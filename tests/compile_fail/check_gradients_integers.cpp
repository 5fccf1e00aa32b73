// SPDX-License-Identifier: BSL-1.0
/// \file
/// A check of derivatives by integers.
// expect: ctgrad: check_gradients needs an argument of floating numbers
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(const Tensor<std::int64_t, Shape<3>>& x) {
  return check_gradients([](auto a) { return sum(cast<double>(a)); }, x);  // <- here
}
