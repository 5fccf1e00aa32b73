// SPDX-License-Identifier: BSL-1.0
/// \file
/// One equation for two unknowns.
// expect: ctgrad: the function must return as many residuals as there are unknowns for root
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

constexpr auto f = [](auto x) { return x[0] * x[1] - 1; };
auto wrong() { return root(f)(std::array{1.0, 2.0}); }  // <- here
