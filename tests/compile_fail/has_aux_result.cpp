// SPDX-License-Identifier: BSL-1.0
/// \file
/// has_aux for a function that returns one number.
// expect: ctgrad: with has_aux the function must return a std::pair
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x) {
  return gradient([](auto a) { return sum(a); }, has_aux)(x);  // <- here
}
