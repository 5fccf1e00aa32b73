// SPDX-License-Identifier: BSL-1.0
/// \file
/// The stated error bounds in ulp against <cmath> in the next wider type, special values, and lanes
/// against numbers.
#include "ctgrad/core/math.hpp"

#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "../sanitized.hpp"

namespace {

namespace math = ctgrad::math;
using ctgrad::Simd;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// Beyond the largest number of T the reference rounds to infinity, which has no ulp.
template <class T, class Wide>
double error_in_ulp(T actual, Wide expected) {
  const T rounded = static_cast<T>(expected);
  if (std::isnan(rounded) || std::isinf(rounded) || std::isnan(actual)) {
    return (std::isnan(rounded) && std::isnan(actual)) || rounded == actual ? 0 : 1e30;
  }
  int exponent = std::numeric_limits<T>::min_exponent;
  if (std::fabs(expected) >= static_cast<Wide>(std::numeric_limits<T>::min())) std::frexp(expected, &exponent);
  const Wide ulp = std::ldexp(Wide(1), exponent - std::numeric_limits<T>::digits);
  return static_cast<double>(std::fabs(static_cast<Wide>(actual) - expected) / ulp);
}

bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

/// One function as the tests use it: on a number, on arrays through Simds, and the reference.
template <class T, class Wide>
struct Function {
  std::string name;
  T (*number)(T);
  void (*lanes)(const T* from, T* to);   // 16 elements
  void (*narrow)(const T* from, T* to);  // 2 elements
  Wide (*reference)(Wide);
  double bound;
};

template <class T>
struct Range {
  T low, high;
};

#define CTGRAD_FUNCTION_OF(T, Wide, function, expression, bound)                                   \
  Function<T, Wide> {                                                                              \
#function, [](T x) { return math::function(x); },                                                \
        [](const T* from, T* to) { math::function(Simd<T, 16>::load(from)).store(to); },             \
        [](const T* from, T* to) { math::function(Simd<T, 2>::load(from)).store(to); },              \
        [](Wide x) -> Wide { return expression; }, bound \
  }
#define CTGRAD_FLOAT(function, expression, bound) CTGRAD_FUNCTION_OF(float, double, function, expression, bound)
#define CTGRAD_DOUBLE(function, expression, bound) CTGRAD_FUNCTION_OF(double, long double, function, expression, bound)

/// Checks 16 numbers: the error of each, and that the lanes of Simds have the same bits.
template <class T, class Wide>
struct Sweep {
  const Function<T, Wide>& function;
  T inputs[16] = {};
  int filled = 0;
  double worst = 0;
  T worst_at = 0;
  int different_lanes = 0;

  void add(T x) {
    inputs[filled++] = x;
    if (filled < 16) return;
    filled = 0;
    T wide[16], narrow[2];
    function.lanes(inputs, wide);
    function.narrow(inputs, narrow);
    for (int i = 0; i < 16; ++i) {
      const T y = function.number(inputs[i]);
      if (!same(static_cast<double>(y), static_cast<double>(wide[i]))) ++different_lanes;
      if (i < 2 && !same(static_cast<double>(y), static_cast<double>(narrow[i]))) ++different_lanes;
      const double error = error_in_ulp(y, function.reference(static_cast<Wide>(inputs[i])));
      if (!(error <= worst)) {
        worst = error;
        worst_at = inputs[i];
      }
    }
  }

