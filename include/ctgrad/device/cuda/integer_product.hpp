// SPDX-License-Identifier: BSL-1.0
/// \file
/// Matrix products of integers on a GPU, which cuBLAS does not have: a thread for each element of the result.
#pragma once

#include <type_traits>

#include "ctgrad/device/matrix_product.hpp"

namespace ctgrad::cuda {

template <class T>
struct IntegerProductBody {
  // Overflow wraps round, as it does in NumPy.
  using U = std::make_unsigned_t<T>;
  MatrixProduct<T> p;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t column = i % p.n;
    const std::int64_t row = i / p.n % p.m;
    const std::int64_t number = i / p.n / p.m;
    const T* a = p.a + number * p.stride_a + row * (p.transpose_a ? 1 : p.row_a);
    const T* b = p.b + number * p.stride_b + column * (p.transpose_b ? p.row_b : 1);
    T& c = p.c[number * p.stride_c + row * p.row_c + column];
    U sum = p.adds ? static_cast<U>(c) : U(0);
    for (std::int64_t k = 0; k < p.k; ++k)
      sum +=
          static_cast<U>(a[k * (p.transpose_a ? p.row_a : 1)]) * static_cast<U>(b[k * (p.transpose_b ? 1 : p.row_b)]);
    c = static_cast<T>(sum);
  }
};

template <class System, class T>
void multiply_integers(System& system, const MatrixProduct<T>& product) {
  system.for_each(product.batch * product.m * product.n, IntegerProductBody<T>{product});
}

}  // namespace ctgrad::cuda
