// SPDX-License-Identifier: BSL-1.0
/// \file
/// Compiling a function that returns a number.
// expect: ctgrad: a compiled function must return a symbol, or a std::tuple, std::pair or std::array of them
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

constexpr auto constant = [](auto) { return 3.0; };
constexpr GraphBuilder wrong() { return trace<Spec<float, Shape<3>>>(constant); }  // <- here
