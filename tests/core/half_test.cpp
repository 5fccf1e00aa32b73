// SPDX-License-Identifier: BSL-1.0
/// \file
/// The 16-bit types against a search for the nearest number, and their lanes against the numbers.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "ctgrad/core/half.hpp"
#include "ctgrad/core/simd.hpp"

using namespace ctgrad;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

std::uint32_t bits_of(float x) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}
float float_of(std::uint32_t bits) {
  float x = 0;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

/// A format as the standard describes it: so many bits of exponent and of stored mantissa.
struct Format {
  int exponent_bits, mantissa_bits;

  int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  unsigned infinity_pattern() const { return ((1U << exponent_bits) - 1) << mantissa_bits; }

  /// The value of a pattern without sign, where infinity stands for the power of two that would follow.
  double value(unsigned pattern) const {
    const int exponent = static_cast<int>(pattern >> mantissa_bits);
    const double mantissa = pattern & ((1U << mantissa_bits) - 1);
    if (exponent == 0) return std::ldexp(mantissa, 1 - bias() - mantissa_bits);
    return std::ldexp(mantissa + std::ldexp(1.0, mantissa_bits), exponent - bias() - mantissa_bits);
  }

  /// The pattern nearest to x, which is no NaN; of two the even one.
  std::uint16_t nearest(float x) const {
    const double magnitude = std::fabs(static_cast<double>(x));
    // The largest pattern whose value is not above x.
    unsigned below = 0;
    for (unsigned step = 0x4000; step > 0; step /= 2)
      if (below + step <= infinity_pattern() && value(below + step) <= magnitude) below += step;
    unsigned result = below;
    if (below < infinity_pattern()) {
      const double down = magnitude - value(below);
      const double up = value(below + 1) - magnitude;
      if (up < down || (up == down && below % 2 == 1)) result = below + 1;
    }
    return static_cast<std::uint16_t>(result | (std::signbit(x) ? 0x8000U : 0U));
  }
};

template <class H>
constexpr Format format = std::is_same_v<H, bfloat16> ? Format{8, 7} : Format{5, 10};

/// Numbers around which a conversion decides: every 16-bit number, half-way to the next, and the floats beside those;
/// and numbers all over the floats.
template <class H>
std::vector<float> deciding_numbers() {
  std::vector<float> all;
  for (unsigned pattern = 0; pattern < format<H>.infinity_pattern(); ++pattern) {
    const double here = format<H>.value(pattern);
    const double next = format<H>.value(pattern + 1);
    const auto middle = static_cast<float>(here + (next - here) / 2);
    for (const float x :
         {static_cast<float>(here), middle, std::nextafter(middle, 0.0F), std::nextafter(middle, infinity)})
      for (const float signed_x : {x, -x}) all.push_back(signed_x);
  }
  for (std::uint64_t bits = 0; bits < 0x100000000U; bits += 65521)
    if (!std::isnan(float_of(static_cast<std::uint32_t>(bits))))
      all.push_back(float_of(static_cast<std::uint32_t>(bits)));
  for (const float x :
       {0.0F, -0.0F, infinity, -infinity, std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min()})
    all.push_back(x);
  return all;
}

template <class H>
void check_from_float() {
  std::int64_t wrong = 0;
  for (const float x : deciding_numbers<H>()) {
    if (H(x).bits == format<H>.nearest(x)) continue;
    if (++wrong < 10)
      BOOST_TEST_MESSAGE(x << " gave the pattern " << H(x).bits << ", nearest is " << format<H>.nearest(x));
  }
  BOOST_TEST(wrong == 0);
}

template <class H>
void check_all_patterns() {
  std::int64_t wrong = 0;
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const unsigned magnitude = bits & 0x7fffU;
    const H h = H::from_bits(static_cast<std::uint16_t>(bits));
    const float x = h;
    const bool is_nan = magnitude > format<H>.infinity_pattern();
    bool good = std::isnan(x) == is_nan && std::signbit(x) == (bits >= 0x8000);
    if (is_nan) {
      // What comes back is a NaN of the same sign.
      good = good && (H(x).bits & 0x7fffU) > format<H>.infinity_pattern() && (H(x).bits & 0x8000U) == (bits & 0x8000U);
    } else {
      const double value =
          magnitude == format<H>.infinity_pattern() ? static_cast<double>(infinity) : format<H>.value(magnitude);
      good = good && std::fabs(static_cast<double>(x)) == value && H(x).bits == bits;
    }
    wrong += good ? 0 : 1;
  }
  BOOST_TEST(wrong == 0);
}

template <class H, int N>
void check_lanes(const std::vector<float>& numbers) {
  std::int64_t wrong = 0;
  for (unsigned first = 0; first < 0x10000; first += N) {
    std::uint16_t bits[N];
    float wide[N];
    for (unsigned i = 0; i < N; ++i) bits[i] = static_cast<std::uint16_t>(first + i);
    widen_lanes<H>(Simd<std::uint16_t, N>::load(bits)).store(wide);
    for (const std::uint16_t one : bits)
      wrong += bits_of(wide[one - first]) == bits_of(static_cast<float>(H::from_bits(one))) ? 0 : 1;
  }
  for (std::size_t first = 0; first + N <= numbers.size(); first += N) {
    std::uint16_t narrow[N];
    narrow_lanes<H>(Simd<float, N>::load(&numbers[first])).store(narrow);
    for (std::size_t i = 0; i < N; ++i) wrong += narrow[i] == H(numbers[first + i]).bits ? 0 : 1;
  }
  BOOST_TEST(wrong == 0, wrong << " of the lanes differ from the numbers, " << N << " at a time");
}

