// SPDX-License-Identifier: BSL-1.0
/// \file
/// Every operation of a Simd against the same operation on each lane by itself, for all element
/// types and widths.
#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes the empty vectors of the partial loads for targets of full ones.
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#endif

#include "ctgrad/core/simd.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <source_location>
#include <vector>

namespace {

using ctgrad::Simd;
using ctgrad::SimdMask;

/// Calls `test` for every element type and for widths from one lane to several registers.
template <class Test>
void for_all_shapes(Test test) {
  test.template operator()<float, 1>();
  test.template operator()<float, 4>();
  test.template operator()<float, 8>();
  test.template operator()<float, 32>();
  test.template operator()<double, 2>();
  test.template operator()<double, 16>();
  test.template operator()<std::int32_t, 16>();
  test.template operator()<std::int64_t, 2>();
  test.template operator()<std::int64_t, 16>();
  test.template operator()<std::uint32_t, 8>();
  test.template operator()<std::uint8_t, 4>();
  test.template operator()<std::uint8_t, 32>();
}

/// One check however many lanes it is about, and no template: BOOST_TEST on every lane of every
/// shape takes a minute to compile.
void expect(bool holds, std::source_location where = std::source_location::current()) {
  BOOST_CHECK_MESSAGE(holds, "expectation of line " << where.line() << " in " << where.function_name());
}

/// Small numbers in no particular order, negative ones where the type has them.
template <class T>
T sample(int i, int seed) {
  const int value = (i * 7 + seed * 13) % 23;
  return std::is_signed_v<T> ? static_cast<T>(value - 11) : static_cast<T>(value);
}

template <class T, int N>
std::vector<T> samples(int seed) {
  std::vector<T> values(N);
  for (int i = 0; i < N; ++i) values[static_cast<std::size_t>(i)] = sample<T>(i, seed);
  return values;
}

template <class T, int N, class Expected>
void check_lanes(Simd<T, N> actual, Expected expected, std::source_location where = std::source_location::current()) {
  bool equal = true;
  for (int i = 0; i < N; ++i) equal = equal && actual[i] == static_cast<T>(expected(i));
  expect(equal, where);
}

template <int N, int Bytes, class Expected>
void check_mask(SimdMask<N, Bytes> actual, Expected expected,
                std::source_location where = std::source_location::current()) {
  bool equal = true, any = false, all = true;
  for (int i = 0; i < N; ++i) {
    equal = equal && actual[i] == expected(i);
    any = any || expected(i);
    all = all && expected(i);
  }
  expect(equal && ctgrad::any(actual) == any && ctgrad::all(actual) == all, where);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core_simd)

BOOST_AUTO_TEST_CASE(native_lanes_fill_a_register) {
  BOOST_TEST(ctgrad::native_lanes<double> * 2 == ctgrad::native_lanes<float>);
  BOOST_TEST(ctgrad::native_lanes<float> >= 4);
  static_assert(std::is_trivially_copyable_v<Simd<float, 16>>);
  static_assert(std::is_trivially_copyable_v<SimdMask<16, 4>>);
  static_assert(sizeof(Simd<double, 32>) == 256);
}

BOOST_AUTO_TEST_CASE(loads_stores_and_broadcasts) {
  for_all_shapes([]<class T, int N>() {
    using V = Simd<T, N>;
    const std::vector<T> x = samples<T, 3 * N + 1>(1);
    const auto at = [&](int i) { return x[static_cast<std::size_t>(i)]; };
    check_lanes(V(T(5)), [](int) { return T(5); });
    check_lanes(V::iota(T(3)), [](int i) { return i + 3; });
    // One element on: no alignment is asked for.
    check_lanes(V::load(x.data() + 1), [&](int i) { return at(i + 1); });
    check_lanes(V::load_strided(x.data(), 3), [&](int i) { return at(3 * i); });
    check_lanes(V::load_strided(x.data() + 2, 0), [&](int) { return at(2); });
    std::vector<T> y(N + 1, T(99));
    V::load(x.data()).store(y.data() + 1);
    expect(y[0] == T(99));
    for (int i = 0; i < N; ++i) expect(y[static_cast<std::size_t>(i) + 1] == at(i));
  });
}

BOOST_AUTO_TEST_CASE(streams_write_like_stores) {
  for_all_shapes([]<class T, int N>() {
    alignas(512) T y[3 * N] = {};
    Simd<T, N>::iota(T(3)).stream(y + N);
    ctgrad::finish_streams();
    for (int i = 0; i < 3 * N; ++i) expect(y[i] == (i < N || i >= 2 * N ? T(0) : static_cast<T>(i - N + 3)));
  });
}

BOOST_AUTO_TEST_CASE(partial_loads_and_stores_touch_nothing_else) {
  for_all_shapes([]<class T, int N>() {
    using V = Simd<T, N>;
    for (int count = 0; count <= N; ++count) {
      // Exactly `count` elements exist, so that an address sanitizer sees any access beyond them.
      std::vector<T> x(static_cast<std::size_t>(count));
      for (int i = 0; i < count; ++i) x[static_cast<std::size_t>(i)] = sample<T>(i, 2);
      const V loaded = V::load_partial(x.data(), count, T(7));
      check_lanes(loaded, [&](int i) { return i < count ? x[static_cast<std::size_t>(i)] : T(7); });
      std::vector<T> y(N + 1, T(55));
      loaded.store_partial(y.data(), count);
      for (int i = 0; i <= N; ++i) {
        const auto index = static_cast<std::size_t>(i);
        expect(y[index] == (i < count ? x[index] : T(55)));
      }
      std::vector<T> exact(static_cast<std::size_t>(count));
      loaded.store_partial(exact.data(), count);
      expect(exact == x);
      std::vector<T> pieces(static_cast<std::size_t>(count));
      store_pieces(loaded, pieces.data(), count);
      expect(pieces == x);
    }
  });
}

BOOST_AUTO_TEST_CASE(arithmetic_follows_the_element_type) {
  for_all_shapes([]<class T, int N>() {
    using V = Simd<T, N>;
    const std::vector<T> x = samples<T, N>(3), y = samples<T, N>(5);
    const V a = V::load(x.data()), b = V::load(y.data());
    const V divisor = ctgrad::select(b == T(0), T(1), b);
    const auto l = [&](int i) { return x[static_cast<std::size_t>(i)]; };
    const auto r = [&](int i) { return y[static_cast<std::size_t>(i)]; };
    check_lanes(a + b, [&](int i) { return l(i) + r(i); });
    check_lanes(a - b, [&](int i) { return l(i) - r(i); });
    check_lanes(a * b, [&](int i) { return l(i) * r(i); });
    check_lanes(a / divisor, [&](int i) { return l(i) / (r(i) == T(0) ? T(1) : r(i)); });
    check_lanes(-a, [&](int i) { return -l(i); });
    check_lanes(a + T(2), [&](int i) { return l(i) + T(2); });
    check_lanes(T(2) - a, [&](int i) { return T(2) - l(i); });
    check_lanes(ctgrad::multiply_add(a, b, divisor), [&](int i) { return l(i) * r(i) + (r(i) == T(0) ? T(1) : r(i)); });
    check_lanes(ctgrad::minimum(a, b), [&](int i) { return std::min(l(i), r(i)); });
    check_lanes(ctgrad::maximum(a, b), [&](int i) { return std::max(l(i), r(i)); });
    check_lanes(ctgrad::abs(a), [&](int i) { return l(i) < T(0) ? -l(i) : l(i); });
    V sum = a;
    sum += b;
    sum *= V(T(2));
    check_lanes(sum, [&](int i) { return (l(i) + r(i)) * T(2); });
    if constexpr (std::is_integral_v<T>) {
      check_lanes(a & b, [&](int i) { return l(i) & r(i); });
      check_lanes(a | b, [&](int i) { return l(i) | r(i); });
      check_lanes(a ^ b, [&](int i) { return l(i) ^ r(i); });
      check_lanes(~a, [&](int i) { return ~l(i); });
      check_lanes(a % divisor, [&](int i) { return l(i) % (r(i) == T(0) ? T(1) : r(i)); });
      check_lanes(a << 2, [&](int i) { return l(i) * T(4); });
      check_lanes(a >> 1, [&](int i) { return l(i) >> 1; });
    }
  });
}

BOOST_AUTO_TEST_CASE(comparisons_masks_and_selection) {
  for_all_shapes([]<class T, int N>() {
    using V = Simd<T, N>;
    const std::vector<T> x = samples<T, N>(1), y = samples<T, N>(4);
    const V a = V::load(x.data()), b = V::load(y.data());
    const auto l = [&](int i) { return x[static_cast<std::size_t>(i)]; };
    const auto r = [&](int i) { return y[static_cast<std::size_t>(i)]; };
    check_mask(a < b, [&](int i) { return l(i) < r(i); });
    check_mask(a <= b, [&](int i) { return l(i) <= r(i); });
    check_mask(a > b, [&](int i) { return l(i) > r(i); });
    check_mask(a >= b, [&](int i) { return l(i) >= r(i); });
    check_mask(a == b, [&](int i) { return l(i) == r(i); });
    check_mask(a != b, [&](int i) { return l(i) != r(i); });
    check_mask(!(a < b), [&](int i) { return l(i) >= r(i); });
    check_mask((a < b) && (a > T(3)), [&](int i) { return l(i) < r(i) && l(i) > T(3); });
    check_mask((a < b) || (a > T(3)), [&](int i) { return l(i) < r(i) || l(i) > T(3); });
    check_mask(typename V::Mask(true), [](int) { return true; });
    check_lanes(ctgrad::select(a < b, a, b), [&](int i) { return l(i) < r(i) ? l(i) : r(i); });
    check_lanes(ctgrad::select(a < b, T(1), b), [&](int i) { return l(i) < r(i) ? T(1) : r(i); });
    check_lanes(ctgrad::select(a < b, a, T(1)), [&](int i) { return l(i) < r(i) ? l(i) : T(1); });

    // A mask of one width chooses between lanes of another, and meets masks of another.
    const auto others = [&]<class U>(U) {
      const Simd<U, N> c = Simd<U, N>::iota(U(1));
      check_lanes(ctgrad::select(a < b, c, U(0)), [&](int i) { return l(i) < r(i) ? i + 1 : 0; });
      check_mask((a < b) && (c > U(2)), [&](int i) { return l(i) < r(i) && i + 1 > 2; });
    };
    others(std::uint8_t{});
    others(float{});
    others(std::int64_t{});

    // In memory a truth value is one byte, and any byte but 0 is true.
    bool stored[N];
    (a < b).store(stored);
    for (int i = 0; i < N; ++i) expect(stored[i] == (l(i) < r(i)));
    check_mask(V::Mask::load(stored), [&](int i) { return l(i) < r(i); });
    std::vector<std::uint8_t> bytes(N);
    (a < b).store(bytes.data());
    for (int i = 0; i < N; ++i) expect(bytes[static_cast<std::size_t>(i)] == (l(i) < r(i) ? 1 : 0));
    bytes[0] = 2;
    expect(V::Mask::load(bytes.data())[0]);
    const int part = N / 2;
    check_mask(V::Mask::load_partial(bytes.data(), part, true),
               [&](int i) { return i >= part || i == 0 || l(i) < r(i); });
    std::vector<std::uint8_t> tail(N, 9);
    (a < b).store_partial(tail.data(), part);
    for (int i = part; i < N; ++i) expect(tail[static_cast<std::size_t>(i)] == 9);
  });
}

BOOST_AUTO_TEST_CASE(conversions_follow_static_cast) {
  for_all_shapes([]<class T, int N>() {
    std::vector<T> x = samples<T, N>(6);
    if constexpr (std::is_floating_point_v<T>) {
      for (T& value : x) value += T(0.75);  // Towards zero, also from below.
    }
    const Simd<T, N> a = Simd<T, N>::load(x.data());
    const auto to = [&]<class U>(U) {
      // A negative floating-point number has no unsigned counterpart.
      const Simd<T, N> source = std::is_unsigned_v<U> ? ctgrad::abs(a) : a;
      check_lanes(ctgrad::convert<U>(source), [&](int i) { return static_cast<U>(source[i]); });
    };
    to(float{});
    to(double{});
    to(std::int32_t{});
    to(std::int64_t{});
    to(std::uint32_t{});
    to(std::uint8_t{});
  });
  const double large[2] = {3e9, -5e9};
  const auto integers = ctgrad::convert<std::int64_t>(Simd<double, 2>::load(large));
  expect(integers[0] == 3000000000);
  expect(integers[1] == -5000000000);
  // Rounded once, not by way of double.
  const Simd<std::int64_t, 4> odd(0x4000004000000001);
  expect(ctgrad::convert<float>(odd)[3] == static_cast<float>(0x4000004000000001));
}

BOOST_AUTO_TEST_CASE(halves_join_and_bits) {
  for_all_shapes([]<class T, int N>() {
    const std::vector<T> x = samples<T, N>(2);
    const Simd<T, N> a = Simd<T, N>::load(x.data());
    if constexpr (N > 1) {
      check_lanes(ctgrad::low_half(a), [&](int i) { return a[i]; });
      check_lanes(ctgrad::high_half(a), [&](int i) { return a[i + N / 2]; });
      check_lanes(ctgrad::join(ctgrad::high_half(a), ctgrad::low_half(a)),
                  [&](int i) { return a[i < N / 2 ? i + N / 2 : i - N / 2]; });
    }
  });
  expect(ctgrad::bit_cast_lanes<std::uint32_t>(Simd<float, 32>(1.0f))[31] == 0x3f800000u);
}

BOOST_AUTO_TEST_CASE(floating_point_special_cases) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const auto check = []<class V>(V) {
    const auto not_a_number = V(std::numeric_limits<typename V::value_type>::quiet_NaN());
    const V one(1);
    for (int i = 0; i < V::size; ++i) {
      expect(std::isnan(ctgrad::minimum(not_a_number, one)[i]));
      expect(std::isnan(ctgrad::minimum(one, not_a_number)[i]));
      expect(std::isnan(ctgrad::maximum(not_a_number, one)[i]));
      expect(std::isnan(ctgrad::maximum(one, not_a_number)[i]));
    }
    expect(!ctgrad::any(not_a_number == not_a_number));
    expect(ctgrad::all(not_a_number != not_a_number));
    expect(std::signbit(V(typename V::value_type(-0.0))[0]));
    expect(std::signbit((-V(0))[0]));
    expect(!std::signbit(ctgrad::abs(-V(0))[0]));
  };
  check(Simd<float, 2>(0));
  check(Simd<float, 4>(0));
  check(Simd<float, 8>(0));
  check(Simd<float, 32>(0));
  check(Simd<double, 2>(0));
  check(Simd<double, 4>(0));
  check(Simd<double, 16>(0));
  float lanes[8] = {1, -infinity, 3, 4, infinity, 6, 7, 8};
  expect((ctgrad::reduce_max(Simd<float, 8>::load(lanes)) == infinity));
  expect((ctgrad::reduce_min(Simd<float, 8>::load(lanes)) == -infinity));
  for (float& lane : lanes) {
    const float kept = lane;
    lane = nan;
    expect((std::isnan(ctgrad::reduce_max(Simd<float, 8>::load(lanes)))));
    expect((std::isnan(ctgrad::reduce_min(Simd<float, 8>::load(lanes)))));
    lane = kept;
  }
}

BOOST_AUTO_TEST_CASE(reductions_add_in_the_order_that_is_promised) {
  for_all_shapes([]<class T, int N>() {
    std::vector<T> x(N);
    for (int i = 0; i < N; ++i) {
      // Fractions whose sum depends on the order, or small integers.
      x[static_cast<std::size_t>(i)] =
          std::is_floating_point_v<T> ? static_cast<T>(1.0 / (i + 3) * (i % 3 ? 1 : 1e5)) : sample<T>(i, 1);
    }
    const Simd<T, N> a = Simd<T, N>::load(x.data());
    std::vector<T> tree = x;
    for (std::size_t width = N / 2; width > 0; width /= 2) {
      for (std::size_t i = 0; i < width; ++i) tree[i] = static_cast<T>(tree[i] + tree[i + width]);
    }
    expect(ctgrad::reduce_add(a) == tree[0]);
    expect(ctgrad::reduce_max(a) == *std::max_element(x.begin(), x.end()));
    expect(ctgrad::reduce_min(a) == *std::min_element(x.begin(), x.end()));
  });
}

BOOST_AUTO_TEST_SUITE_END()
