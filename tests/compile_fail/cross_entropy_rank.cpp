// SPDX-License-Identifier: BSL-1.0
/// \file
/// Scores and targets of one shape.
// expect: ctgrad: cross_entropy needs logits with one axis more than the targets: the classes, last
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 10>> x, Symbol<std::int64_t, Shape<batch, 10>> t) {
  return cross_entropy(x, t);  // <- here
}
