// SPDX-License-Identifier: BSL-1.0
/// \file
/// The inverse of a matrix that is not square.
// expect: ctgrad: linalg::inv takes a matrix Shape<n, n>
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3, 4>> a) {
  return linalg::inv(a);  // <- here
}
