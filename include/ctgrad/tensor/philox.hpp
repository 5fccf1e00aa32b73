// SPDX-License-Identifier: BSL-1.0
/// \file
/// Philox, and single random numbers as functions of (seed, stream, position) for host and device
/// code.
#pragma once

#include <cmath>
#include <cstdint>

#include "ctgrad/core/config.hpp"

namespace ctgrad {

/// The key of Philox: which of 2^64 sequences.
struct PhiloxKey {
  std::uint32_t word[2];
};

/// 128 bits: the counter that goes into Philox and the random bits that come out.
struct PhiloxBlock {
  std::uint32_t word[4];

  friend constexpr bool operator==(const PhiloxBlock&, const PhiloxBlock&) = default;
};

namespace detail {

// The constants of the paper; those of the key are the golden ratio and sqrt(3) - 1.
inline constexpr int philox_rounds = 10;
inline constexpr std::uint64_t philox_multiplier[2] = {0xD2511F53U, 0xCD9E8D57U};
CTGRAD_FUNCTION void next_philox_key(PhiloxKey& key) {
  key.word[0] += 0x9E3779B9U;
  key.word[1] += 0xBB67AE85U;
}

}  // namespace detail

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011):
/// 128 random bits as a pure function of key and counter.
CTGRAD_FUNCTION PhiloxBlock philox(PhiloxKey key, PhiloxBlock counter) {
  for (int round = 0; round < detail::philox_rounds; ++round) {
    const std::uint64_t a = detail::philox_multiplier[0] * counter.word[0];
    const std::uint64_t b = detail::philox_multiplier[1] * counter.word[2];
    counter = {{static_cast<std::uint32_t>(b >> 32) ^ counter.word[1] ^ key.word[0], static_cast<std::uint32_t>(b),
                static_cast<std::uint32_t>(a >> 32) ^ counter.word[3] ^ key.word[1], static_cast<std::uint32_t>(a)}};
    detail::next_philox_key(key);
  }
  return counter;
}

/// A seed as a Philox key.
CTGRAD_FUNCTION PhiloxKey philox_key(std::uint64_t seed) {
  return {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
}

/// Block number `index` of stream `stream`: the index is the lower half of the counter, the stream
/// the upper half.
CTGRAD_FUNCTION PhiloxBlock random_block(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
  return philox(philox_key(seed), {{static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                                    static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)}});
}

namespace detail {

/// Elements one block gives: four floats or two doubles.
template <class T>
inline constexpr int random_lanes = sizeof(T) == 4 ? 4 : 2;

/// Half 0 or 1 of a block; the lower word comes first.
CTGRAD_FUNCTION std::uint64_t half_of(const PhiloxBlock& block, int half) {
  return block.word[2 * half] | std::uint64_t{block.word[2 * half + 1]} << 32;
}

// a * b + c with a result that no compiler setting changes, but -ffast-math and nvcc's -use_fast_math.
// A compiler may fuse a product with a sum (and nvcc does, g++ on x86 does not), which changes the
// last bit. The product of two floats is exact in double, so there fusing makes no difference; in
// double it is asked for.
CTGRAD_FUNCTION float multiply_add(float a, float b, float c) {
  return static_cast<float>(static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c));
}
CTGRAD_HOST_DEVICE inline double multiply_add(double a, double b, double c) { return std::fma(a, b, c); }

/// Natural logarithm of k / 2^bits for 1 <= k <= 2^bits: 2 artanh(s) with s = (m - 1) / (m + 1) and
/// the mantissa m in [0.7, 1.42). Library logarithms differ in the last bit between devices.
template <class T>
CTGRAD_FUNCTION T log_of_fraction(std::uint64_t k, int bits) {
  constexpr int terms = sizeof(T) == 4 ? 5 : 11;
  int top = 0;  // position of the leading one
  for (int step = 32; step > 0; step /= 2)
    if (k >> (top + step) != 0) top += step;
  double mantissa = static_cast<double>((k << (63 - top)) >> 11) * 0x1p-52;
  int exponent = top - bits;
  if (mantissa > 1.414) {
    mantissa *= 0.5;
    ++exponent;
  }
  const T fraction = static_cast<T>(mantissa - 1);
  const T s = fraction / (2 + fraction);
  const T square = s * s;
  T series = T(1) / T(2 * terms + 1);
  for (int i = terms - 1; i >= 0; --i) series = multiply_add(series, square, T(1) / T(2 * i + 1));
  constexpr T log_2 = T(0x1.62e42fefa39efp-1);
  return multiply_add(T(exponent), log_2, 2 * s * series);
}

template <class T>
struct SineCosine {
  T sine;
  T cosine;
};

