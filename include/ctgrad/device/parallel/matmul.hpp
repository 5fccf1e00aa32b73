// SPDX-License-Identifier: BSL-1.0
/// \file
/// Matrix products on a device of many threads: a library's.
#pragma once

#include "ctgrad/device/matrix_product.hpp"
#include "ctgrad/passes/product_epilogue.hpp"

namespace ctgrad::parallel {

/// The step of a matrix product.
template <class T, class System>
void run_matmul(System& system, const StepArguments& x, std::int64_t attribute) {
  for_each_product<T>(x, attribute, [&](const MatrixProduct<T>& p) { system.template multiply<T>(p); });
}

/// The step of a matrix product and the loop after it in one call, with the loop's result in the place of the
/// product's. False, with nothing done, where apart(), which runs both, is to be called instead.
template <class T, class System, class Apart>
bool run_matmul_with_epilogue(System& system, const StepArguments& x, std::int64_t attribute, ProductEpilogue epilogue,
                              const void* bias, const Apart& apart) {
  // Products of more than one batch axis can be several calls.
  if (x.result_shape().rank > 3 || x.result_shape().size() == 0) return false;
  bool done = false;
  for_each_product<T>(x, attribute, [&](const MatrixProduct<T>& p) {
    done = system.template multiply_with_epilogue<T>(p, epilogue, static_cast<const T*>(bias), apart);
  });
  return done;
}

}  // namespace ctgrad::parallel
