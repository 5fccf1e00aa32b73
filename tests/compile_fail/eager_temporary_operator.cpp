// SPDX-License-Identifier: BSL-1.0
/// \file
/// An operator beside an unnamed tensor.
// expect: ctgrad: this expression would read a temporary tensor after it is gone; give the tensor a name first
#include "ctgrad/dynamic/eager.hpp"

using namespace ctgrad;

Tensor<float, Shape<3>> make() { return {1, 2, 3}; }

auto add(const Tensor<float, Shape<3>>& x) { return x + make(); }  // <- here
