// SPDX-License-Identifier: BSL-1.0
/// \file
/// Matrix products by their definition, in rows and in columns, and a list of products that has every layout.
#pragma once

#include <ctgrad/device/cuda/column_major.hpp>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>
#include <vector>

namespace ctgrad_test {

using ctgrad::MatrixProduct;

/// C = op(A) op(B) + beta * C, all in columns: op(A) is [m, k].
template <class T>
void multiply_in_columns(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* a,
                         std::int64_t ld_a, const T* b, std::int64_t ld_b, double beta, T* c, std::int64_t ld_c) {
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t i = 0; i < m; ++i) {
      double sum = beta == 0 ? 0 : beta * static_cast<double>(c[i + j * ld_c]);
      for (std::int64_t l = 0; l < k; ++l)
        sum += static_cast<double>(transpose_a ? a[l + i * ld_a] : a[i + l * ld_a]) *
               static_cast<double>(transpose_b ? b[j + l * ld_b] : b[l + j * ld_b]);
      c[i + j * ld_c] = static_cast<T>(sum);
    }
}

/// What the description of MatrixProduct says.
template <class T>
void multiply_in_rows(const MatrixProduct<T>& p) {
  for (std::int64_t z = 0; z < p.batch; ++z)
    for (std::int64_t i = 0; i < p.m; ++i)
      for (std::int64_t j = 0; j < p.n; ++j) {
        const T* a = p.a + z * p.stride_a;
        const T* b = p.b + z * p.stride_b;
        T& c = p.c[z * p.stride_c + i * p.row_c + j];
        double sum = p.adds ? static_cast<double>(c) : 0;
        for (std::int64_t l = 0; l < p.k; ++l)
          sum += static_cast<double>(p.transpose_a ? a[l * p.row_a + i] : a[i * p.row_a + l]) *
                 static_cast<double>(p.transpose_b ? b[j * p.row_b + l] : b[l * p.row_b + j]);
        c = static_cast<T>(sum);
      }
}

/// A product with arrays of its own.
template <class T>
struct OwnedProduct {
  MatrixProduct<T> p;
  std::vector<T> a, b, c;

  /// `gap`: unused elements at the end of each row. Operands of which the batch has one have a stride of 0.
  OwnedProduct(std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k, bool transpose_a, bool transpose_b,
               bool one_a, bool one_b, bool adds, std::int64_t gap) {
    p.batch = batch;
    p.m = m;
    p.n = n;
    p.k = k;
    p.transpose_a = transpose_a;
    p.transpose_b = transpose_b;
    p.adds = adds;
    p.row_a = (transpose_a ? m : k) + gap;
    p.row_b = (transpose_b ? k : n) + gap;
    p.row_c = n + gap;
    const std::int64_t size_a = p.row_a * (transpose_a ? k : m);
    const std::int64_t size_b = p.row_b * (transpose_b ? n : k);
    p.stride_a = one_a ? 0 : size_a;
    p.stride_b = one_b ? 0 : size_b;
    p.stride_c = m * p.row_c;
    std::mt19937 random(static_cast<unsigned>(m * 100 + n * 10 + k));
    auto fill = [&](std::vector<T>& x, std::int64_t size) {
      x.resize(static_cast<std::size_t>(size));
      for (T& number : x) number = static_cast<T>(std::uniform_int_distribution<int>(-8, 8)(random));
    };
    fill(a, size_a * (one_a ? 1 : batch));
    fill(b, size_b * (one_b ? 1 : batch));
    fill(c, p.stride_c * batch);
    p.a = a.data();
    p.b = b.data();
    p.c = c.data();
  }
};

/// Calls body(product) for products of every layout: `body` is to compute it as the library does.
template <class T, class Body>
void for_each_layout(const Body& body) {
  const std::int64_t sizes[][3] = {{2, 3, 4}, {1, 5, 3}, {4, 1, 3}, {3, 2, 1}, {1, 1, 1}, {3, 4, 0}, {0, 2, 3}};
  for (const auto& size : sizes)
    for (const std::int64_t batch : {1, 3})
      for (unsigned bits = 0; bits < 64; ++bits)
        body(OwnedProduct<T>(batch, size[0], size[1], size[2], (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0,
                             (bits & 8) != 0, (bits & 16) != 0, (bits & 32) != 0 ? 2 : 0));
}

/// Checks that compute(p) writes what the definition says, and nothing beside it. The numbers are small integers, so
/// every sum is exact.
template <class T, class Compute>
void check_all_layouts(const Compute& compute) {
  for_each_layout<T>([&](OwnedProduct<T> owned) {
    std::vector<T> wanted = owned.c;
    MatrixProduct<T> by_definition = owned.p;
    by_definition.c = wanted.data();
    multiply_in_rows(by_definition);
    compute(owned.p);
    BOOST_TEST((owned.c == wanted), ctgrad::cuda::to_text(owned.p)
                                        << ", transposed " << owned.p.transpose_a << owned.p.transpose_b << ", rows "
                                        << owned.p.row_a << " " << owned.p.row_b << " " << owned.p.row_c << ", adds "
                                        << owned.p.adds);
  });
}

}  // namespace ctgrad_test
