// SPDX-License-Identifier: BSL-1.0
/// \file
/// Matrix products on a device of many threads: a library's.
#pragma once

#include "ctgrad/device/matrix_product.hpp"

namespace ctgrad::parallel {

/// The step of a matrix product.
template <class T, class System>
void run_matmul(System& system, const StepArguments& x, std::int64_t attribute) {
  for_each_product<T>(x, attribute, [&](const MatrixProduct<T>& p) { system.template multiply<T>(p); });
}

}  // namespace ctgrad::parallel
