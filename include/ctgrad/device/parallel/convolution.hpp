// SPDX-License-Identifier: BSL-1.0
/// \file
/// Convolution: by a library where the system has one, otherwise as matrix products of gathered windows (im2col;
/// Chellapilla, Puri and Simard 2006).
#pragma once

#include "ctgrad/device/matrix_product.hpp"
#include "ctgrad/device/parallel/image_columns.hpp"

namespace ctgrad::parallel {

namespace detail {

/// As many images at a time are worked on as need this much scratch memory, but at least one.
inline constexpr std::int64_t most_column_bytes = std::int64_t{256} << 20;

/// Calls body(first, count) for all images, a number of them at a time, each of which needs `elements` of scratch
/// memory.
template <class T, class Body>
void for_images(std::int64_t images, std::int64_t elements, const Body& body) {
  std::int64_t at_once = elements == 0 ? images : most_column_bytes / (elements * static_cast<std::int64_t>(sizeof(T)));
  if (at_once < 1) at_once = 1;
  for (std::int64_t first = 0; first < images; first += at_once)
    body(first, first + at_once < images ? at_once : images - first);
}

/// The elements of an image's columns. A window of one pixel sees the image itself.
inline std::int64_t column_elements(const ConvolutionShape& s) {
  return s.is_pointwise() ? 0 : s.groups * s.depth() * s.positions();
}

/// Scratch memory for so many elements.
template <class T, class System>
T* scratch_for(System& system, std::int64_t elements) {
  return static_cast<T*>(system.scratch(static_cast<std::size_t>(elements) * sizeof(T)));
}

/// How far one product's matrices lie from the next one's.
struct ProductStrides {
  std::int64_t a, b, c;
};

/// The product of each group of each image, in one batch along the larger number of the two.
template <class T, class System>
void multiply_groups(System& system, const MatrixProduct<T>& first, std::int64_t images, std::int64_t groups,
                     const ProductStrides& by_image, const ProductStrides& by_group) {
  const bool batches_images = images >= groups;
  const ProductStrides& in_batch = batches_images ? by_image : by_group;
  const ProductStrides& between = batches_images ? by_group : by_image;
  MatrixProduct<T> p = first;
  p.batch = batches_images ? images : groups;
  p.stride_a = in_batch.a;
  p.stride_b = in_batch.b;
  p.stride_c = in_batch.c;
  for (std::int64_t i = 0; i < (batches_images ? groups : images); ++i) {
    p.a = first.a + i * between.a;
    p.b = first.b + i * between.b;
    p.c = first.c + i * between.c;
    system.template multiply<T>(p);
  }
}

template <class T, class System>
void convolve_columns(System& system, const ConvolutionShape& s, const T* x, const T* w, T* y) {
  for_images<T>(s.images, column_elements(s), [&](std::int64_t first, std::int64_t count) {
    const T* images = x + first * s.groups * s.in * s.pixels();
    const T* columns = images;
    if (!s.is_pointwise()) {
      const std::int64_t elements = count * column_elements(s);
      T* to = scratch_for<T>(system, elements);
      system.for_each(elements, Im2ColBody<T, false>{s, count, images, to});
      columns = to;
    }
    const std::int64_t column = s.depth() * s.positions();
    const std::int64_t result = s.out * s.positions();
    MatrixProduct<T> p;
    p.m = s.out;
    p.n = s.positions();
    p.k = s.depth();
    p.a = w;
    p.row_a = s.depth();
    p.b = columns;
    p.row_b = s.positions();
    p.c = y + first * s.groups * result;
    p.row_c = s.positions();
    multiply_groups(system, p, count, s.groups, {0, s.groups * column, s.groups * result},
                    {s.out * s.depth(), column, result});
  });
}

template <class T, class System>
void input_gradient_columns(System& system, const ConvolutionShape& s, const T* t, const T* w, T* dx) {
  for_images<T>(s.images, column_elements(s), [&](std::int64_t first, std::int64_t count) {
    T* images = dx + first * s.groups * s.in * s.pixels();
    T* columns = s.is_pointwise() ? images : scratch_for<T>(system, count * column_elements(s));
    const std::int64_t column = s.depth() * s.positions();
    const std::int64_t result = s.out * s.positions();
    MatrixProduct<T> p;
    p.m = s.depth();
    p.n = s.positions();
    p.k = s.out;
    p.transpose_a = true;
    p.a = w;
    p.row_a = s.depth();
    p.b = t + first * s.groups * result;
    p.row_b = s.positions();
    p.c = columns;
    p.row_c = s.positions();
    multiply_groups(system, p, count, s.groups, {0, s.groups * result, s.groups * column},
                    {s.out * s.depth(), result, column});
    if (!s.is_pointwise()) system.for_each(count * s.groups * s.in * s.pixels(), Col2ImBody<T>{s, columns, images});
  });
}

/// One product for each group: the sums run over the positions of all images, which stand side by side.
template <class T, class System>
void weight_gradient_columns(System& system, const ConvolutionShape& s, const T* x, const T* t, T* dw) {
  if (s.images * s.positions() == 0) return system.for_each(s.weights(), ZeroBody<T>{dw});
  const std::int64_t taps = s.groups * s.depth();
  const std::int64_t channels = s.groups * s.out;
  for_images<T>(s.images, (taps + channels) * s.positions(), [&](std::int64_t first, std::int64_t count) {
    const std::int64_t together = count * s.positions();
    T* columns = scratch_for<T>(system, (taps + channels) * together);
    T* adjoint = columns + taps * together;
    system.for_each(taps * together, Im2ColBody<T, true>{s, count, x + first * s.groups * s.in * s.pixels(), columns});
    system.for_each(channels * together, ChannelsFirstBody<T>{t + first * channels * s.positions(), adjoint, count,
                                                              channels, s.positions()});
    MatrixProduct<T> p;
    p.batch = s.groups;
    p.m = s.out;
    p.n = s.depth();
    p.k = together;
    p.transpose_b = true;
    p.a = adjoint;
    p.row_a = together;
    p.stride_a = s.out * together;
    p.b = columns;
    p.row_b = together;
    p.stride_b = s.depth() * together;
    p.c = dw;
    p.row_c = s.depth();
    p.stride_c = s.out * s.depth();
    p.adds = first > 0;
    system.template multiply<T>(p);
  });
}

}  // namespace detail

/// The step of a convolution or of one of its derivatives; operands as the operations have them (ops/conv2d.hpp).
template <StepKind Kind, class T, class System>
void run_convolution(System& system, const StepArguments& x, std::int64_t attribute) {
  const auto* a = static_cast<const T*>(x.pointer[0]);
  const auto* b = static_cast<const T*>(x.pointer[1]);
  auto* result = static_cast<T*>(x.result());
  const KernelShape& images = Kind == StepKind::conv2d_input_gradient ? x.result_shape() : x.shape[0];
  const KernelShape& weights = Kind == StepKind::conv2d_weight_gradient ? x.result_shape() : x.shape[1];
  const KernelShape& outputs = Kind == StepKind::conv2d                  ? x.result_shape()
                               : Kind == StepKind::conv2d_input_gradient ? x.shape[0]
                                                                         : x.shape[1];
  const ConvolutionShape s(images, weights, outputs, attribute);
  if (x.result_shape().size() == 0) return;
  // Libraries take no empty arrays.
  if (s.operations() > 0 && system.template convolve<Kind, T>(s, a, b, result)) return;
  if constexpr (Kind == StepKind::conv2d) {
    detail::convolve_columns(system, s, a, b, result);
  } else if constexpr (Kind == StepKind::conv2d_input_gradient) {
    detail::input_gradient_columns(system, s, a, b, result);
  } else {
    detail::weight_gradient_columns(system, s, a, b, result);
  }
}

}  // namespace ctgrad::parallel
