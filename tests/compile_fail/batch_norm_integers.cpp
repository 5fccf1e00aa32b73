// SPDX-License-Identifier: BSL-1.0
/// \file
/// Integers.
// expect: ctgrad: batch normalisation needs float or double elements; convert them with cast<float>.x.
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<std::int64_t, Shape<batch, 4>> x) {
  return batch_statistics(x);  // <- here
}
