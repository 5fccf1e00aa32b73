// SPDX-License-Identifier: BSL-1.0
/// \file
/// Times of another type than the unknowns.
// expect: ctgrad: odeint needs unknowns, times and parameters of one element type, float or double
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

constexpr auto f = [](auto y, auto) { return y; };
auto wrong() { return odeint(f)(1.0F, std::array{0.0, 1.0}); }  // <- here
