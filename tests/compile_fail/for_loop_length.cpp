// SPDX-License-Identifier: BSL-1.0
/// \file
/// As many turns as no argument says.
// expect: .
// expect: ctgrad: for_loop takes a named number of turns from an argument's shape, and no argument has this
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

constexpr auto f = [](auto x) { return for_loop<time_steps>([](auto, auto y) { return y * 2; }, x); };
auto wrong() { return compiled(f)(1.0); }
