// SPDX-License-Identifier: BSL-1.0
/// \file
/// Convolution as a matrix product: the windows of an image become the columns of a matrix.
///
/// For one image and one group, with P positions of the window and D = channels times kernel elements:
///     y [out, P] = w [out, D] * columns [D, P]
///     adjoint of columns = w^T * adjoint of y, and each of its elements is added where it was read
///     adjoint of w = adjoint of y * columns^T, summed over the images.
/// (Chellapilla, Puri and Simard 2006.)
#pragma once

#include "ctgrad/device/cpu/images.hpp"

namespace ctgrad::cpu::detail {

/// columns[c, k, l, i, j] = image[c, i * stride - padding + k * dilation, j * ...], zero outside of the image.
template <class T>
void image_to_columns(const ConvolutionShape& s, const T* image, T* columns) {
  const std::int64_t step = s.window.stride[1];
  for (std::int64_t c = 0; c < s.in; ++c)
    for (int k = 0; k < s.window.kernel[0]; ++k)
      for (int l = 0; l < s.window.kernel[1]; ++l) {
        const InsideRange rows(s.window, 0, k, s.height, s.out_height);
        const InsideRange inside(s.window, 1, l, s.width, s.out_width);
        std::fill_n(columns, rows.begin * s.out_width, T(0));
        for (std::int64_t i = rows.begin; i < rows.end; ++i) {
          const T* from = image + (c * s.height + i * s.window.stride[0] + rows.first) * s.width + inside.first;
          T* to = columns + i * s.out_width;
          for (std::int64_t j = 0; j < inside.begin; ++j) to[j] = T(0);
          if (step == 1) {
            copy_part(to + inside.begin, from + inside.begin, inside.end - inside.begin);
          } else {
            for (std::int64_t j = inside.begin; j < inside.end; ++j) to[j] = from[j * step];
          }
          for (std::int64_t j = inside.end; j < s.out_width; ++j) to[j] = T(0);
        }
        std::fill_n(columns + rows.end * s.out_width, (s.out_height - rows.end) * s.out_width, T(0));
        columns += s.positions();
      }
}

/// Adds every element of `columns` to the element of the image that it came from.
template <class T>
void add_columns_to_image(const ConvolutionShape& s, const T* columns, T* image) {
  const std::int64_t step = s.window.stride[1];
  for (std::int64_t c = 0; c < s.in; ++c)
    for (int k = 0; k < s.window.kernel[0]; ++k)
      for (int l = 0; l < s.window.kernel[1]; ++l) {
        const InsideRange rows(s.window, 0, k, s.height, s.out_height);
        const InsideRange inside(s.window, 1, l, s.width, s.out_width);
        for (std::int64_t i = rows.begin; i < rows.end; ++i) {
          T* to = image + (c * s.height + i * s.window.stride[0] + rows.first) * s.width + inside.first;
          const T* from = columns + i * s.out_width;
          for (std::int64_t j = inside.begin; j < inside.end; ++j) to[j * step] += from[j];
        }
        columns += s.positions();
      }
}

/// The matrix products of a convolution, for threads that each have their own scratch memory: columns first, then what
/// the product packs.
template <class T>
class ColumnProducts {
public:
  ColumnProducts(const ConvolutionShape& s, std::int64_t parts, MatmulWorkspace<T>& workspace, std::int64_t more = 0)
      : s_(s), workspace_(workspace), threads_(threads_for(parts, s.operations())) {
    columns_ = s.is_pointwise() ? 0 : (s.depth() * s.positions() + 15) / 16 * 16;
    if (threads_ > 1) packing_ = static_cast<std::int64_t>(matmul_workspace_bytes<T>() / sizeof(T));
    own_ = workspace.scratch(threads_ * (columns_ + packing_) + more);
  }

  int threads() const { return threads_; }
  T* columns(std::int64_t thread) const { return own_ + thread * (columns_ + packing_); }
  /// The memory asked for beyond what the threads need.
  T* more() const { return columns(threads_); }

  /// The columns of an image: a matrix [depth, positions]. A kernel of one element sees the image itself.
  const T* columns_of(const T* image, std::int64_t thread) const {
    if (s_.is_pointwise()) return image;
    image_to_columns(s_, image, columns(thread));
    return columns(thread);
  }

