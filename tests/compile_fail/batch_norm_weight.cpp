// SPDX-License-Identifier: BSL-1.0
/// \file
/// A weight for the columns instead of the channels.
// expect: ctgrad: batch_norm needs mean, variance, weight and bias of shape .C., C being the second extent of x
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 3, 4, 5>> x, Symbol<float, Shape<3>> c, Symbol<float, Shape<5>> weight) {
  return batch_norm(x, c, c, weight, c);  // <- here
}
