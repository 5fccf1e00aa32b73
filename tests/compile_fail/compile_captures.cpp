// SPDX-License-Identifier: BSL-1.0
/// \file
/// Compiling a lambda that captures a variable.
// expect: ctgrad: the function must not capture anything: pass values as arguments, or keep them in a struct
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(float s) {
  const auto scale = [s](auto a) { return a * s; };
  return compile<Cpu>(scale, spec<float, 3>);
}
