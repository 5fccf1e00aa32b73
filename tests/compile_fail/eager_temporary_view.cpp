// SPDX-License-Identifier: BSL-1.0
/// \file
/// A view of an unnamed tensor.
// expect: ctgrad: this expression would read a temporary tensor after it is gone; give the tensor a name first
#include "ctgrad/dynamic/eager.hpp"

using namespace ctgrad;

auto turned() { return transpose(Tensor<float, Shape<2, 2>>{1, 2, 3, 4}); }  // <- here
