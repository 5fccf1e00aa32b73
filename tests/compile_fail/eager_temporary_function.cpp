// SPDX-License-Identifier: BSL-1.0
/// \file
/// An elementwise function of an unnamed tensor.
// expect: ctgrad: this expression would read a temporary tensor after it is gone; give the tensor a name first
#include "ctgrad/dynamic/eager.hpp"

using namespace ctgrad;

auto half() { return tanh(Tensor<float, Shape<3>>{1, 2, 3}); }  // <- here
