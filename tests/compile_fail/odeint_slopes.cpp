// SPDX-License-Identifier: BSL-1.0
/// \file
/// A right-hand side with fewer slopes than unknowns.
// expect: ctgrad: the function that odeint solves must return the slopes of the unknowns, in the structure and
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

constexpr auto f = [](auto y, auto) { return y[0]; };
auto wrong() { return odeint(f)(std::array{1.0, 2.0}, std::array{0.0, 1.0}); }  // <- here
