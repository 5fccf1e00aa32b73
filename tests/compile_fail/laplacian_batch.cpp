// SPDX-License-Identifier: BSL-1.0
/// \file
/// The Laplacian by a batch.
// expect: ctgrad: laplacian needs arguments of lengths known at compile time; write the function for one
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 3>> x) {
  return laplacian([](auto a) { return sum(a * a); })(x);  // <- here
}
