// SPDX-License-Identifier: BSL-1.0
/// \file
/// A number where the triangle is named.
// expect: ctgrad: linalg::solve_triangular takes the triangle that it reads last
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3, 3>> a, Symbol<float, Shape<3>> b) {
  return linalg::solve_triangular(a, b, 1);  // <- here
}
