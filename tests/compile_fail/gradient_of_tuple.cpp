// SPDX-License-Identifier: BSL-1.0
/// \file
/// The gradient of a function that returns two results.
// expect: ctgrad: the function to differentiate must return one scalar
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<2, 3>> x) {
  return gradient([](auto a) { return std::pair{sum(a), sum(a)}; })(x);  // <- here
}
