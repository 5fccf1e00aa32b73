// SPDX-License-Identifier: BSL-1.0
/// \file
/// Convolutions by their definition, and a list of them that has every option.
#pragma once

#include <ctgrad/device/cuda/convolution_call.hpp>

#include <boost/test/unit_test.hpp>
#include <random>
#include <vector>

namespace ctgrad_test {

using ctgrad::ConvolutionShape;
using ctgrad::KernelShape;
using ctgrad::StepKind;

inline ConvolutionShape convolution(std::int64_t images, std::int64_t in, std::int64_t out, std::int64_t height,
                                    std::int64_t width, ctgrad::Window window) {
  const KernelShape x{4, {images, in, height, width}};
  const KernelShape w{4, {out, in / window.groups, window.kernel[0], window.kernel[1]}};
  const KernelShape y{4, {images, out, window.count(0, height), window.count(1, width)}};
  return ConvolutionShape(
      x, w, y, ctgrad::ops::WindowAttribute::make(window.stride, window.padding, window.dilation, window.groups));
}

/// Strides, paddings, dilations and kernels that differ by axis, so that one taken for another shows.
inline std::vector<ConvolutionShape> all_convolutions() {
  return {convolution(3, 2, 4, 5, 6, {{3, 2}, {1, 1}, {0, 0}, {1, 1}, 1}),
          convolution(2, 4, 6, 7, 9, {{3, 3}, {2, 1}, {1, 2}, {1, 1}, 2}),
          convolution(2, 3, 3, 9, 8, {{2, 3}, {1, 2}, {2, 0}, {3, 2}, 3}),
          convolution(4, 5, 2, 6, 4, {{1, 1}, {1, 1}, {0, 0}, {1, 1}, 1}),
          convolution(1, 4, 8, 8, 8, {{3, 3}, {3, 2}, {1, 1}, {1, 2}, 4})};
}

inline std::int64_t elements_of_images(const ConvolutionShape& s) { return s.images * s.groups * s.in * s.pixels(); }
inline std::int64_t elements_of_results(const ConvolutionShape& s) {
  return s.images * s.groups * s.out * s.positions();
}

/// Calls visit(x, w, y) for the elements of each product: y[...] += x[...] * w[...] over all of them is the
/// convolution.
template <class Visit>
void for_each_product(const ConvolutionShape& s, const Visit& visit) {
  const ctgrad::Window& v = s.window;
  for (std::int64_t n = 0; n < s.images; ++n)
    for (std::int64_t g = 0; g < s.groups; ++g)
      for (std::int64_t o = 0; o < s.out; ++o)
        for (std::int64_t i = 0; i < s.out_height; ++i)
          for (std::int64_t j = 0; j < s.out_width; ++j)
            for (std::int64_t c = 0; c < s.in; ++c)
              for (std::int64_t k = 0; k < v.kernel[0]; ++k)
                for (std::int64_t l = 0; l < v.kernel[1]; ++l) {
                  const std::int64_t row = i * v.stride[0] - v.padding[0] + k * v.dilation[0];
                  const std::int64_t column = j * v.stride[1] - v.padding[1] + l * v.dilation[1];
                  if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
                  visit(((n * s.groups + g) * s.in + c) * s.pixels() + row * s.width + column,
                        ((g * s.out + o) * s.in + c) * s.taps() + k * v.kernel[1] + l,
                        ((n * s.groups + g) * s.out + o) * s.positions() + i * s.out_width + j);
                }
}

/// A convolution or one of its derivatives by its definition, added to `result`.
template <class T, class Sum>
void add_convolution(StepKind kind, const ConvolutionShape& s, const T* a, const T* b, Sum* result) {
  for_each_product(s, [&](std::int64_t x, std::int64_t w, std::int64_t y) {
    if (kind == StepKind::conv2d) {
      result[y] += static_cast<Sum>(a[x]) * static_cast<Sum>(b[w]);
    } else if (kind == StepKind::conv2d_input_gradient) {
      result[x] += static_cast<Sum>(a[y]) * static_cast<Sum>(b[w]);
    } else {
      result[w] += static_cast<Sum>(a[x]) * static_cast<Sum>(b[y]);
    }
  });
}

/// The operands of one kind of step, and what it computes. The numbers are small integers, so every sum is exact.
template <class T>
struct ConvolutionCase {
  StepKind kind;
  ConvolutionShape shape;
  std::vector<T> a, b, wanted;

  ConvolutionCase(StepKind of_kind, const ConvolutionShape& s) : kind(of_kind), shape(s) {
    const std::int64_t images = elements_of_images(s);
    const std::int64_t results = elements_of_results(s);
    const bool is_input_gradient = kind == StepKind::conv2d_input_gradient;
    const bool is_weight_gradient = kind == StepKind::conv2d_weight_gradient;
    std::mt19937 random(7);
    auto fill = [&](std::vector<T>& numbers, std::int64_t size) {
      numbers.resize(static_cast<std::size_t>(size));
      for (T& number : numbers) number = static_cast<T>(std::uniform_int_distribution<int>(-8, 8)(random));
    };
    fill(a, is_input_gradient ? results : images);
    fill(b, is_weight_gradient ? results : s.weights());
    // Sums of 16-bit numbers are sums of doubles until they are stored.
    std::vector<double> sums(static_cast<std::size_t>(is_input_gradient    ? images
                                                      : is_weight_gradient ? s.weights()
                                                                           : results));
    add_convolution(kind, s, a.data(), b.data(), sums.data());
    for (const double sum : sums) wanted.push_back(static_cast<T>(sum));
  }
};

inline constexpr StepKind convolution_kinds[] = {StepKind::conv2d, StepKind::conv2d_input_gradient,
                                                 StepKind::conv2d_weight_gradient};

}  // namespace ctgrad_test
