// SPDX-License-Identifier: BSL-1.0
/// \file
/// The steps that are not fused loops, on the CPU: copying, gathering, searching, random numbers.
#pragma once

#include <cstring>

#include "ctgrad/core/error.hpp"
#include "ctgrad/device/cpu/matmul.hpp"
#include "ctgrad/device/matrix_product.hpp"
#include "ctgrad/tensor/random.hpp"

namespace ctgrad::cpu {

namespace detail {

/// Reads an index array and checks every element first, so that nothing is written when one is wrong.
class Indices {
public:
  Indices(const char* operation, const void* data, const KernelShape& shape, DType dtype, std::int64_t length)
      : data_(data), wide_(dtype == DType::int64) {
    const std::int64_t count = shape.size();
    visit([&](const auto* index) {
      // All are good as a rule: one branch for four. A negative index is a large unsigned one.
      const auto wrong = [&](std::int64_t i) -> int {
        return static_cast<std::uint64_t>(std::int64_t{index[i]}) >= static_cast<std::uint64_t>(length) ? 1 : 0;
      };
      std::int64_t i = 0;
      while (i + 4 <= count && (wrong(i) | wrong(i + 1) | wrong(i + 2) | wrong(i + 3)) == 0) i += 4;
      for (; i < count; ++i)
        if (wrong(i) != 0) ctgrad::detail::throw_index(operation, index[i], length);
    });
  }
  /// Calls run(pointer to the indices) with their own type.
  template <class Run>
  void visit(const Run& run) const {
    if (wide_) {
      run(static_cast<const std::int64_t*>(data_));
    } else {
      run(static_cast<const std::int32_t*>(data_));
    }
  }
  std::int64_t operator[](std::int64_t i) const {
    return wide_ ? static_cast<const std::int64_t*>(data_)[i] : static_cast<const std::int32_t*>(data_)[i];
  }

private:
  const void* data_;
  bool wide_;
};

/// Copies `count` blocks that lie apart.
inline void copy_blocks(char* to, std::int64_t to_step, const char* from, std::int64_t from_step, std::int64_t bytes,
                        std::int64_t count) {
  // A block of one element is a register, and a call to copy it would take longer than the copy.
  if (bytes == 8) {
    for (std::int64_t i = 0; i < count; ++i) std::memcpy(to + i * to_step, from + i * from_step, 8);
  } else if (bytes == 4) {
    for (std::int64_t i = 0; i < count; ++i) std::memcpy(to + i * to_step, from + i * from_step, 4);
  } else {
    for (std::int64_t i = 0; i < count; ++i)
      std::memcpy(to + i * to_step, from + i * from_step, static_cast<std::size_t>(bytes));
  }
}

}  // namespace detail

/// [outer, a + b, inner] from [outer, a, inner] and [outer, b, inner].
inline void run_concat(const StepArguments& x, int axis) {
  const AxisSplit result(x.result_shape(), axis);
  const auto element = static_cast<std::int64_t>(size_of(x.result_type()));
  auto* to = static_cast<char*>(x.result());
  const std::int64_t row = result.length * result.inner * element;
  if (result.outer * row == 0) return;
  for (int k = 0; k < 2; ++k) {
    const std::int64_t part = x.shape[k][axis] * result.inner * element;
    if (part > 0) detail::copy_blocks(to, row, static_cast<const char*>(x.pointer[k]), part, part, result.outer);
    to += part;
  }
}

/// Zeros with the operand at `first`, `first + step`, ... of one axis.
inline void run_pad(const StepArguments& x, std::int64_t attribute) {
  const int axis = ops::Pad::axis(attribute);
  const AxisSplit result(x.result_shape(), axis);
  const auto element = static_cast<std::int64_t>(size_of(x.result_type()));
  const std::int64_t row = result.inner * element;
  const std::int64_t length = x.shape[0][axis];
  auto* to = static_cast<char*>(x.result());
  if (result.outer * result.length * row == 0) return;
  const auto* from = static_cast<const char*>(x.pointer[0]);
  const std::int64_t first = ops::Pad::first(attribute) * row, step = ops::Pad::step(attribute) * row;
  const std::int64_t whole = result.length * row, part = length * row;
  // Many calls for a few bytes each would cost more than clearing all.
  if (step == row && whole >= 1024) {
    for (std::int64_t i = 0; i < result.outer; ++i, to += whole, from += part) {
      std::memset(to, 0, static_cast<std::size_t>(first));
      if (part > 0) detail::copy_blocks(to + first, 0, from, 0, part, 1);
      std::memset(to + first + part, 0, static_cast<std::size_t>(whole - first - part));
    }
  } else {
    std::memset(to, 0, static_cast<std::size_t>(result.outer * whole));
    to += first;
    if (step == row && part > 0) return detail::copy_blocks(to, whole, from, part, part, result.outer);
    for (std::int64_t i = 0; i < result.outer; ++i)
      detail::copy_blocks(to + i * whole, step, from + i * part, row, row, length);
  }
}

/// PyTorch's gather along one axis; `scatter` runs it backwards, adding.
template <class T>
void run_gather(const StepArguments& x, int axis, bool scatter) {
  const int wide = scatter ? x.input_count : 0;    // the operand with the full axis
  const int narrow = scatter ? 0 : x.input_count;  // the one shaped like the index
  const AxisSplit full(x.shape[wide], axis);
  const AxisSplit part(x.shape[narrow], axis);
  const detail::Indices index(scatter ? "scatter_add" : "gather", x.pointer[1], x.shape[1], x.dtype[1], full.length);
  auto* to = static_cast<T*>(x.result());
  const auto* from = static_cast<const T*>(x.pointer[0]);
  if (scatter)
    for (std::int64_t i = 0; i < full.outer * full.length * full.inner; ++i) to[i] = T(0);
  for (std::int64_t i = 0; i < part.outer; ++i)
    for (std::int64_t k = 0; k < part.length; ++k)
      for (std::int64_t j = 0; j < part.inner; ++j) {
        const std::int64_t small = (i * part.length + k) * part.inner + j;
        const std::int64_t large = (i * full.length + index[small]) * full.inner + j;
        if (scatter) {
          to[large] = static_cast<T>(to[large] + from[small]);
        } else {
          to[small] = from[large];
        }
      }
}

/// Rows of a table; `adjoint` adds rows into a table of zeros.
template <class T>
void run_take(const StepArguments& x, bool adjoint) {
  const KernelShape& table = adjoint ? x.result_shape() : x.shape[0];
  const AxisSplit rows(table, 0);
  const detail::Indices index(adjoint ? "take (adjoint)" : "take", x.pointer[1], x.shape[1], x.dtype[1], rows.length);
  const std::int64_t count = x.shape[1].size();
  auto* to = static_cast<T*>(x.result());
  const auto* from = static_cast<const T*>(x.pointer[0]);
  if (adjoint)
    for (std::int64_t i = 0; i < rows.length * rows.inner; ++i) to[i] = T(0);
  if (rows.inner == 1) {  // a table of numbers
    index.visit([&](const auto* at) {
      if (adjoint) {
        for (std::int64_t i = 0; i < count; ++i) to[at[i]] = static_cast<T>(to[at[i]] + from[i]);
      } else {
        std::int64_t i = 0;
        for (; i + 4 <= count; i += 4) {
          const T four[] = {from[at[i]], from[at[i + 1]], from[at[i + 2]], from[at[i + 3]]};
          for (int k = 0; k < 4; ++k) to[i + k] = four[k];
        }
        for (; i < count; ++i) to[i] = from[at[i]];
      }
    });
    return;
  }
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t j = 0; j < rows.inner; ++j) {
      if (adjoint) {
        T& sum = to[index[i] * rows.inner + j];
        sum = static_cast<T>(sum + from[i * rows.inner + j]);
      } else {
        to[i * rows.inner + j] = from[index[i] * rows.inner + j];
      }
    }
}

