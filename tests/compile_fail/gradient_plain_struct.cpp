// SPDX-License-Identifier: BSL-1.0
/// \file
/// A gradient by a struct that is no template.
// expect: ctgrad: this is no number, no array and no structure of them
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

struct Point {
  double x, y;
};

auto wrong(Point p) {
  return gradient([](auto a) { return a.x * a.y; })(p);  // <- here
}
