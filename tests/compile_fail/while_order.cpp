// SPDX-License-Identifier: BSL-1.0
/// \file
/// The second derivative of a loop that may be differentiated once.
// expect: .
// expect: ctgrad: a loop, a branch or odeint is differentiated more often than its options allow; allow one order
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

constexpr auto f = [](auto x) { return while_loop([](auto c) { return c < 4; }, [](auto c) { return 2 * c; }, x); };
auto wrong() { return hessian(f)(1.0); }
