// SPDX-License-Identifier: BSL-1.0
/// \file
/// A user operation of too many operands.
// expect: ctgrad: a user's elementwise operation has at most three operands
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

struct Four {
  static constexpr std::string_view name = "four";
  template <class T>
  static constexpr T value(T a, T b, T c, T d) {
    return a + b + c + d;
  }
};

auto wrong(Symbol<float, Shape<3>> x) {
  return elementwise<Four>(x, x, x, x);  // <- here
}
