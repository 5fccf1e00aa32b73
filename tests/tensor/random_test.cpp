// SPDX-License-Identifier: BSL-1.0
/// \file
/// Random numbers: published vectors, bits that do not depend on chunking, distributions.
#include "ctgrad/tensor/random.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace {

using ctgrad::PhiloxBlock;
using ctgrad::RandomStream;

// Known answers for philox4x32-10 published with the paper's reference code.
static_assert(ctgrad::philox({{0, 0}}, {{0, 0, 0, 0}}) ==
              PhiloxBlock{{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
static_assert(ctgrad::philox({{0xffffffff, 0xffffffff}}, {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}}) ==
              PhiloxBlock{{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
static_assert(ctgrad::philox({{0xa4093822, 0x299f31d0}}, {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}) ==
              PhiloxBlock{{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});

// The words of seed, stream and index go where the documentation says.
static_assert(ctgrad::random_block(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88) ==
              PhiloxBlock{{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});

static_assert(ctgrad::uniform_at<float>(0, 0, 0) == float(0x6627e8) * 0x1p-24F);
static_assert(ctgrad::uniform_at<double>(0, 0, 1) == double(0x9b00dbd8bc57ac4c >> 11) * 0x1p-53);

static_assert(ctgrad::detail::multiply_high(0xffffffffffffffff, 0xffffffffffffffff) == 0xfffffffffffffffe);
static_assert(ctgrad::detail::multiply_high(std::uint64_t{1} << 63, 6) == 3);

/// Fills [0, total) whole and in pieces of the given lengths, and compares the bits.
template <class T, class Fill>
void check_chunking(Fill fill) {
  constexpr std::size_t total = 101;
  std::vector<T> whole(total);
  fill(std::span<T>(whole), std::uint64_t{0});
  for (const std::size_t chunk : {1U, 2U, 3U, 4U, 5U, 7U, 64U}) {
    std::vector<T> parts(total);
    for (std::size_t first = 0; first < total; first += chunk)
      fill(std::span<T>(parts).subspan(first, std::min(chunk, total - first)), std::uint64_t{first});
    BOOST_TEST(std::ranges::equal(std::as_bytes(std::span(whole)), std::as_bytes(std::span(parts))),
               "pieces of " << chunk << " give other bits");
  }
}

/// FNV-1a of the bytes: names the bits of a fill in one number.
template <class T>
std::uint64_t hash_of(const std::vector<T>& values) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::byte byte : std::as_bytes(std::span(values)))
    hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
  return hash;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(random_stream)

BOOST_AUTO_TEST_CASE(numbers_of_16_bits_are_the_floats_rounded) {
  const RandomStream stream(7, 3);
  std::vector<float> floats(1000);
  std::vector<ctgrad::bfloat16> brief(1000);
  stream.fill_normal(std::span(floats), 5, 1, 2);
  stream.fill_normal(std::span(brief), 5, 1, 2);
  for (std::size_t i = 0; i < floats.size(); ++i) BOOST_TEST(brief[i].bits == ctgrad::bfloat16(floats[i]).bits);
  check_chunking<ctgrad::float16>([&](auto out, auto first) { stream.fill_uniform(out, first, -2, 5); });
  // Rounded, one in 500 or so would be the bound itself.
  std::vector<ctgrad::bfloat16> many(100000);
  for (const float high : {1.0F, 0.0F, -1.0F}) {
    stream.fill_uniform(std::span(many), 0, high - 1, high);
    for (const float x : many) BOOST_REQUIRE((x >= high - 1 && x < high));
    BOOST_TEST(static_cast<float>(*std::ranges::max_element(many)) > high - 0.01F);
  }
}

BOOST_AUTO_TEST_CASE(chunks_give_the_same_bits) {
  const RandomStream stream(7, 3);
  check_chunking<float>([&](auto out, auto first) { stream.fill_uniform(out, first, -2, 5); });
  check_chunking<double>([&](auto out, auto first) { stream.fill_uniform(out, first, -2, 5); });
  check_chunking<float>([&](auto out, auto first) { stream.fill_normal(out, first, 1, 0.1F); });
  check_chunking<double>([&](auto out, auto first) { stream.fill_normal(out, first, 1, 0.1); });
  check_chunking<std::int64_t>([&](auto out, auto first) { stream.fill_integers(out, first, -100, 1000); });
}

BOOST_AUTO_TEST_CASE(fills_agree_with_single_elements) {
  const RandomStream stream(11, 5);
  const std::uint64_t offset = (std::uint64_t{1} << 40) + 3;
  std::vector<float> uniform(9);
  std::vector<double> normal(9);
  stream.fill_uniform(uniform, offset);
  stream.fill_normal(normal, offset);
  for (std::size_t i = 0; i < 9; ++i) {
    BOOST_TEST(uniform[i] == ctgrad::uniform_at<float>(11, 5, offset + i));
    BOOST_TEST(normal[i] == ctgrad::normal_at<double>(11, 5, offset + i));
  }
}

// These bits must never change, on any compiler, at any optimisation level: a seed in a paper or a
// test would mean something else.
BOOST_AUTO_TEST_CASE(bits_are_for_ever) {
  const RandomStream stream(42, 1);
  std::vector<float> single(1001);
  std::vector<double> wide(1001);
  std::vector<std::int64_t> integers(1001);
  stream.fill_uniform(single, 0, -1, 1);
  BOOST_TEST(hash_of(single) == 0xb3eff0cd39e7434cU);
  stream.fill_normal(single, 0, 0.5F, 0.02F);
  BOOST_TEST(hash_of(single) == 0x757d4396b1cc394aU);
  stream.fill_uniform(wide, 0, -1, 1);
  BOOST_TEST(hash_of(wide) == 0xfd6c24a37cc2ebc5U);
  stream.fill_normal(wide, 0, 0.5, 0.02);
  BOOST_TEST(hash_of(wide) == 0x641286e911b909dbU);
  stream.fill_integers(integers, 0, -5, 1000);
  BOOST_TEST(hash_of(integers) == 0xc924598f10862aaeU);
}

BOOST_AUTO_TEST_CASE(seeds_and_streams_differ) {
  std::vector<float> a(64), b(64), c(64), d(64);
  RandomStream(1, 0).fill_uniform(a);
  RandomStream(2, 0).fill_uniform(b);
  RandomStream(1, 1).fill_uniform(c);
  RandomStream(1, 0).fill_uniform(d);
  BOOST_TEST((a != b && a != c && b != c));
  BOOST_TEST((a == d));
}

BOOST_AUTO_TEST_CASE(uniform_moments_and_bounds) {
  constexpr std::size_t n = 200'000;
  std::vector<float> values(n);
  RandomStream(5).fill_uniform(values);
  double sum = 0;
  double squares = 0;
  std::array<int, 16> bins{};
  for (const float x : values) {
    BOOST_REQUIRE((x >= 0 && x < 1));
    sum += x;
    squares += double(x) * x;
    ++bins[static_cast<std::size_t>(x * 16)];
  }
  // Five standard errors.
  BOOST_TEST(std::abs(sum / n - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
  BOOST_TEST(std::abs(squares / n - 1.0 / 3) < 5 * std::sqrt(4.0 / 45 / n));
  double chi_square = 0;
  for (const int count : bins) chi_square += std::pow(count - n / 16.0, 2) / (n / 16.0);
  BOOST_TEST(chi_square < 15 + 5 * std::sqrt(30.0));
}

BOOST_AUTO_TEST_CASE(the_upper_bound_is_never_reached) {
  // Between 1 and its neighbour nearly half of the results round up to the open end.
  const float next = std::nextafter(1.0F, 2.0F);
  std::vector<float> values(1000);
  RandomStream(5).fill_uniform(values, 0, 1.0F, next);
  BOOST_TEST(std::ranges::all_of(values, [](float x) { return x == 1.0F; }));
}

BOOST_AUTO_TEST_CASE(normal_moments) {
  constexpr std::size_t n = 200'000;
  std::vector<float> values(n);
  RandomStream(6).fill_normal(values, 0, 3, 2);
  std::array<double, 5> moment{};
  double neighbours = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = (double(values[i]) - 3) / 2;
    for (int k = 1; k <= 4; ++k) moment[static_cast<std::size_t>(k)] += std::pow(x, k) / n;
    if (i % 2 == 1) neighbours += x * (double(values[i - 1]) - 3) / 2 / (n / 2.0);
  }
  BOOST_TEST(std::abs(moment[1]) < 5 * std::sqrt(1.0 / n));
  BOOST_TEST(std::abs(moment[2] - 1) < 5 * std::sqrt(2.0 / n));
  BOOST_TEST(std::abs(moment[3]) < 5 * std::sqrt(15.0 / n));
  BOOST_TEST(std::abs(moment[4] - 3) < 5 * std::sqrt(96.0 / n));
  BOOST_TEST(std::abs(neighbours) < 5 * std::sqrt(2.0 / n));
}

BOOST_AUTO_TEST_CASE(box_muller_agrees_with_the_formula) {
  double worst_float = 0;
  double worst_double = 0;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const PhiloxBlock block = ctgrad::random_block(9, 9, i);
    const auto radius = [](double u) { return std::sqrt(-2 * std::log(u)); };
    const auto turn = [](std::uint32_t w) { return 2 * M_PI * w * 0x1p-32; };
    std::array<float, 4> single{};
    std::array<double, 2> wide{};
    ctgrad::detail::normals_from(block, single.data());
    ctgrad::detail::normals_from(block, wide.data());
    const double r = radius((block.word[2] + 1.0) * 0x1p-32);
    const double a = turn(block.word[3]);
    worst_float = std::max({worst_float, std::abs(double(single[2]) - r * std::cos(a)) / r,
                            std::abs(double(single[3]) - r * std::sin(a)) / r});
    const double u = (double(ctgrad::detail::half_of(block, 0) >> 11) + 1) * 0x1p-53;
    const double b = 2 * M_PI * (double(ctgrad::detail::half_of(block, 1)) * 0x1p-64);
    worst_double = std::max({worst_double, std::abs(wide[0] - radius(u) * std::cos(b)) / radius(u),
                             std::abs(wide[1] - radius(u) * std::sin(b)) / radius(u)});
  }
  BOOST_TEST(worst_float < 2.5e-7);
  BOOST_TEST(worst_double < 2e-15);
}

BOOST_AUTO_TEST_CASE(logarithm_and_angle_at_their_ends) {
  using ctgrad::detail::log_of_fraction;
  using ctgrad::detail::sine_cosine_of_turn;
  BOOST_TEST(log_of_fraction<float>(std::uint64_t{1} << 32, 32) == 0.0F);
  BOOST_TEST(log_of_fraction<double>(std::uint64_t{1} << 53, 53) == 0.0);
  BOOST_TEST(std::abs(log_of_fraction<float>(1, 32) - float(-32 * M_LN2)) < 4e-6F);
  BOOST_TEST(std::abs(log_of_fraction<double>(1, 53) + 53 * M_LN2) < 1e-14);
  // Just below one the logarithm is small and must keep its relative accuracy.
  BOOST_TEST(std::abs(log_of_fraction<double>((std::uint64_t{1} << 53) - 3, 53) / (-3 * 0x1p-53) - 1) < 1e-14);
  for (std::uint64_t quarter = 0; quarter < 4; ++quarter) {
    const auto [sine, cosine] = sine_cosine_of_turn<double>(quarter << 62);
    BOOST_TEST(sine == (quarter == 1 ? 1.0 : quarter == 3 ? -1.0 : 0.0));
    BOOST_TEST(cosine == (quarter == 0 ? 1.0 : quarter == 2 ? -1.0 : 0.0));
  }
  // All the way round: the last turn is just before zero.
  const auto last = sine_cosine_of_turn<double>(~std::uint64_t{0});
  BOOST_TEST((last.sine < 0 && last.sine > -1e-18 && last.cosine == 1));
}

BOOST_AUTO_TEST_CASE(integers_are_unbiased_and_in_range) {
  constexpr int n = 70'000;
  std::vector<std::int64_t> values(n);
  RandomStream(8).fill_integers(values, 0, -3, 4);
  std::array<int, 7> counts{};
  for (const std::int64_t x : values) {
    BOOST_REQUIRE((x >= -3 && x < 4));
    ++counts[static_cast<std::size_t>(x + 3)];
  }
  double chi_square = 0;
  for (const int count : counts) chi_square += std::pow(count - n / 7.0, 2) / (n / 7.0);
  BOOST_TEST(chi_square < 6 + 5 * std::sqrt(12.0));
}

BOOST_AUTO_TEST_CASE(integers_reject_the_biased_part) {
  // With this range a quarter of the 64-bit words is rejected; without rejection the values that
  // are 0 modulo 3 would come twice as often as the others.
  const std::uint64_t range = 3 * (std::uint64_t{1} << 62);
  std::array<int, 3> counts{};
  int beyond_one_block = 0;
  for (std::uint64_t i = 0; i < 30'000; ++i) {
    const std::uint64_t value = ctgrad::integer_at(1, 2, i, range);
    BOOST_REQUIRE(value < range);
    ++counts[value % 3];
    const PhiloxBlock block = ctgrad::random_block(1, 2, i);
    const auto rejected = [&](int half) { return ctgrad::detail::half_of(block, half) * range < (0 - range) % range; };
    if (rejected(0) && rejected(1)) ++beyond_one_block;
  }
  for (const int count : counts) BOOST_TEST(std::abs(count - 10'000) < 5 * 82);
  BOOST_TEST(beyond_one_block > 1000);  // one in sixteen: the path that goes on was taken
}

BOOST_AUTO_TEST_CASE(full_integer_range) {
  std::vector<std::int64_t> values(100);
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  constexpr auto highest = std::numeric_limits<std::int64_t>::max();
  RandomStream(8).fill_integers(values, 0, lowest, highest);
  BOOST_TEST(std::ranges::count_if(values, [](auto x) { return x < 0; }) > 25);
  BOOST_TEST(std::ranges::count_if(values, [](auto x) { return x > 0; }) > 25);
}

BOOST_AUTO_TEST_CASE(shuffle_is_a_fair_permutation) {
  std::vector<int> values(100);
  std::iota(values.begin(), values.end(), 0);
  std::vector<int> again = values;
  RandomStream(1).shuffle(std::span(values));
  RandomStream(1).shuffle(std::span(again));
  BOOST_TEST((values == again));
  BOOST_TEST(!std::ranges::is_sorted(values));
  std::ranges::sort(again);
  for (int i = 0; i < 100; ++i) BOOST_TEST(again[static_cast<std::size_t>(i)] == i);

  std::array<int, 6> counts{};  // each order of three values
  for (std::uint64_t seed = 0; seed < 6000; ++seed) {
    std::array<int, 3> three{0, 1, 2};
    RandomStream(seed).shuffle(std::span(three));
    ++counts[static_cast<std::size_t>(2 * three[0] + (three[1] > three[2] ? 1 : 0))];
  }
  for (const int count : counts) BOOST_TEST(std::abs(count - 1000) < 150);

  std::vector<int> nothing;
  RandomStream(1).shuffle(std::span(nothing));
  BOOST_TEST(nothing.empty());
}

BOOST_AUTO_TEST_CASE(bad_arguments) {
  const RandomStream stream(1);
  std::vector<float> out(4);
  std::vector<std::int64_t> integers(4);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const float largest = std::numeric_limits<float>::max();
  BOOST_CHECK_THROW(stream.fill_uniform(out, 0, 1, 1), ctgrad::Error);
  BOOST_CHECK_THROW(stream.fill_uniform(out, 0, 0, nan), ctgrad::Error);
  BOOST_CHECK_THROW(stream.fill_uniform(out, 0, 0, infinity), ctgrad::Error);
  BOOST_CHECK_THROW(stream.fill_uniform(out, 0, -largest, largest), ctgrad::Error);
  BOOST_CHECK_THROW(stream.fill_normal(out, 0, 0, -1), ctgrad::Error);
  BOOST_CHECK_THROW(stream.fill_normal(out, 0, nan, 1), ctgrad::Error);
  BOOST_CHECK_THROW(stream.fill_normal(out, 0, 0, infinity), ctgrad::Error);
  BOOST_CHECK_THROW(stream.fill_integers(integers, 0, 3, 3), ctgrad::Error);
}

BOOST_AUTO_TEST_SUITE_END()
