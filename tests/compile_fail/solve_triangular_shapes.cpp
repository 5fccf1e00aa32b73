// SPDX-License-Identifier: BSL-1.0
/// \file
/// A triangular system of equations with more equations than right-hand sides.
// expect: ctgrad: linalg::solve_triangular takes a matrix Shape<n, n> and a vector Shape<n> or a matrix Shape<n, k>
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3, 3>> a, Symbol<float, Shape<2>> b) {
  return linalg::solve_triangular(a, b, linalg::lower);  // <- here
}