template <class H>
void check_all_lanes() {
  std::vector<float> numbers = deciding_numbers<H>();
  for (std::uint32_t bits = 0x7f800001U; bits < 0x80000000U; bits += 9973) {
    numbers.push_back(float_of(bits));
    numbers.push_back(float_of(bits | 0x80000000U));
  }
  while (numbers.size() % 32 != 0) numbers.push_back(1);
  check_lanes<H, 1>(numbers);
  check_lanes<H, 2>(numbers);
  check_lanes<H, 4>(numbers);
  check_lanes<H, 8>(numbers);
  check_lanes<H, 16>(numbers);
  check_lanes<H, 32>(numbers);
}

template <class H>
void check_limits() {
  using Limits = std::numeric_limits<H>;
  const Format f = format<H>;
  BOOST_TEST(static_cast<double>(Limits::max()) == f.value(f.infinity_pattern() - 1));
  BOOST_TEST(static_cast<float>(Limits::lowest()) == -static_cast<float>(Limits::max()));
  BOOST_TEST(static_cast<double>(Limits::min()) == std::ldexp(1.0, 1 - f.bias()));
  BOOST_TEST(static_cast<double>(Limits::denorm_min()) == f.value(1));
  BOOST_TEST(static_cast<double>(Limits::epsilon()) == std::ldexp(1.0, -f.mantissa_bits));
  BOOST_TEST(static_cast<float>(Limits::round_error()) == 0.5F);
  BOOST_TEST(static_cast<float>(Limits::infinity()) == infinity);
  BOOST_TEST(std::isnan(static_cast<float>(Limits::quiet_NaN())));
  BOOST_TEST(std::isnan(static_cast<float>(Limits::signaling_NaN())));
  BOOST_TEST(Limits::digits == f.mantissa_bits + 1);
  BOOST_TEST(Limits::max_exponent == f.bias() + 1);
  BOOST_TEST(Limits::min_exponent == 2 - f.bias());
}

// Conversions work while the compiler runs.
static_assert(bfloat16(1).bits == 0x3f80 && float16(1).bits == 0x3c00);
static_assert(static_cast<float>(bfloat16(0.1)) == 0.10009765625F);
static_assert(static_cast<float>(float16(0.1)) == 0.0999755859375F);
static_assert(float16(65519).bits == 0x7bff && float16(65520).bits == 0x7c00);
static_assert(float16(0x1p-24F).bits == 1 && float16(0x1p-25F).bits == 0 && float16(0x1.8p-25F).bits == 1);
static_assert(bfloat16(true) == 1 && static_cast<int>(bfloat16(-2.5)) == -2 && bfloat16(3) > float16(2));
static_assert(std::is_same_v<decltype(bfloat16(1) + bfloat16(2)), float>);

}  // namespace

BOOST_AUTO_TEST_SUITE(half)

BOOST_AUTO_TEST_CASE(bfloat16_is_the_nearest) { check_from_float<bfloat16>(); }
BOOST_AUTO_TEST_CASE(float16_is_the_nearest) { check_from_float<float16>(); }
BOOST_AUTO_TEST_CASE(all_patterns_are_their_numbers) {
  check_all_patterns<bfloat16>();
  check_all_patterns<float16>();
}
BOOST_AUTO_TEST_CASE(lanes_are_numbers) {
  check_all_lanes<bfloat16>();
  check_all_lanes<float16>();
}
BOOST_AUTO_TEST_CASE(limits) {
  check_limits<bfloat16>();
  check_limits<float16>();
}

#if defined(__FLT16_MAX__) && defined(__x86_64__) && !defined(__CUDACC__)
BOOST_AUTO_TEST_CASE(float16_is_the_compilers) {
  __extension__ typedef _Float16 Native;
  std::int64_t wrong = 0;
  for (std::uint64_t bits = 0; bits < 0x100000000U; bits += 251) {
    const float x = float_of(static_cast<std::uint32_t>(bits));
    const auto native = static_cast<Native>(x);
    std::uint16_t pattern = 0;
    std::memcpy(&pattern, &native, sizeof(pattern));
    wrong += float16(x).bits == pattern ? 0 : 1;
  }
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const auto pattern = static_cast<std::uint16_t>(bits);
    Native native;
    std::memcpy(&native, &pattern, sizeof(pattern));
    wrong += bits_of(static_cast<float>(float16::from_bits(pattern))) == bits_of(static_cast<float>(native)) ? 0 : 1;
  }
  BOOST_TEST(wrong == 0);
}
#endif

BOOST_AUTO_TEST_CASE(numbers_in_place) {
  bfloat16 x = 1;
  x += 2;
  x *= 2.5F;
  x -= 0.5F;
  x /= 2;
  BOOST_TEST(static_cast<float>(x) == 3.5F);
  float16 y = -x;
  BOOST_TEST(static_cast<float>(y) == -3.5F);
}

BOOST_AUTO_TEST_SUITE_END()
