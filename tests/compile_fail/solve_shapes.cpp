// SPDX-License-Identifier: BSL-1.0
/// \file
/// A system of equations with more unknowns than equations.
// expect: ctgrad: linalg::solve takes a matrix Shape<n, n> and a vector Shape<n> or a matrix Shape<n, k>
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3, 4>> a, Symbol<float, Shape<3>> b) {
  return linalg::solve(a, b);  // <- here
}
