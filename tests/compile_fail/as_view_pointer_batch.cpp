// SPDX-License-Identifier: BSL-1.0
/// \file
/// A view of a pointer with an axis whose length nobody gives.
// expect: ctgrad: a view of a pointer needs the lengths of the axes that the shape names
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(float* data) {
  return as_view<Shape<batch, 3>>(data);  // <- here
}
