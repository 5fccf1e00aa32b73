// SPDX-License-Identifier: BSL-1.0
/// \file
/// The derivative by a member that the argument does not have.
// expect: ctgrad: wrt_names names a member that no argument has; parts of members are written rod.length
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

template <class T>
struct Rod {
  T length, mass;
};
constexpr auto f = [](auto rod) { return rod.length * rod.mass; };
auto wrong(const Rod<double>& rod) { return gradient(f, wrt_names<"lenght">)(rod); }  // <- here
