// SPDX-License-Identifier: BSL-1.0
/// \file
/// The point in the place of an option.
// expect: ctgrad: the options of a derivative are wrt<...> and has_aux
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x) {
  return gradient([](auto a) { return sum(a); }, x);  // <- here
}
