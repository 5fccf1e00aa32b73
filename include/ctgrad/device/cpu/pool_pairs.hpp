// SPDX-License-Identifier: BSL-1.0
/// \file
/// The largest of every two by two elements, the usual pooling, with vectors.
#pragma once

#include "ctgrad/core/simd.hpp"
#include "ctgrad/device/cpu/images.hpp"

namespace ctgrad::cpu::detail {

/// Neighbouring pairs of a row of floats, their first and second elements apart. A pair is one integer of twice the
/// size, which is cut in two and put together again.
struct Pairs {
  static constexpr int lanes = native_lanes<float> / 2;
  using V = Simd<float, lanes>;
  using Words = Simd<std::uint64_t, lanes>;

  V first, second;

  /// At most `count` pairs; the rest is zero.
  static CTGRAD_ALWAYS_INLINE Pairs load(const float* from, std::int64_t count) {
    const auto* words = reinterpret_cast<const std::uint64_t*>(from);
    const Words w = count >= lanes ? Words::load(words) : Words::load_partial(words, count);
    return {bit_cast_lanes<float>(convert<std::uint32_t>(w)), bit_cast_lanes<float>(convert<std::uint32_t>(w >> 32))};
  }
  CTGRAD_ALWAYS_INLINE void store(float* to, std::int64_t count) const {
    auto* words = reinterpret_cast<std::uint64_t*>(to);
    const Words w = convert<std::uint64_t>(bit_cast_lanes<std::uint32_t>(second)) << 32 |
                    convert<std::uint64_t>(bit_cast_lanes<std::uint32_t>(first));
    count >= lanes ? w.store(words) : w.store_partial(words, count);
  }
  CTGRAD_ALWAYS_INLINE V largest() const { return maximum(first, second); }
};

/// Whether windows are two by two, side by side, of floats.
template <class T>
bool pools_pairs(const PoolingShape& s) {
  const Window& w = s.window;
  return std::is_same_v<T, float> && w.kernel[0] == 2 && w.kernel[1] == 2 && w.stride[0] == 2 && w.stride[1] == 2 &&
         w.padding[0] == 0 && w.padding[1] == 0;
}

template <class T>
void max_pool_pairs(const PoolingShape& s, const T* plane, T* y) {
  if constexpr (std::is_same_v<T, float>) {
    for (std::int64_t i = 0; i < s.out_height; ++i, plane += 2 * s.width, y += s.out_width)
      for (std::int64_t j = 0; j < s.out_width; j += Pairs::lanes) {
        const std::int64_t count = s.out_width - j;
        const auto value =
            maximum(Pairs::load(plane + 2 * j, count).largest(), Pairs::load(plane + s.width + 2 * j, count).largest());
        count >= Pairs::lanes ? value.store(y + j) : value.store_partial(y + j, count);
      }
  }
}

/// `t` to the first of the largest elements of each window, zero to the others.
template <class T>
void max_pool_pairs_gradient(const PoolingShape& s, const T* plane, const T* t, T* dx) {
  if constexpr (std::is_same_v<T, float>) {
    using V = Pairs::V;
    for (std::int64_t i = 0; i < s.out_height; ++i, plane += 2 * s.width, t += s.out_width, dx += 2 * s.width) {
      for (std::int64_t j = 0; j < s.out_width; j += Pairs::lanes) {
        const std::int64_t count = s.out_width - j;
        const Pairs top = Pairs::load(plane + 2 * j, count);
        const Pairs bottom = Pairs::load(plane + s.width + 2 * j, count);
        const V value = maximum(top.largest(), bottom.largest());
        // A NaN is among the largest, and where there is one nothing else is.
        const auto is_largest = [&](V x) __attribute__((always_inline)) { return x == value || x != x; };
        const V share = count >= Pairs::lanes ? V::load(t + j) : V::load_partial(t + j, count);
        const V zero(0.0F);
        Pairs to_top;
        Pairs to_bottom;
        auto left = is_largest(top.first);
        to_top.first = select(left, share, zero);
        V rest = select(left, zero, share);
        left = is_largest(top.second);
        to_top.second = select(left, rest, zero);
        rest = select(left, zero, rest);
        left = is_largest(bottom.first);
        to_bottom.first = select(left, rest, zero);
        to_bottom.second = select(left, zero, rest);
        to_top.store(dx + 2 * j, count);
        to_bottom.store(dx + s.width + 2 * j, count);
      }
      if (s.width > 2 * s.out_width) dx[s.width - 1] = dx[2 * s.width - 1] = T(0);
    }
    if (s.height > 2 * s.out_height) std::fill_n(dx, s.width, T(0));
  }
}

}  // namespace ctgrad::cpu::detail
