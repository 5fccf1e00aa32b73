// SPDX-License-Identifier: BSL-1.0
/// \file
/// Convolution: by a library where the system has one, otherwise as matrix products of gathered windows (im2col;
/// Chellapilla, Puri and Simard 2006).
#pragma once

#include "ctgrad/device/image_shapes.hpp"
#include "ctgrad/device/parallel/matmul.hpp"

namespace ctgrad::parallel {

/// Element i of the columns of some images, [images, groups * depth, positions]: what tap (channel, k, l) of the window
/// sees at each position; zero outside of the image.
template <class T>
struct Im2ColBody {
  ConvolutionShape s;
  const T* x;
  T* columns;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t positions = s.positions();
    std::int64_t row = i / positions;
    const std::int64_t position = i - row * positions;
    const std::int64_t l = row % s.window.kernel[1];
    row /= s.window.kernel[1];
    const std::int64_t k = row % s.window.kernel[0];
    const std::int64_t channel = row / s.window.kernel[0];  // of all images
    const std::int64_t at_row = position / s.out_width;
    const std::int64_t from_row = at_row * s.window.stride[0] - s.window.padding[0] + k * s.window.dilation[0];
    const std::int64_t from_column =
        (position - at_row * s.out_width) * s.window.stride[1] - s.window.padding[1] + l * s.window.dilation[1];
    const bool is_inside = from_row >= 0 && from_row < s.height && from_column >= 0 && from_column < s.width;
    columns[i] = is_inside ? x[channel * s.pixels() + from_row * s.width + from_column] : T(0);
  }
};

/// Pixel i of some images: the sum of the columns' elements that stand for it.
template <class T>
struct Col2ImBody {
  ConvolutionShape s;
  const T* columns;
  T* x;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t channel = i / s.pixels();
    const std::int64_t at = i - channel * s.pixels();
    const std::int64_t row = at / s.width;
    const std::int64_t column = at - row * s.width;
    compute_t<T> sum = 0;
    for (int k = 0; k < s.window.kernel[0]; ++k) {
      const std::int64_t above = row + s.window.padding[0] - std::int64_t{k} * s.window.dilation[0];
      const std::int64_t out_row = above / s.window.stride[0];
      if (above < 0 || out_row * s.window.stride[0] != above || out_row >= s.out_height) continue;
      for (int l = 0; l < s.window.kernel[1]; ++l) {
        const std::int64_t left = column + s.window.padding[1] - std::int64_t{l} * s.window.dilation[1];
        const std::int64_t out_column = left / s.window.stride[1];
        if (left < 0 || out_column * s.window.stride[1] != left || out_column >= s.out_width) continue;
        const std::int64_t tap = (channel * s.window.kernel[0] + k) * s.window.kernel[1] + l;
        sum += static_cast<compute_t<T>>(columns[tap * s.positions() + out_row * s.out_width + out_column]);
      }
    }
    x[i] = static_cast<T>(sum);
  }
};

template <class T>
struct ZeroBody {
  T* to;
  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const { to[i] = T(0); }
};

/// The sum of 16-bit results of several images, in float, added to what is there or in its place.
template <class T>
struct SumImagesBody {
  const T* results;
  std::int64_t size, images;
  bool adds;
  T* to;
  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    compute_t<T> sum = adds ? static_cast<compute_t<T>>(to[i]) : compute_t<T>(0);
    for (std::int64_t image = 0; image < images; ++image) sum += static_cast<compute_t<T>>(results[image * size + i]);
    to[i] = static_cast<T>(sum);
  }
};

