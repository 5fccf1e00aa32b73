// SPDX-License-Identifier: BSL-1.0
/// \file
/// Streams of random numbers that fill and shuffle arrays, with the same bits on every device.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "ctgrad/core/error.hpp"
#include "ctgrad/core/half.hpp"
#include "ctgrad/core/simd.hpp"
#include "ctgrad/tensor/philox.hpp"
#include "ctgrad/tensor/philox_blocks.hpp"

namespace ctgrad {

namespace detail {

/// What uniform_from gives for each element of a block: nothing is rounded.
inline void units_from(const PhiloxBlock& block, float* to) {
  const auto bits = Simd<std::uint32_t, random_lanes<float>>::load(block.word) >> 8;
  (convert<float>(bit_cast_lanes<std::int32_t>(bits)) * Simd<float, random_lanes<float>>(0x1p-24F)).store(to);
}

}  // namespace detail

/// One stream of random numbers. Element i of a fill depends only on (seed, stream, offset + i), so
/// parts of an array can be filled in any order, by any number of threads, on any device, and the
/// bits are the same. The kinds of fill read the same random bits: take one stream for one purpose.
class RandomStream {
public:
  constexpr explicit RandomStream(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  constexpr std::uint64_t seed() const { return seed_; }
  constexpr std::uint64_t stream() const { return stream_; }

  /// Uniform numbers in [low, high): the bounds must be finite and low < high.
  void fill_uniform(std::span<float> out, std::uint64_t offset = 0, float low = 0, float high = 1) const {
    uniform(out, offset, low, high);
  }
  void fill_uniform(std::span<double> out, std::uint64_t offset = 0, double low = 0, double high = 1) const {
    uniform(out, offset, low, high);
  }

  /// The floats of the same place, rounded to 16 bits; one that would reach `high` is the number before it.
  template <class H>
  requires is_half<H>
  void fill_uniform(std::span<H> out, std::uint64_t offset = 0, std::type_identity_t<H> low = 0,
                    std::type_identity_t<H> high = 1) const {
    rounded(out, offset, [&](std::span<float> part, std::uint64_t at) { fill_uniform(part, at, low, high); });
    const H largest = before(high);
    for (H& x : out)
      if (x >= high) x = largest;
  }

  /// Normal numbers: the mean and the standard deviation must be finite and the latter not
  /// negative.
  void fill_normal(std::span<float> out, std::uint64_t offset = 0, float mean = 0, float standard_deviation = 1) const {
    normal(out, offset, mean, standard_deviation);
  }
  void fill_normal(std::span<double> out, std::uint64_t offset = 0, double mean = 0,
                   double standard_deviation = 1) const {
    normal(out, offset, mean, standard_deviation);
  }

  /// The floats of the same place, rounded to 16 bits.
  template <class H>
  requires is_half<H>
  void fill_normal(std::span<H> out, std::uint64_t offset = 0, std::type_identity_t<H> mean = 0,
                   std::type_identity_t<H> standard_deviation = 1) const {
    rounded(out, offset,
            [&](std::span<float> part, std::uint64_t at) { fill_normal(part, at, mean, standard_deviation); });
  }

  /// Integers in [low, high), each equally likely: low < high.
  void fill_integers(std::span<std::int64_t> out, std::uint64_t offset, std::int64_t low, std::int64_t high) const {
    if (low >= high) throw_error("fill_integers: low must be less than high");
    const std::uint64_t base = static_cast<std::uint64_t>(low);
    const std::uint64_t range = static_cast<std::uint64_t>(high) - base;
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<std::int64_t>(base + integer_at(seed_, stream_, offset + i, range));
  }

  /// Puts the values into random order, each order equally likely (Fisher and Yates, in the form of
  /// Durstenfeld, 1964).
  template <class T, std::size_t N>
  void shuffle(std::span<T, N> values) const {
    for (std::size_t i = values.size(); i > 1; --i) {
      using std::swap;
      swap(values[i - 1], values[static_cast<std::size_t>(integer_at(seed_, stream_, i, i))]);
    }
  }

private:
  /// Fills with fill(floats, offset), rounded.
  template <class H, class Fill>
  static void rounded(std::span<H> out, std::uint64_t offset, const Fill& fill) {
    float floats[256];
    for (std::size_t done = 0; done < out.size();) {
      const std::size_t left = out.size() - done;
      const std::size_t count = left < 256 ? left : 256;
      fill(std::span<float>(floats, count), offset + done);
      for (std::size_t i = 0; i < count; ++i) out[done + i] = floats[i];
      done += count;
    }
  }

  /// The largest number below x, which is finite.
  template <class H>
  static H before(H x) {
    if (x == 0) return H::from_bits(0x8001U);
    return H::from_bits(static_cast<std::uint16_t>(x > 0 ? x.bits - 1 : x.bits + 1));
  }

  /// Calls part(block, first lane, lanes, place in the output) for each block the fill touches.
  template <class T, class Part>
  void for_each_block(std::span<T> out, std::uint64_t offset, Part part) const {
    constexpr std::size_t lanes = detail::random_lanes<T>, many = detail::philox_blocks_at_once;
    // After the last of 2^64 positions comes the first.
    constexpr std::uint64_t last_of_many = std::uint64_t{0} - many * lanes;
    PhiloxBlock blocks[many];
    for (std::size_t done = 0; done < out.size();) {
      const std::uint64_t position = offset + done;
      const auto first = static_cast<std::size_t>(position % lanes);
      const std::size_t left = out.size() - done;
      if (first == 0 && left >= many * lanes && position <= last_of_many) {
        detail::random_blocks(seed_, stream_, position / lanes, blocks);
        for (const PhiloxBlock& block : blocks) {
          part(block, first, lanes, out.data() + done);
          done += lanes;
        }
        continue;
      }
      const std::size_t count = left < lanes - first ? left : lanes - first;
      part(random_block(seed_, stream_, position / lanes), first, count, out.data() + done);
      done += count;
    }
  }

  template <class T>
  void uniform(std::span<T> out, std::uint64_t offset, T low, T high) const {
    const T width = high - low;
    if (!(low < high) || !std::isfinite(width))
      throw_error("fill_uniform: low and high must be finite, not too far apart, and low < high");
    const T largest = std::nextafter(high, low);  // rounding may reach the open end
    const bool unit = low == 0 && high == 1;
    for_each_block(out, offset, [=](const PhiloxBlock& block, std::size_t first, std::size_t count, T* place) {
      if constexpr (sizeof(T) == 4) {
        if (unit && count == detail::random_lanes<T>) return detail::units_from(block, place);
      }
      for (std::size_t i = 0; i < count; ++i) {
        const T u = detail::uniform_from<T>(block, static_cast<int>(first + i));
        const T value = detail::multiply_add(u, width, low);
        place[i] = value < high ? value : largest;
      }
    });
  }

  template <class T>
  void normal(std::span<T> out, std::uint64_t offset, T mean, T standard_deviation) const {
    if (!std::isfinite(mean) || !std::isfinite(standard_deviation) || standard_deviation < 0)
      throw_error("fill_normal: mean and standard deviation must be finite, and the latter not negative");
    for_each_block(out, offset, [=](const PhiloxBlock& block, std::size_t first, std::size_t count, T* place) {
      T values[detail::random_lanes<T>];
      detail::normals_from(block, values);
      for (std::size_t i = 0; i < count; ++i)
        place[i] = detail::multiply_add(values[first + i], standard_deviation, mean);
    });
  }

  std::uint64_t seed_;
  std::uint64_t stream_;
};

}  // namespace ctgrad
