// SPDX-License-Identifier: BSL-1.0
/// \file
/// A Jacobian by a batch whose length is not known.
// expect: ctgrad: jacobian and hessian need lengths known at compile time; use jvp, vjp or hvp
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 3>> x) {
  return jacobian([](auto a) { return a * a; })(x);  // <- here
}
