// SPDX-License-Identifier: BSL-1.0
/// \file
/// A number that an operation on arrays meets before the function's argument does.
// expect: constant expression
// expect: ctgrad: a number made from nothing that the function takes belongs to no graph
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

constexpr auto wrong = [](auto x) {
  const auto two = decltype(sum(x))(2);
  return x + broadcast_to(two, shape<3>);  // <- here
};
auto program = compile<Cpu>(wrong, spec<float, 3>);
