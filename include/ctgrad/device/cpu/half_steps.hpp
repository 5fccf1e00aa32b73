// SPDX-License-Identifier: BSL-1.0
/// \file
/// Steps on 16-bit elements on the CPU: they run on float, in scratch memory.
#pragma once

#include <algorithm>

#include "ctgrad/device/cpu/loop.hpp"
#include "ctgrad/device/cpu/steps.hpp"

namespace ctgrad::cpu {

/// Elements that one thread converts at a time; fewer than two such parts are not worth a second thread.
inline constexpr std::int64_t conversion_part = 1 << 16;

namespace detail {

/// Calls convert(i, width) for i = 0, N, 2 N, ... with N lanes, and for the rest with one.
template <class Convert>
void for_each_vector(std::int64_t count, const Convert& convert) {
  constexpr int lanes = 2 * native_lanes<float>;
  const auto part = [&](std::int64_t begin, std::int64_t end) {
    std::int64_t i = begin;
    for (; i + lanes <= end; i += lanes) convert(i, std::integral_constant<int, lanes>{});
    for (; i < end; ++i) convert(i, std::integral_constant<int, 1>{});
  };
  if (count < 2 * conversion_part) return part(0, count);
  const std::int64_t parts = (count + conversion_part - 1) / conversion_part;
  split(parts, [&](std::int64_t begin, std::int64_t end) {
    part(begin * conversion_part, std::min(end * conversion_part, count));
  });
}

}  // namespace detail

/// Converts 16-bit numbers to the floats they are.
template <class H>
void widen(const H* from, float* to, std::int64_t count) {
  detail::for_each_vector(count, [=](std::int64_t i, auto lanes) {
    widen_lanes<H>(Simd<std::uint16_t, lanes.value>::load(&from[i].bits)).store(to + i);
  });
}

/// Rounds floats to the nearest 16-bit numbers.
template <class H>
void narrow(const float* from, H* to, std::int64_t count) {
  detail::for_each_vector(count, [=](std::int64_t i, auto lanes) {
    narrow_lanes<H>(Simd<float, lanes.value>::load(from + i)).store(&to[i].bits);
  });
}

/// Calls run(arguments) with float arrays in place of all those of type H, and stores the result rounded. An array that
/// stands twice among the operands does so among the copies. `scratch` grows when it must and keeps its size.
template <class H, class Run>
void with_float_arrays(const StepArguments& x, Memory& scratch, const Run& run) {
  StepArguments wide = x;
  // Each array begins at a cache line.
  const auto room = [](const KernelShape& shape) { return (shape.size() + 15) / 16 * 16; };
  std::int64_t total = 0;
  for (int k = 0; k <= x.input_count; ++k)
    if (x.dtype[k] == dtype_of<H>) total += room(x.shape[k]);
  scratch.reserve(static_cast<std::size_t>(total) * sizeof(float));
  auto* next = reinterpret_cast<float*>(scratch.data());
  for (int k = 0; k <= x.input_count; ++k) {
    if (x.dtype[k] != dtype_of<H>) continue;
    wide.dtype[k] = DType::float32;
    int same = 0;
    while (same < k && (x.pointer[same] != x.pointer[k] || x.shape[same].size() != x.shape[k].size())) ++same;
    if (same < k) {
      wide.pointer[k] = wide.pointer[same];
      continue;
    }
    wide.pointer[k] = next;
    if (k < x.input_count) widen(static_cast<const H*>(x.pointer[k]), next, x.shape[k].size());
    next += room(x.shape[k]);
  }
  run(static_cast<const StepArguments&>(wide));
  if (x.result_type() == dtype_of<H>)
    narrow(static_cast<const float*>(wide.result()), static_cast<H*>(x.result()), x.result_shape().size());
}

/// A matrix of 16-bit numbers in memory, or a batch of them: rows, numbers in a row, elements from a row, and from a
/// matrix, to the next.
template <class H>
struct HalfMatrices {
  H* data;
  std::int64_t rows, columns, row, stride;

  std::int64_t size() const { return rows * columns; }
  /// Matrix i as floats, row after row.
  void widen_to(std::int64_t i, float* to) const {
    for (std::int64_t r = 0; r < rows; ++r) widen<std::remove_const_t<H>>(at(i, r), to + r * columns, columns);
  }
  void narrow_from(std::int64_t i, const float* from) const {
    for (std::int64_t r = 0; r < rows; ++r) narrow(from + r * columns, at(i, r), columns);
  }

private:
  H* at(std::int64_t i, std::int64_t r) const { return data + i * stride + r * row; }
};

/// C = op(A) op(B), or C + op(A) op(B), for `batch` matrices: each product in float, its result rounded.
template <class H>
void multiply_halves(const MatmulShape& shape, std::int64_t batch, const HalfMatrices<const H>& a,
                     const HalfMatrices<const H>& b, const HalfMatrices<H>& c, bool adds,
                     MatmulWorkspace<float>& workspace, Memory& scratch) {
  scratch.reserve(static_cast<std::size_t>(a.size() + b.size() + c.size()) * sizeof(float));
  auto* wide_a = reinterpret_cast<float*>(scratch.data());
  float* wide_b = wide_a + a.size();
  float* wide_c = wide_b + b.size();
  for (std::int64_t i = 0; i < batch; ++i) {
    if (i == 0 || a.stride != 0) a.widen_to(i, wide_a);
    if (i == 0 || b.stride != 0) b.widen_to(i, wide_b);
    if (adds) c.widen_to(i, wide_c);
    matmul<float>(shape, wide_a, a.columns, wide_b, b.columns, wide_c, c.columns, adds, workspace);
    c.narrow_from(i, wide_c);
  }
}

/// True for the steps that compute with their elements, and so do it in float where those have 16 bits. The others move
/// or compare elements.
constexpr bool computes_in_float(StepKind kind) {
  switch (kind) {
    case StepKind::matmul:
    case StepKind::scatter_add:
    case StepKind::take_adjoint:
    case StepKind::conv2d:
    case StepKind::conv2d_input_gradient:
    case StepKind::conv2d_weight_gradient:
    case StepKind::max_pool2d:
    case StepKind::max_pool2d_gradient:
    case StepKind::avg_pool2d:
    case StepKind::avg_pool2d_gradient:
      return true;
    default:
      return false;
  }
}

}  // namespace ctgrad::cpu
