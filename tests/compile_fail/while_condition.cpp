// SPDX-License-Identifier: BSL-1.0
/// \file
/// A condition for each element.
// expect: .
// expect: ctgrad: the condition of a while_loop must return one boolean symbol, as x < 10 does
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

constexpr auto f = [](auto x) { return while_loop([](auto c) { return c < 4; }, [](auto c) { return 2 * c; }, x); };
auto wrong(const Tensor<double, Shape<3>>& x) { return compiled(f)(x); }
