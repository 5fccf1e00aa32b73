// SPDX-License-Identifier: BSL-1.0
/// \file
/// Fewer turns than none.
// expect: ctgrad: a loop has at least 0 turns
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<double, Shape<>> x) {
  return for_loop<-1>([](auto, auto y) { return y * 2; }, x);  // <- here
}
