// SPDX-License-Identifier: BSL-1.0
/// \file
/// A user operation of integers.
// expect: ctgrad: a user's elementwise operation needs operands of one floating type
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

struct Half {
  static constexpr std::string_view name = "half";
  template <class T>
  static constexpr T value(T a) {
    return a / 2;
  }
};

auto wrong(Symbol<std::int64_t, Shape<3>> x) {
  return elementwise<Half>(x);  // <- here
}