namespace detail {

/// The columns of as many images at a time as fit into this many bytes, but at least of one.
inline constexpr std::int64_t column_bytes = std::int64_t{256} << 20;

/// The columns of images [first, first + count), in scratch memory or, where a window is one pixel, in the images. They
/// leave `before` elements at the start of the scratch memory free.
template <class T, class System>
const T* columns_of(System& system, const ConvolutionShape& s, const T* x, std::int64_t first, std::int64_t count,
                    std::int64_t before = 0) {
  const std::int64_t channels = s.groups * s.in;
  const T* images = x + first * channels * s.pixels();
  if (s.is_pointwise()) return images;
  const std::int64_t elements = count * s.groups * s.depth() * s.positions();
  auto* columns = static_cast<T*>(system.scratch(static_cast<std::size_t>(before + elements) * sizeof(T))) + before;
  system.for_each(elements, Im2ColBody<T>{s, images, columns});
  return columns;
}

/// Calls body(first, count) for all images, a number of them at a time.
template <class T, class Body>
void for_images(const ConvolutionShape& s, const Body& body) {
  const std::int64_t bytes = s.groups * s.depth() * s.positions() * static_cast<std::int64_t>(sizeof(T));
  std::int64_t at_once = s.is_pointwise() || bytes == 0 ? s.images : column_bytes / bytes;
  if (at_once < 1) at_once = 1;
  for (std::int64_t first = 0; first < s.images; first += at_once)
    body(first, first + at_once < s.images ? at_once : s.images - first);
}

template <class T, class System>
void convolve_columns(System& system, const ConvolutionShape& s, const T* x, const T* w, T* y) {
  for_images<T>(s, [&](std::int64_t first, std::int64_t count) {
    const T* columns = columns_of(system, s, x, first, count);
    for (std::int64_t group = 0; group < s.groups; ++group) {
      MatrixProduct<T> p;
      p.batch = count;
      p.m = s.out;
      p.n = s.positions();
      p.k = s.depth();
      p.a = w + group * s.out * s.depth();
      p.row_a = s.depth();
      p.b = columns + group * s.depth() * s.positions();
      p.row_b = s.positions();
      p.stride_b = s.groups * s.depth() * s.positions();
      p.c = y + (first * s.groups + group) * s.out * s.positions();
      p.row_c = s.positions();
      p.stride_c = s.groups * s.out * s.positions();
      system.template multiply<T>(p);
    }
  });
}

template <class T, class System>
void input_gradient_columns(System& system, const ConvolutionShape& s, const T* t, const T* w, T* dx) {
  for_images<T>(s, [&](std::int64_t first, std::int64_t count) {
    T* images = dx + first * s.groups * s.in * s.pixels();
    const std::int64_t elements = count * s.groups * s.depth() * s.positions();
    T* columns =
        s.is_pointwise() ? images : static_cast<T*>(system.scratch(static_cast<std::size_t>(elements) * sizeof(T)));
    for (std::int64_t group = 0; group < s.groups; ++group) {
      MatrixProduct<T> p;
      p.batch = count;
      p.m = s.depth();
      p.n = s.positions();
      p.k = s.out;
      p.transpose_a = true;
      p.a = w + group * s.out * s.depth();
      p.row_a = s.depth();
      p.b = t + (first * s.groups + group) * s.out * s.positions();
      p.row_b = s.positions();
      p.stride_b = s.groups * s.out * s.positions();
      p.c = columns + group * s.depth() * s.positions();
      p.row_c = s.positions();
      p.stride_c = s.groups * s.depth() * s.positions();
      system.template multiply<T>(p);
    }
    if (!s.is_pointwise()) system.for_each(count * s.groups * s.in * s.pixels(), Col2ImBody<T>{s, columns, images});
  });
}

/// Image after image is added: sums stay in order. Products of 16 bits are added in float.
template <class T, class System>
void weight_gradient_columns(System& system, const ConvolutionShape& s, const T* x, const T* t, T* dw) {
  if (s.images == 0) return system.for_each(s.weights(), ZeroBody<T>{dw});
  for_images<T>(s, [&](std::int64_t first, std::int64_t count) {
    if constexpr (is_half<T>) {
      // A multiple of 64 bytes for the products, so that the columns after them are aligned.
      const std::int64_t room = (count * s.weights() + 31) / 32 * 32;
      const T* columns = columns_of(system, s, x, first, count, room);
      auto* products = static_cast<T*>(system.scratch(static_cast<std::size_t>(room) * sizeof(T)));
      for (std::int64_t group = 0; group < s.groups; ++group) {
        MatrixProduct<T> p;
        p.batch = count;
        p.m = s.out;
        p.n = s.depth();
        p.k = s.positions();
        p.transpose_b = true;
        p.a = t + (first * s.groups + group) * s.out * s.positions();
        p.row_a = s.positions();
        p.stride_a = s.groups * s.out * s.positions();
        p.b = columns + group * s.depth() * s.positions();
        p.row_b = s.positions();
        p.stride_b = s.groups * s.depth() * s.positions();
        p.c = products + group * s.out * s.depth();
        p.row_c = s.depth();
        p.stride_c = s.weights();
        system.template multiply<T>(p);
      }
      return system.for_each(s.weights(), SumImagesBody<T>{products, s.weights(), count, first > 0, dw});
    }
    const T* columns = columns_of(system, s, x, first, count);
    for (std::int64_t image = 0; image < count; ++image)
      for (std::int64_t group = 0; group < s.groups; ++group) {
        MatrixProduct<T> p;
        p.m = s.out;
        p.n = s.depth();
        p.k = s.positions();
        p.transpose_b = true;
        p.a = t + ((first + image) * s.groups + group) * s.out * s.positions();
        p.row_a = s.positions();
        p.b = columns + (image * s.groups + group) * s.depth() * s.positions();
        p.row_b = s.positions();
        p.c = dw + group * s.out * s.depth();
        p.row_c = s.depth();
        p.adds = first + image > 0;
        system.template multiply<T>(p);
      }
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
  if (s.images > 0 && system.template convolve<Kind, T>(s, a, b, result)) return;
  if constexpr (Kind == StepKind::conv2d) {
    detail::convolve_columns(system, s, a, b, result);
  } else if constexpr (Kind == StepKind::conv2d_input_gradient) {
    detail::input_gradient_columns(system, s, a, b, result);
  } else {
    detail::weight_gradient_columns(system, s, a, b, result);
  }
}

}  // namespace ctgrad::parallel