/// Position of the largest (smallest) element along an axis; the first of equals; NaN wins.
template <class T>
void run_arg_reduce(const StepArguments& x, int axis, bool largest) {
  const AxisSplit split(x.shape[0], axis);
  if (split.length == 0 && split.outer * split.inner > 0)
    throw_error("ctgrad: argmax or argmin of an axis of length 0 has no answer; give it at least one element");
  auto* to = static_cast<std::int64_t*>(x.result());
  const auto* from = static_cast<const T*>(x.pointer[0]);
  for (std::int64_t i = 0; i < split.outer; ++i)
    for (std::int64_t j = 0; j < split.inner; ++j) {
      const T* column = from + i * split.length * split.inner + j;
      std::int64_t best = 0;
      for (std::int64_t k = 1; k < split.length; ++k) {
        const T candidate = column[k * split.inner];
        const T current = column[best * split.inner];
        if (current != current) break;
        if (candidate != candidate || (largest ? candidate > current : candidate < current)) best = k;
      }
      to[i * split.inner + j] = best;
    }
}

/// Uniform numbers that depend on seed, stream, run and position only.
template <class T>
void run_random_uniform(const StepArguments& x, std::uint64_t seed, std::uint64_t stream) {
  const auto count = static_cast<std::size_t>(x.result_shape().size());
  const RandomStream random(seed, stream);
  random.fill_uniform(std::span<T>(static_cast<T*>(x.result()), count));
}

/// C = op(A) op(B) or, where it adds, C += op(A) op(B), for each matrix of a batch.
template <class T>
void multiply(const MatrixProduct<T>& p, MatmulWorkspace<T>& workspace) {
  const MatmulShape shape{p.m, p.n, p.k, p.transpose_a, p.transpose_b};
  batched_matmul<T>(p.batch, p.stride_a, p.stride_b, p.stride_c, shape, p.a, p.row_a, p.b, p.row_b, p.c, p.row_c,
                    p.adds, workspace);
}

/// The step of a matrix product.
template <class T>
void run_matmul(const StepArguments& x, std::int64_t attribute, MatmulWorkspace<T>& workspace) {
  for_each_product<T>(x, attribute, [&](const MatrixProduct<T>& p) { multiply(p, workspace); });
}

}  // namespace ctgrad::cpu
