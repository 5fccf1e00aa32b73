// SPDX-License-Identifier: BSL-1.0
/// \file
/// A view of a parameter with an axis of run-time length.
// expect: ctgrad: a parameter's shape is known at compile time; give each axis a number
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(nn::ParameterBlock<float>& parameters) {
  return parameters.view<Shape<batch, 3>>("weight");  // <- here
}
