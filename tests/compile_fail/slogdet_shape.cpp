// SPDX-License-Identifier: BSL-1.0
/// \file
/// The determinant of a matrix that is not square.
// expect: ctgrad: linalg::slogdet takes a matrix Shape<n, n>
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3, 4>> a) {
  return linalg::slogdet(a);  // <- here
}