/// Sine and cosine of the angle 2 pi turn / 2^64, by Taylor series around the nearest quarter turn.
template <class T>
CTGRAD_FUNCTION SineCosine<T> sine_cosine_of_turn(std::uint64_t turn) {
  constexpr int terms = sizeof(T) == 4 ? 5 : 9;
  constexpr T quarter = T(0x1.921fb54442d18p-62);
  const std::uint64_t quadrant = (turn + (std::uint64_t{1} << 61)) >> 62;
  const T x = static_cast<T>(static_cast<std::int64_t>(turn - (quadrant << 62))) * quarter;
  const T square = x * x;
  T sine = 1;
  T cosine = 1;
  for (int i = terms; i > 0; --i) {
    sine = multiply_add(sine, square * (T(-1) / T(2 * i * (2 * i + 1))), T(1));
    cosine = multiply_add(cosine, square * (T(-1) / T((2 * i - 1) * 2 * i)), T(1));
  }
  sine = x * sine;
  if (quadrant == 1) return {cosine, -sine};
  if (quadrant == 2) return {-sine, -cosine};
  if (quadrant == 3) return {-cosine, sine};
  return {sine, cosine};
}

/// Element `lane` of a block as a uniform number in [0, 1).
template <class T>
CTGRAD_FUNCTION T uniform_from(const PhiloxBlock& block, int lane) {
  if constexpr (sizeof(T) == 4) {
    return static_cast<T>(block.word[lane] >> 8) * 0x1p-24F;
  } else {
    return static_cast<T>(half_of(block, lane) >> 11) * 0x1p-53;
  }
}

/// Writes the normal numbers of one block: Box and Muller, "A note on the generation of random
/// normal deviates", 1958. The first number of each pair is the cosine's. The radius uses all 32
/// (float) or 53 (double) bits, so |value| goes up to 6.6 and 8.5.
template <class T>
CTGRAD_HOST_DEVICE inline void normals_from(const PhiloxBlock& block, T* out) {
  for (int pair = 0; pair < random_lanes<T> / 2; ++pair) {
    T log_u;
    SineCosine<T> angle;
    if constexpr (sizeof(T) == 4) {
      log_u = log_of_fraction<T>(std::uint64_t{block.word[2 * pair]} + 1, 32);
      angle = sine_cosine_of_turn<T>(std::uint64_t{block.word[2 * pair + 1]} << 32);
    } else {
      log_u = log_of_fraction<T>((half_of(block, 0) >> 11) + 1, 53);
      angle = sine_cosine_of_turn<T>(half_of(block, 1));
    }
    const T radius = std::sqrt(-2 * log_u);  // square roots are exact to the last bit everywhere
    out[2 * pair] = radius * angle.cosine;
    out[2 * pair + 1] = radius * angle.sine;
  }
}

/// Upper half of the 128-bit product.
CTGRAD_FUNCTION std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t low = 0xFFFFFFFFU;
  const std::uint64_t cross = (a >> 32) * (b & low) + ((a & low) * (b & low) >> 32);
  const std::uint64_t other = (a & low) * (b >> 32) + (cross & low);
  return (a >> 32) * (b >> 32) + (cross >> 32) + (other >> 32);
}

}  // namespace detail

/// Element i of the uniform sequence of (seed, stream), in [0, 1): a float from 24 bits or a double
/// from 53 bits.
template <class T>
CTGRAD_FUNCTION T uniform_at(std::uint64_t seed, std::uint64_t stream, std::uint64_t i) {
  constexpr auto lanes = static_cast<std::uint64_t>(detail::random_lanes<T>);
  return detail::uniform_from<T>(random_block(seed, stream, i / lanes), static_cast<int>(i % lanes));
}

/// Element i of the standard normal sequence of (seed, stream), float or double.
template <class T>
CTGRAD_HOST_DEVICE inline T normal_at(std::uint64_t seed, std::uint64_t stream, std::uint64_t i) {
  constexpr auto lanes = static_cast<std::uint64_t>(detail::random_lanes<T>);
  T values[detail::random_lanes<T>];
  detail::normals_from(random_block(seed, stream, i / lanes), values);
  return values[i % lanes];
}

/// Element i of the sequence of integers in [0, range) of (seed, stream), each equally likely
/// (Lemire, "Fast random integer generation in an interval", 2019). The range must not be 0.
CTGRAD_FUNCTION std::uint64_t integer_at(std::uint64_t seed, std::uint64_t stream, std::uint64_t i,
                                         std::uint64_t range) {
  PhiloxBlock block = random_block(seed, stream, i);
  while (true) {
    for (int half = 0; half < 2; ++half) {
      const std::uint64_t bits = detail::half_of(block, half);
      const std::uint64_t rest = bits * range;  // the lower half of the product, modulo 2^64
      if (rest >= range || rest >= (0 - range) % range) return detail::multiply_high(bits, range);
    }
    // Both halves fell into the biased part: go on from the block itself, so that the number still
    // depends on (seed, stream, i) alone.
    block = philox(philox_key(seed), block);
  }
}

}  // namespace ctgrad