  /// c [m, n] = a * b or, where it `adds`, c += a * b, without gaps.
  void multiply(const MatmulShape& shape, const T* a, const T* b, T* c, bool adds, std::int64_t thread) const {
    const std::int64_t lda = shape.transpose_a ? shape.m : shape.k;
    const std::int64_t ldb = shape.transpose_b ? shape.k : shape.n;
    if (threads_ == 1) return matmul<T>(shape, a, lda, b, ldb, c, shape.n, adds, workspace_);
    T* packing = columns(thread) + columns_;
    matmul_in<T>(shape, a, lda, b, ldb, c, shape.n, adds, workspace_.library, packing, packing + GemmBlocks<T>::a_size);
  }

private:
  const ConvolutionShape& s_;
  MatmulWorkspace<T>& workspace_;
  int threads_;
  std::int64_t columns_ = 0;
  std::int64_t packing_ = 0;
  T* own_;
};

template <class T>
void convolve_columns(const ConvolutionShape& s, const T* x, const T* w, T* y, MatmulWorkspace<T>& workspace) {
  const ColumnProducts<T> products(s, s.images, workspace);
  for_each_part(s.images, products.threads(), [&](std::int64_t n, std::int64_t thread) {
    for (std::int64_t g = 0; g < s.groups; ++g) {
      const T* columns = products.columns_of(x + (n * s.groups + g) * s.in * s.pixels(), thread);
      products.multiply({s.out, s.positions(), s.depth(), false, false}, w + g * s.out * s.depth(), columns,
                        y + (n * s.groups + g) * s.out * s.positions(), false, thread);
    }
  });
}

template <class T>
void input_gradient_columns(const ConvolutionShape& s, const T* t, const T* w, T* dx, MatmulWorkspace<T>& workspace) {
  const ColumnProducts<T> products(s, s.images, workspace);
  for_each_part(s.images, products.threads(), [&](std::int64_t n, std::int64_t thread) {
    for (std::int64_t g = 0; g < s.groups; ++g) {
      T* image = dx + (n * s.groups + g) * s.in * s.pixels();
      T* columns = s.is_pointwise() ? image : products.columns(thread);
      products.multiply({s.depth(), s.positions(), s.out, true, false}, w + g * s.out * s.depth(),
                        t + (n * s.groups + g) * s.out * s.positions(), columns, false, thread);
      if (s.is_pointwise()) continue;
      std::fill_n(image, s.in * s.pixels(), T(0));
      add_columns_to_image(s, columns, image);
    }
  });
}

/// Into how many parts a sum over images is cut. It depends on the lengths alone, and the parts are added in order, so
/// that the bits do not depend on the number of threads.
inline std::int64_t sum_parts(const ConvolutionShape& s, std::int64_t images_in_part) {
  constexpr std::int64_t most_elements = std::int64_t{1} << 22;
  const std::int64_t parts = std::min<std::int64_t>((s.images + images_in_part - 1) / images_in_part, 16);
  return std::max<std::int64_t>(1, std::min(parts, most_elements / std::max<std::int64_t>(s.weights(), 1)));
}

/// The first part's sum plus those of the others, which lie one after the other.
template <class T>
void add_parts(T* sum, const T* others, std::int64_t parts, std::int64_t size) {
  for (std::int64_t part = 1; part < parts; ++part, others += size)
    for (std::int64_t i = 0; i < size; ++i) sum[i] += others[i];
}

template <class T>
void weight_gradient_columns(const ConvolutionShape& s, const T* x, const T* t, T* dw, MatmulWorkspace<T>& workspace) {
  if (s.images == 0) return static_cast<void>(std::fill_n(dw, s.weights(), T(0)));
  const std::int64_t parts = sum_parts(s, 1);
  const ColumnProducts<T> products(s, parts, workspace, (parts - 1) * s.weights());
  for_each_part(parts, products.threads(), [&](std::int64_t part, std::int64_t thread) {
    T* sum = part == 0 ? dw : products.more() + (part - 1) * s.weights();
    const std::int64_t first = first_of_part(s.images, part, parts);
    for (std::int64_t n = first; n < first_of_part(s.images, part + 1, parts); ++n)
      for (std::int64_t g = 0; g < s.groups; ++g) {
        const T* columns = products.columns_of(x + (n * s.groups + g) * s.in * s.pixels(), thread);
        products.multiply({s.out, s.depth(), s.positions(), false, true},
                          t + (n * s.groups + g) * s.out * s.positions(), columns, sum + g * s.out * s.depth(),
                          n != first, thread);
      }
  });
  add_parts(dw, products.more(), parts, s.weights());
}

}  // namespace ctgrad::cpu::detail
