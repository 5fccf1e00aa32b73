// SPDX-License-Identifier: BSL-1.0
/// \file
/// A sparse Jacobian by a batch whose length is not known.
// expect: ctgrad: sparsity is found at compile time and needs all lengths then; use jvp, vjp or hvp
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

auto wrong(Symbol<float, Shape<batch, 3>> x) {
  return sparse_jacobian([](auto a) { return a * a; })(x);  // <- here
}
