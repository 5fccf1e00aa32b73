// SPDX-License-Identifier: BSL-1.0
/// \file
/// Rows of a scalar.
// expect: ctgrad: take needs a table with at least one axis
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<>> x, Symbol<std::int64_t, Shape<2>> i) {
  return take(x, i);  // <- here
}
