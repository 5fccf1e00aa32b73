// SPDX-License-Identifier: BSL-1.0
/// \file
/// The gradient of a user operation that has no derivative rule.
// expect: .
// expect: ctgrad: a user operation without a derivative rule is differentiated: give it a member derivative
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

struct Rounding {
  static constexpr std::string_view name = "rounding";
  template <class T>
  CTGRAD_FUNCTION static T value(T a) {
    return math::round(a);
  }
};

constexpr auto slope = gradient([](auto a) { return sum(elementwise<Rounding>(a)); });
auto wrong() { return compile<Cpu>(slope, spec<float, 3>); }
