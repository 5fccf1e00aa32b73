// SPDX-License-Identifier: BSL-1.0
/// \file
/// vmap over an argument that is not there.
// expect: ctgrad: mapped names an argument that the function was not given; arguments count from 0
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<3>> x) {
  return vmap([](auto a) { return a; }, mapped<1>)(x);  // <- here
}
