// SPDX-License-Identifier: BSL-1.0
/// \file
/// A number of channels that is known at run time only.
// expect: ctgrad: BatchNorm needs a number of channels known at compile time
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<4, batch>> x) {
  return nn::BatchNorm1d{}(x);  // <- here
}