  void finish() {
    BOOST_CHECK_MESSAGE(worst <= function.bound,
                        function.name << " is " << worst << " ulp off at " << worst_at << ", bound " << function.bound);
    BOOST_CHECK_MESSAGE(different_lanes == 0,
                        function.name << ": " << different_lanes << " lanes differ from the number");
    BOOST_TEST_MESSAGE(function.name << ": " << worst << " ulp at " << worst_at);
  }
};

constexpr int fewer = ctgrad_test::sanitized ? 25 : 1;

/// About `count` floats spread evenly over the bit patterns between two floats of the same sign.
void sweep_floats(const Function<float, double>& function, Range<float> range, std::uint32_t count) {
  Sweep<float, double> sweep{function};
  const std::uint32_t low = std::bit_cast<std::uint32_t>(range.low);
  const std::uint32_t high = std::bit_cast<std::uint32_t>(range.high);
  const std::uint32_t step = (high - low) / count | 1;  // odd: all low bits occur
  for (std::uint64_t bits = low; bits <= high; bits += step) {
    sweep.add(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  sweep.finish();
}

/// Random doubles between two: half of them evenly over the numbers, half over the bit patterns.
void sweep_doubles(const Function<double, long double>& function, Range<double> range, int count) {
  Sweep<double, long double> sweep{function};
  std::uint64_t state = 88172645463325252u;
  const auto random = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  };
  const std::uint64_t low = std::bit_cast<std::uint64_t>(range.low);
  const std::uint64_t high = std::bit_cast<std::uint64_t>(range.high);
  const bool same_sign = std::signbit(range.low) == std::signbit(range.high);
  for (int i = 0; i < count; ++i) {
    const double position = static_cast<double>(random() >> 11) * 0x1p-53;
    if (i % 2 == 0 || !same_sign) {
      sweep.add(range.low + (range.high - range.low) * position);
    } else {
      sweep.add(std::bit_cast<double>(low + random() % (high - low + 1)));
    }
  }
  sweep.finish();
}

void check_float(const Function<float, double>& function, std::initializer_list<Range<float>> ranges) {
  for (const Range<float>& range : ranges) sweep_floats(function, range, 60000 / fewer);
}

void check_double(const Function<double, long double>& function, std::initializer_list<Range<double>> ranges) {
  for (const Range<double>& range : ranges) sweep_doubles(function, range, 40000 / fewer);
}

template <class T>
struct Value {
  T input, expected;
};

/// Values that have to be met exactly, as number and as lane, and NaNs of several payloads, which
/// have to stay NaN.
template <class T, class Wide>
void check_values(const Function<T, Wide>& function, std::initializer_list<Value<T>> values) {
  const auto check = [&](T input, T expected) {
    T from[16], to[16];
    for (T& x : from) x = input;
    function.lanes(from, to);
    const T number = function.number(input);
    BOOST_CHECK_MESSAGE(same(static_cast<double>(number), static_cast<double>(expected)),
                        function.name << "(" << input << ") is " << number << ", not " << expected);
    for (const T lane : to) {
      BOOST_CHECK_MESSAGE(same(static_cast<double>(lane), static_cast<double>(expected)),
                          function.name << "(" << input << ") is " << lane << " in a lane");
    }
  };
  for (const Value<T>& value : values) check(value.input, value.expected);
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const Word quiet = std::bit_cast<Word>(std::numeric_limits<T>::quiet_NaN());
  const Word sign = Word{1} << (sizeof(T) * 8 - 1);
  for (const Word payload : {Word{0}, Word{1}, Word{0x81}, Word{0x1ff}, Word{0x7ff}, Word{0x12345}}) {
    for (const Word bits : {quiet | payload, quiet | payload | sign}) {
      check(std::bit_cast<T>(bits), std::numeric_limits<T>::quiet_NaN());
    }
  }
}

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double tiny = std::numeric_limits<double>::denorm_min();
constexpr float tiny_float = std::numeric_limits<float>::denorm_min();
constexpr float max_float = std::numeric_limits<float>::max();

template <class T>
T sigmoid_reference(T x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core_math)

BOOST_AUTO_TEST_CASE(exp) {
  const auto single = CTGRAD_FLOAT(exp, std::exp(x), 1.5);
  check_float(single, {{0.0f, 90.0f}, {-0.0f, -105.0f}, {80.0f, 90.0f}, {-80.0f, -105.0f}});
  check_values(single, {{0, 1},
                        {-0.0f, 1},
                        {infinity, infinity},
                        {-infinity, 0},
                        {89, infinity},
                        {max_float, infinity},
                        {-max_float, 0},
                        {-104, 0},
                        {1e-30f, 1}});
  const auto twofold = CTGRAD_DOUBLE(exp, std::exp(x), 1.5);
  check_double(twofold, {{-1, 1}, {-750, 711}, {700, 712}, {-750, -700}, {0, 1e-3}});
  check_values(twofold,
               {{0, 1}, {-0.0, 1}, {inf, inf}, {-inf, 0}, {710, inf}, {1e300, inf}, {-1e300, 0}, {-746, 0}, {tiny, 1}});
}

BOOST_AUTO_TEST_CASE(expm1) {
  const auto single = CTGRAD_FLOAT(expm1, std::expm1(x), 3);
  check_float(single, {{0.0f, 90.0f}, {-0.0f, -105.0f}, {0.01f, 2.0f}, {-0.01f, -2.0f}});
  check_values(single, {{0, 0},
                        {-0.0f, -0.0f},
                        {infinity, infinity},
                        {-infinity, -1},
                        {89, infinity},
                        {-100, -1},
                        {tiny_float, tiny_float}});
  const auto twofold = CTGRAD_DOUBLE(expm1, std::expm1(x), 3);
  check_double(twofold, {{-1, 1}, {-50, 711}, {1e-20, 1e-2}, {-1e-2, -1e-20}});
  check_values(twofold, {{0, 0}, {-0.0, -0.0}, {inf, inf}, {-inf, -1}, {710, inf}, {tiny, tiny}});
}

BOOST_AUTO_TEST_CASE(log) {
  const auto single = CTGRAD_FLOAT(log, std::log(x), 1.5);
  check_float(single, {{tiny_float, max_float}, {0.5f, 2.0f}, {0.99f, 1.01f}, {tiny_float, 1e-37f}});
  check_values(single, {{1, 0},
                        {0, -infinity},
                        {-0.0f, -infinity},
                        {infinity, infinity},
                        {-1, not_a_number},
                        {-tiny_float, not_a_number},
                        {-infinity, not_a_number}});
  const auto twofold = CTGRAD_DOUBLE(log, std::log(x), 1);
  check_double(twofold, {{tiny, 1e308}, {0.5, 2}, {0.999, 1.001}, {tiny, 1e-307}});
  check_values(twofold, {{1, 0},
                         {0, -inf},
                         {-0.0, -inf},
                         {inf, inf},
                         {-1, double{not_a_number}},
                         {-tiny, double{not_a_number}},
                         {-inf, double{not_a_number}}});
}

BOOST_AUTO_TEST_CASE(log1p) {
  const auto single = CTGRAD_FLOAT(log1p, std::log1p(x), 2);
  check_float(single, {{0.0f, max_float}, {-0.0f, -1.0f}, {0.01f, 2.0f}, {-0.01f, -1.0f}});
  check_values(single, {{0, 0},
                        {-0.0f, -0.0f},
                        {infinity, infinity},
                        {-1, -infinity},
                        {-2, not_a_number},
                        {-infinity, not_a_number},
                        {tiny_float, tiny_float}});
  const auto twofold = CTGRAD_DOUBLE(log1p, std::log1p(x), 2);
  check_double(twofold, {{-0.9, 2}, {1e-20, 1e300}, {-1, -1e-20}, {-1e-3, 1e-3}});
  check_values(twofold, {{0, 0}, {-0.0, -0.0}, {inf, inf}, {-1, -inf}, {-2, double{not_a_number}}});
}

BOOST_AUTO_TEST_CASE(tanh) {
  const auto single = CTGRAD_FLOAT(tanh, std::tanh(x), 3);
  check_float(single, {{0.0f, 12.0f}, {-0.0f, -12.0f}, {0.05f, 10.0f}, {0.05f, 1.0f}, {7.0f, 10.0f}});
  check_values(single, {{0, 0},
                        {-0.0f, -0.0f},
                        {infinity, 1},
                        {-infinity, -1},
                        {10, 1},
                        {-10, -1},
                        {max_float, 1},
                        {tiny_float, tiny_float}});
  const auto twofold = CTGRAD_DOUBLE(tanh, std::tanh(x), 3);
  check_double(twofold, {{-1, 1}, {-25, 25}, {1e-20, 1}, {0.1, 3}});
  check_values(twofold, {{0, 0}, {-0.0, -0.0}, {inf, 1}, {-inf, -1}, {22, 1}, {-1e300, -1}, {tiny, tiny}});
  int not_odd = 0, beyond_one = 0;
  for (int i = 0; i < 100000; i += fewer) {
    const float x = static_cast<float>(i) * 1.1e-4f;
    if (math::tanh(-x) != -math::tanh(x) || math::tanh(-double{x}) != -math::tanh(double{x})) ++not_odd;
    if (!(math::tanh(x) <= 1) || !(math::tanh(double{x}) <= 1)) ++beyond_one;
  }
  BOOST_TEST(not_odd == 0);
  BOOST_TEST(beyond_one == 0);
}

BOOST_AUTO_TEST_CASE(sigmoid) {
  const auto single = CTGRAD_FLOAT(sigmoid, sigmoid_reference(x), 3);
  check_float(single, {{0.0f, 100.0f}, {-0.0f, -105.0f}, {0.1f, 20.0f}, {-0.1f, -20.0f}});
  check_values(single, {{0, 0.5f}, {-0.0f, 0.5f}, {infinity, 1}, {-infinity, 0}, {max_float, 1}, {-max_float, 0}});
  const auto twofold = CTGRAD_DOUBLE(sigmoid, sigmoid_reference(x), 3);
  check_double(twofold, {{-1, 1}, {-40, 40}, {-750, -700}});
  check_values(twofold, {{0, 0.5}, {inf, 1}, {-inf, 0}, {1e300, 1}, {-1e300, 0}});
}

BOOST_AUTO_TEST_CASE(sin_and_cos) {
  const auto sin_single = CTGRAD_FLOAT(sin, std::sin(x), 1);
  const auto cos_single = CTGRAD_FLOAT(cos, std::cos(x), 1);
  check_float(sin_single, {{0.0f, 1e6f}, {-0.0f, -10.0f}, {1.0f, 100.0f}, {1e6f, max_float}});
  check_float(cos_single, {{0.0f, 1e6f}, {-0.0f, -10.0f}, {1.0f, 100.0f}, {1e6f, max_float}});
  check_values(sin_single, {{0, 0}, {-0.0f, -0.0f}, {infinity, not_a_number}, {-infinity, not_a_number}});
  check_values(cos_single, {{0, 1}, {-0.0f, 1}, {infinity, not_a_number}, {-infinity, not_a_number}});
  const auto sin_twofold = CTGRAD_DOUBLE(sin, std::sin(x), 3);
  const auto cos_twofold = CTGRAD_DOUBLE(cos, std::cos(x), 3);
  check_double(sin_twofold, {{-4, 4}, {-1e6, 1e6}, {1e-20, 1}, {1e6, 1e300}});
  check_double(cos_twofold, {{-4, 4}, {-1e6, 1e6}, {1e-20, 1}, {1e6, 1e300}});
  check_values(sin_twofold, {{0, 0}, {-0.0, -0.0}, {inf, double{not_a_number}}, {tiny, tiny}});
  check_values(cos_twofold, {{0, 1}, {-inf, double{not_a_number}}});
  // The doubles nearest to multiples of pi / 2 leave the fewest digits after the reduction.
  Sweep<double, long double> near_multiples{sin_twofold};
  for (int i = 1; i <= 16 * 4000; i += fewer) near_multiples.add(i * 1.5707963267948966);
  near_multiples.finish();
}

BOOST_AUTO_TEST_CASE(erf) {
  const auto single = CTGRAD_FLOAT(erf, std::erf(x), 3);
  check_float(single, {{0.0f, 10.0f}, {-0.0f, -10.0f}, {0.1f, 4.1f}, {0.9f, 1.1f}});
  check_values(single, {{0, 0}, {-0.0f, -0.0f}, {infinity, 1}, {-infinity, -1}, {4, 1}});
  const auto twofold = CTGRAD_DOUBLE(erf, std::erf(x), 3);
  check_double(twofold, {{-1.2, 1.2}, {-7, 7}, {1e-20, 1}});
  check_values(twofold, {{0, 0}, {-0.0, -0.0}, {inf, 1}, {-inf, -1}, {6, 1}});
}

BOOST_AUTO_TEST_CASE(sqrt_and_rsqrt) {
  const auto single = CTGRAD_FLOAT(sqrt, std::sqrt(x), 0.5);
  check_float(single, {{0.0f, max_float}});
  check_values(single, {{0, 0}, {-0.0f, -0.0f}, {infinity, infinity}, {-1, not_a_number}, {4, 2}});
  const auto twofold = CTGRAD_DOUBLE(sqrt, std::sqrt(x), 0.5001);  // The reference itself is rounded.
  check_double(twofold, {{0, 1e308}, {1, 4}});
  check_values(twofold, {{0, 0}, {-0.0, -0.0}, {inf, inf}, {-1, double{not_a_number}}, {9, 3}});
  const auto reciprocal = CTGRAD_FLOAT(rsqrt, 1 / std::sqrt(x), 1.5);
  check_float(reciprocal, {{tiny_float, max_float}});
  check_values(reciprocal, {{0, infinity}, {infinity, 0}, {-1, not_a_number}, {4, 0.5f}});
}

BOOST_AUTO_TEST_CASE(round_and_floor) {
  const auto round_single = CTGRAD_FLOAT(round, std::nearbyint(x), 0);
  const auto floor_single = CTGRAD_FLOAT(floor, std::floor(x), 0);
  check_float(round_single, {{0.0f, max_float}, {-0.0f, -max_float}, {0.4f, 1e7f}});
  check_float(floor_single, {{0.0f, max_float}, {-0.0f, -max_float}, {0.4f, 1e7f}});
  check_values(round_single, {{0.5f, 0},
                              {1.5f, 2},
                              {2.5f, 2},
                              {-0.5f, -0.0f},
                              {-2.5f, -2},
                              {-0.0f, -0.0f},
                              {8388609, 8388609},
                              {infinity, infinity},
                              {-infinity, -infinity}});
  check_values(floor_single, {{0.5f, 0},
                              {-0.5f, -1},
                              {-0.0f, -0.0f},
                              {2, 2},
                              {-2, -2},
                              {-1e-30f, -1},
                              {infinity, infinity},
                              {-infinity, -infinity}});
  const auto round_twofold = CTGRAD_DOUBLE(round, std::nearbyint(x), 0);
  const auto floor_twofold = CTGRAD_DOUBLE(floor, std::floor(x), 0);
  check_double(round_twofold, {{-100, 100}, {0, 1e17}});
  check_double(floor_twofold, {{-100, 100}, {0, 1e17}});
}

BOOST_AUTO_TEST_CASE(pow) {
  std::uint64_t state = 88172645463325252u;
  const auto random = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<double>(state >> 11) * 0x1p-53;
  };
  double worst_single = 0, worst_twofold = 0;
  int different_lanes = 0;
  for (int i = 0; i < 100000 / fewer; ++i) {
    // Bases near 1 and over the whole range, exponents that take the result through the whole
    // range.
    const double x = i % 2 ? 1 + 0.8 * (random() - 0.5) : std::exp(1400 * (random() - 0.5));
    const double y = 1480 * (random() - 0.5) / std::log(x);
    if (!std::isfinite(y)) continue;
    const double power = math::pow(x, y);
    worst_twofold = std::max(worst_twofold,
                             error_in_ulp(power, std::pow(static_cast<long double>(x), static_cast<long double>(y))));
    if (math::pow(Simd<double, 8>(x), Simd<double, 8>(y))[i % 8] != power) ++different_lanes;
    const float small = static_cast<float>(std::exp(170 * (random() - 0.5)));
    const float exponent = static_cast<float>(190 * (random() - 0.5) / std::log(small));
    const float single = math::pow(small, exponent);
    worst_single = std::max(worst_single, error_in_ulp(single, std::pow(double{small}, double{exponent})));
    if (math::pow(Simd<float, 16>(small), Simd<float, 16>(exponent))[i % 16] != single) ++different_lanes;
  }
  BOOST_TEST(worst_single <= 1);
  BOOST_TEST(worst_twofold <= 2);
  BOOST_TEST(different_lanes == 0);

  const double special[] = {0.0,
                            -0.0,
                            1,
                            -1,
                            2,
                            -2,
                            3,
                            -3,
                            0.5,
                            -0.5,
                            2.5,
                            -2.5,
                            inf,
                            -inf,
                            not_a_number,
                            1e300,
                            -1e300,
                            tiny,
                            -tiny,
                            1e-310,
                            9007199254740991.0,
                            -9007199254740991.0,
                            0x1p70,
                            0x1.fffffffffffffp-1};
  for (const double x : special) {
    for (const double y : special) {
      const double expected = std::pow(x, y), number = math::pow(x, y);
      const double lane = math::pow(Simd<double, 4>(x), Simd<double, 4>(y))[3];
      BOOST_CHECK_MESSAGE(
          same(number, lane) && std::signbit(number) == std::signbit(lane) &&
              error_in_ulp(number, static_cast<long double>(expected)) <= 2 &&
              (std::isnan(expected) || std::signbit(expected) == std::signbit(number)),
          "pow(" << x << ", " << y << ") is " << number << ", in a lane " << lane << ", not " << expected);
      const float a = static_cast<float>(x), b = static_cast<float>(y);
      const float small = math::pow(a, b);
      const double wide = std::pow(double{a}, double{b});
      BOOST_CHECK_MESSAGE(
          error_in_ulp(small, wide) <= 1 && same(math::pow(Simd<float, 4>(a), Simd<float, 4>(b))[2], small),
          "pow(" << a << "f, " << b << "f) is " << small << ", not " << wide);
    }
  }
}

BOOST_AUTO_TEST_CASE(minimum_maximum_select_and_the_like) {
  BOOST_TEST(math::minimum(2.0f, 1.0f) == 1.0f);
  BOOST_TEST(math::maximum(2, 1) == 2);
  BOOST_TEST(std::isnan(math::minimum(not_a_number, 1.0f)));
  BOOST_TEST(std::isnan(math::minimum(1.0f, not_a_number)));
  BOOST_TEST(std::isnan(math::maximum(not_a_number, 1.0f)));
  BOOST_TEST(std::isnan(math::maximum(1.0f, not_a_number)));
  BOOST_TEST(math::select(true, 3.0, 4.0) == 3.0);
  BOOST_TEST((math::select(Simd<float, 4>(1) > 0, Simd<float, 4>(3), 4.0f)[1]) == 3.0f);
  BOOST_TEST(!std::signbit(math::abs(-0.0f)));
  BOOST_TEST(math::abs(-3) == 3);
  BOOST_TEST(math::is_nan(not_a_number));
  BOOST_TEST((math::is_nan(Simd<double, 4>(not_a_number))[3]));
  BOOST_TEST(math::fma(2.0f, 3.0f, 4.0f) == 10.0f);
  BOOST_TEST(math::copy_sign(3.0f, -0.0f) == -3.0f);
  // A lane and a number agree on the sign of zero too, whichever comes first.
  for (const float a : {0.0f, -0.0f}) {
    const Simd<float, 16> left(a), right(-a);
    BOOST_TEST(std::signbit(math::minimum(a, -a)) == std::signbit(math::minimum(left, right)[5]));
    BOOST_TEST(std::signbit(math::maximum(a, -a)) == std::signbit(math::maximum(left, right)[5]));
  }
}

/// What constant evaluation gives may differ from the run-time result in the last bit, as it joins
/// no product with a sum.
BOOST_AUTO_TEST_CASE(constant_evaluation) {
  static_assert(math::sqrt(2.0) == 1.4142135623730951 && math::sqrt(2.0f) == 1.41421354f);
  static_assert(math::sqrt(0x1p-1074) == 0x1p-537 && math::sqrt(-0.0) == 0 && math::sqrt(1e300) == 1e150);
  static_assert(math::sqrt(std::numeric_limits<float>::max()) == 0x1.fffffep63f);
  static_assert(math::exp(0.0f) == 1 && math::log(1.0) == 0 && math::floor(-1.5) == -2);
  static_assert(math::pow(3.0, 4.0) == 81 && math::pow(-2.0f, 3.0f) == -8);
  static_assert(math::minimum(1.0f, 2.0f) == 1 && math::abs(-1.5) == 1.5 && math::round(2.5f) == 2);
  constexpr float values[] = {math::exp(1.25f),     math::log(1.25f),   math::tanh(1.25f),
                              math::sigmoid(1.25f), math::sin(1.25f),   math::cos(1.25f),
                              math::erf(1.25f),     math::log1p(1.25f), math::expm1(1.25f)};
  const double references[] = {std::exp(1.25),          std::log(1.25),   std::tanh(1.25),
                               sigmoid_reference(1.25), std::sin(1.25),   std::cos(1.25),
                               std::erf(1.25),          std::log1p(1.25), std::expm1(1.25)};
  for (int i = 0; i < 9; ++i) BOOST_TEST(error_in_ulp(values[i], references[i]) <= 3);
}

/// The constant-evaluated square root also at run time, against the processor's.
BOOST_AUTO_TEST_CASE(square_root_by_digits_is_correctly_rounded) {
  int wrong = 0;
  for (std::uint32_t bits = 1; bits < 0x7f800000u; bits += 20011 * fewer) {
    const float x = std::bit_cast<float>(bits);
    if (math::detail::sqrt_by_digits(x) != std::sqrt(x)) ++wrong;
    const double y = std::bit_cast<double>(std::uint64_t{bits} * 0xfffffff1u);
    if (math::detail::sqrt_by_digits(y) != std::sqrt(y)) ++wrong;
  }
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_SUITE_END()
