// SPDX-License-Identifier: BSL-1.0
/// \file
/// A power series of a negative number of terms.
// expect: ctgrad: taylor<Order> needs an order of at least 0
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

constexpr auto wave = [](auto a) { return sin(a); };
auto wrong() { return taylor<-1>(wave); }  // <- here
