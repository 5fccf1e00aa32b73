// SPDX-License-Identifier: BSL-1.0
/// \file
/// The gradient by an integer argument.
// expect: ctgrad: an argument to differentiate by is not of a floating type; select others with wrt<\.\.\.>
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<std::int64_t, Shape<3>> i, Symbol<float, Shape<3>> x) {
  return gradient([](auto a, auto b) { return sum(take(b, a)); })(i, x);  // <- here
}
