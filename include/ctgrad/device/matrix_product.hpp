// SPDX-License-Identifier: BSL-1.0
/// \file
/// The step of a matrix product, cut into what a library call takes.
#pragma once

#include <cstdint>

#include "ctgrad/device/step_arguments.hpp"

namespace ctgrad {

/// C = op(A) op(B) + keep * C for `batch` matrices, row-major: C is [m, n], op(A) [m, k], op(B) [k, n]. The strides are
/// elements: to the next row as stored, and to the next matrix of the batch, 0 where all share one.
template <class T>
struct MatrixProduct {
  std::int64_t batch = 1;
  std::int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  const T* a = nullptr;
  std::int64_t row_a = 0, stride_a = 0;
  const T* b = nullptr;
  std::int64_t row_b = 0, stride_b = 0;
  T* c = nullptr;
  std::int64_t row_c = 0, stride_c = 0;
  /// True to add to what C holds.
  bool adds = false;
};

/// Calls multiply(product) for the products of a step: once, with the last batch axis as the product's batch, for each
/// index of the batch axes before it. Nothing is called where the result has no elements.
template <class T, class Multiply>
void for_each_product(const StepArguments& x, std::int64_t attribute, const Multiply& multiply) {
  const KernelShape& a = x.shape[0];
  const KernelShape& b = x.shape[1];
  const KernelShape& c = x.result_shape();
  if (c.size() == 0) return;
  MatrixProduct<T> product;
  product.transpose_a = ops::MatMul::transpose_a(attribute);
  product.transpose_b = ops::MatMul::transpose_b(attribute);
  product.m = c[c.rank - 2];
  product.n = c[c.rank - 1];
  product.k = a[a.rank - (product.transpose_a ? 2 : 1)];
  product.row_a = a[a.rank - 1];
  product.row_b = b[b.rank - 1];
  product.row_c = product.n;
  product.stride_c = product.m * product.n;
  const auto* pa = static_cast<const T*>(x.pointer[0]);
  const auto* pb = static_cast<const T*>(x.pointer[1]);
  auto* pc = static_cast<T*>(x.result());
  const int batch_rank = c.rank - 2;
  // Strides of the batch axes, 0 where an operand is repeated; the last one runs in the batched call.
  std::int64_t stride_a[max_rank] = {};
  std::int64_t stride_b[max_rank] = {};
  auto strides = [&](const KernelShape& operand, std::int64_t* stride) {
    std::int64_t size = operand[operand.rank - 2] * operand[operand.rank - 1];
    for (int i = 1; i <= batch_rank; ++i) {
      const int own = operand.rank - 2 - i;
      stride[batch_rank - i] = own < 0 || (operand[own] == 1 && c[batch_rank - i] != 1) ? 0 : size;
      if (own >= 0) size *= operand[own];
    }
  };
  strides(a, stride_a);
  strides(b, stride_b);
  std::int64_t outer = 1;
  for (int i = 0; i + 1 < batch_rank; ++i) outer *= c[i];
  if (batch_rank > 0) {
    product.batch = c[batch_rank - 1];
    product.stride_a = stride_a[batch_rank - 1];
    product.stride_b = stride_b[batch_rank - 1];
  }
  for (std::int64_t o = 0; o < outer; ++o) {
    std::int64_t rest = o;
    product.a = pa;
    product.b = pb;
    product.c = pc + o * product.batch * product.stride_c;
    for (int i = batch_rank - 2; i >= 0; --i) {
      product.a += rest % c[i] * stride_a[i];
      product.b += rest % c[i] * stride_b[i];
      rest /= c[i];
    }
    multiply(product);
  }
}

}  // namespace ctgrad
