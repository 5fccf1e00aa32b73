// SPDX-License-Identifier: BSL-1.0
/// \file
/// A number of classes that is not known.
// expect: ctgrad: cross_entropy needs a number of classes known at compile time
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<10, batch>> x, Symbol<std::int64_t, Shape<10>> t) {
  return cross_entropy(x, t);  // <- here
}
