// SPDX-License-Identifier: BSL-1.0
/// \file
/// A view of a span with two axes whose lengths nobody gives.
// expect: ctgrad: a span has one length: as_view needs all axes but one known at compile time
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(std::span<float> data) {
  return as_view<Shape<batch, batch>>(data);  // <- here
}
