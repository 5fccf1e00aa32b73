// SPDX-License-Identifier: BSL-1.0
/// \file
/// Poolings by their definition, and a list of them that has every option.
#pragma once

#include <ctgrad/device/cuda/pooling_call.hpp>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>
#include <vector>

namespace ctgrad_test {

using ctgrad::KernelShape;
using ctgrad::PoolingShape;
using ctgrad::StepKind;

inline PoolingShape pooling(std::int64_t images, std::int64_t channels, std::int64_t height, std::int64_t width,
                            const ctgrad::Window& window) {
  const KernelShape x{4, {images, channels, height, width}};
  const KernelShape y{4, {images, channels, window.count(0, height), window.count(1, width)}};
  return PoolingShape(x, y, ctgrad::ops::WindowAttribute::make(window.stride, window.padding, window.kernel, 0));
}

/// Strides, paddings and kernels that differ by axis, so that one taken for another shows.
inline std::vector<PoolingShape> all_poolings() {
  return {pooling(3, 2, 6, 8, {{2, 2}, {2, 2}, {0, 0}, {1, 1}, 1}),
          pooling(2, 3, 7, 9, {{3, 3}, {2, 2}, {1, 1}, {1, 1}, 1}),
          pooling(2, 3, 8, 9, {{3, 2}, {1, 2}, {1, 0}, {1, 1}, 1}),
          pooling(1, 5, 9, 7, {{1, 4}, {3, 1}, {0, 2}, {1, 1}, 1}),
          pooling(4, 1, 5, 5, {{5, 5}, {1, 1}, {0, 0}, {1, 1}, 1})};
}

/// The kinds that libraries have.
inline constexpr StepKind pooling_kinds[] = {StepKind::max_pool2d, StepKind::avg_pool2d, StepKind::avg_pool2d_gradient};

inline std::int64_t elements_of_images(const PoolingShape& s) { return s.planes * s.pixels(); }
inline std::int64_t elements_of_results(const PoolingShape& s) { return s.planes * s.positions(); }

/// A pooling or the adjoint of an average, one window after the other.
template <class T>
void pool_by_definition(StepKind kind, const PoolingShape& s, const T* from, T* to) {
  const ctgrad::Window& w = s.window;
  const bool is_adjoint = kind == StepKind::avg_pool2d_gradient;
  const double size = w.kernel[0] * w.kernel[1];
  std::vector<double> sums(is_adjoint ? static_cast<std::size_t>(elements_of_images(s)) : 0);
  for (std::int64_t plane = 0; plane < s.planes; ++plane)
    for (std::int64_t i = 0; i < s.out_height; ++i)
      for (std::int64_t j = 0; j < s.out_width; ++j) {
        const std::int64_t result = (plane * s.out_height + i) * s.out_width + j;
        double largest = -HUGE_VAL;
        double sum = 0;
        for (std::int64_t k = 0; k < w.kernel[0]; ++k)
          for (std::int64_t l = 0; l < w.kernel[1]; ++l) {
            const std::int64_t row = i * w.stride[0] - w.padding[0] + k;
            const std::int64_t column = j * w.stride[1] - w.padding[1] + l;
            if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
            const std::int64_t pixel = (plane * s.height + row) * s.width + column;
            if (is_adjoint) {
              sums[static_cast<std::size_t>(pixel)] += static_cast<double>(from[result]) / size;
            } else {
              const auto x = static_cast<double>(from[pixel]);
              sum += x;
              if (!(x <= largest) && !std::isnan(largest)) largest = x;
            }
          }
        if (!is_adjoint) to[result] = static_cast<T>(kind == StepKind::max_pool2d ? largest : sum / size);
      }
  for (std::size_t i = 0; i < sums.size(); ++i) to[i] = static_cast<T>(sums[i]);
}

/// The operand of one kind of step, and what it computes.
template <class T>
struct PoolingCase {
  std::vector<T> from, wanted;

  PoolingCase(StepKind kind, const PoolingShape& s) {
    const bool is_adjoint = kind == StepKind::avg_pool2d_gradient;
    std::mt19937 random(7);
    from.resize(static_cast<std::size_t>(is_adjoint ? elements_of_results(s) : elements_of_images(s)));
    for (T& number : from) number = static_cast<T>(std::uniform_int_distribution<int>(-8, 8)(random));
    wanted.resize(static_cast<std::size_t>(is_adjoint ? elements_of_images(s) : elements_of_results(s)));
    pool_by_definition(kind, s, from.data(), wanted.data());
  }
};

}  // namespace ctgrad_test
