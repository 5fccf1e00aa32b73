// SPDX-License-Identifier: BSL-1.0
/// \file
/// Simd<T, N>: N numbers that are added, compared and stored together, on the vector extensions of g++ and clang.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "ctgrad/core/config.hpp"

// Every function here is inlined, so how a vector would be passed in a call does not matter.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

namespace ctgrad {

template <class T, int N>
struct Simd;

template <int N, int Bytes>
struct SimdMask;

namespace detail {

/// Bytes in the widest register this translation unit may use for elements of `T`.
template <class T>
constexpr int register_bytes() {
#if defined(__AVX512F__) && defined(__AVX512BW__)
  return 64;
#elif defined(__AVX512F__)
  return sizeof(T) < 4 ? 32 : 64;
#elif defined(__AVX2__)
  return 32;
#else
  return 16;
#endif
}

template <class T, int N>
inline constexpr bool fits_register = N * static_cast<int>(sizeof(T)) <= register_bytes<T>();

/// The signed integer of `Bytes` bytes: what a comparison of elements of that size gives.
template <int Bytes>
using SignedOfSize = std::conditional_t<
    Bytes == 1, std::int8_t,
    std::conditional_t<Bytes == 2, std::int16_t,
                       std::conditional_t<Bytes == 4, std::int32_t, std::int64_t>>>;

template <class T, int N>
struct VectorOf {
  typedef T type __attribute__((vector_size(N * sizeof(T))));
};

/// What a Simd stores: one vector where a register holds it, else two halves. The halves are explicit because
/// g++ takes comparisons and selections of vectors wider than a register apart lane by lane.
template <class T, int N, bool = fits_register<T, N>>
struct SimdData {
  typename VectorOf<T, N>::type v;
};
template <class T, int N>
struct SimdData<T, N, false> {
  Simd<T, N / 2> lo, hi;
};

}  // namespace detail

/// How many elements of `T` the machine's registers hold: 64, 32 or 16 bytes, for AVX-512, AVX2 or neither.
template <class T>
inline constexpr int native_lanes = detail::register_bytes<T>() / static_cast<int>(sizeof(T));

/// N lanes (a power of two) of arithmetic type `T` (not bool: use SimdMask, or std::uint8_t in memory).
/// Operators work lane by lane with the rules of `T`, a plain `T` stands for N equal lanes, comparisons give a mask.
/// Any N works; beyond a register's width it is several registers. Not usable in constant evaluation.
template <class T, int N>
struct Simd : detail::SimdData<T, N> {
  static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>,
                "ctgrad::Simd holds numbers; for truth values use ctgrad::SimdMask.");
  static_assert(N > 0 && (N & (N - 1)) == 0, "ctgrad::Simd needs a power of two of lanes.");

  using value_type = T;
  using Mask = SimdMask<N, static_cast<int>(sizeof(T))>;
  using Data = detail::SimdData<T, N>;
  /// Signed integers of the same size, as the lanes' bits or a mask.
  using Bits = Simd<detail::SignedOfSize<static_cast<int>(sizeof(T))>, N>;
  static constexpr int size = N;
  static constexpr bool one_register = detail::fits_register<T, N>;

  Simd() = default;

  /// All lanes `value`. `x - 0` is x for every x, -0 included.
  CTGRAD_ALWAYS_INLINE Simd(T value) {
    if constexpr (one_register) {
      this->v = value - decltype(this->v){};
    } else {
      this->lo = this->hi = value;
    }
  }
  CTGRAD_ALWAYS_INLINE explicit Simd(Data data) : Data(data) {}

  /// Reads N elements; no alignment is asked for.
  CTGRAD_ALWAYS_INLINE static Simd load(const T* from) {
    Simd r;
    if constexpr (one_register) {
      __builtin_memcpy(&r.v, from, sizeof(r.v));
    } else {
      r.lo = Simd<T, N / 2>::load(from);
      r.hi = Simd<T, N / 2>::load(from + N / 2);
    }
    return r;
  }

  /// Writes N elements; no alignment is asked for.
  CTGRAD_ALWAYS_INLINE void store(T* to) const {
    if constexpr (one_register) {
      __builtin_memcpy(to, &this->v, sizeof(this->v));
    } else {
      this->lo.store(to);
      this->hi.store(to + N / 2);
    }
  }

  /// Reads the first `count` elements (0 to N) and nothing beyond them; the other lanes are `fill`.
  CTGRAD_ALWAYS_INLINE static Simd load_partial(const T* from, std::int64_t count, T fill = T{}) {
    T lanes[N];
    Simd(fill).store(lanes);
    for (std::int64_t i = 0; i < count; ++i) lanes[i] = from[i];
    return load(lanes);
  }

  /// Writes the first `count` lanes (0 to N) and nothing beyond them.
  CTGRAD_ALWAYS_INLINE void store_partial(T* to, std::int64_t count) const {
    T lanes[N];
    store(lanes);
    for (std::int64_t i = 0; i < count; ++i) to[i] = lanes[i];
  }

  /// Reads from[0], from[stride], from[2 * stride], ...; the stride counts elements.
  CTGRAD_ALWAYS_INLINE static Simd load_strided(const T* from, std::int64_t stride) {
    return strided(from, stride, std::make_integer_sequence<int, N>{});
  }

  /// first, first + 1, first + 2, ...
  CTGRAD_ALWAYS_INLINE static Simd iota(T first = T{}) {
    return counting(std::make_integer_sequence<int, N>{}) + Simd(first);
  }

  /// The value in lane `i` (0 to N - 1).
  CTGRAD_ALWAYS_INLINE T operator[](int i) const {
    if constexpr (one_register) {
      return this->v[i];
    } else {
      return i < N / 2 ? this->lo[i] : this->hi[i - N / 2];
    }
  }

#define CTGRAD_SIMD_BINARY(op)                                       \
  CTGRAD_ALWAYS_INLINE friend Simd operator op(Simd a, Simd b) {     \
    if constexpr (one_register) {                                    \
      return Simd(Data{a.v op b.v});                                 \
    } else {                                                         \
      return Simd(Data{a.lo op b.lo, a.hi op b.hi});                 \
    }                                                                \
  }                                                                  \
  CTGRAD_ALWAYS_INLINE Simd& operator op##=(Simd b) { return *this = *this op b; }
  CTGRAD_SIMD_BINARY(+)
  CTGRAD_SIMD_BINARY(-)
  CTGRAD_SIMD_BINARY(*)
  CTGRAD_SIMD_BINARY(/)
  CTGRAD_SIMD_BINARY(%)
  CTGRAD_SIMD_BINARY(&)
  CTGRAD_SIMD_BINARY(|)
  CTGRAD_SIMD_BINARY(^)
#undef CTGRAD_SIMD_BINARY

#define CTGRAD_SIMD_COMPARE(op)                                      \
  CTGRAD_ALWAYS_INLINE friend Mask operator op(Simd a, Simd b) {     \
    if constexpr (one_register) {                                    \
      return Mask(Bits(typename Bits::Data{a.v op b.v}));            \
    } else {                                                         \
      return Mask((a.lo op b.lo).bits, (a.hi op b.hi).bits);         \
    }                                                                \
  }
  CTGRAD_SIMD_COMPARE(==)
  CTGRAD_SIMD_COMPARE(!=)
  CTGRAD_SIMD_COMPARE(<)
  CTGRAD_SIMD_COMPARE(<=)
  CTGRAD_SIMD_COMPARE(>)
  CTGRAD_SIMD_COMPARE(>=)
#undef CTGRAD_SIMD_COMPARE

  CTGRAD_ALWAYS_INLINE friend Simd operator+(Simd a) { return a; }
  CTGRAD_ALWAYS_INLINE friend Simd operator-(Simd a) {
    if constexpr (one_register) {
      return Simd(Data{-a.v});
    } else {
      return Simd(Data{-a.lo, -a.hi});
    }
  }
  CTGRAD_ALWAYS_INLINE friend Simd operator~(Simd a) {
    if constexpr (one_register) {
      return Simd(Data{~a.v});
    } else {
      return Simd(Data{~a.lo, ~a.hi});
    }
  }
  /// Shift every lane by the same number of bits (0 to the width of `T`, exclusive).
  CTGRAD_ALWAYS_INLINE friend Simd operator<<(Simd a, int bits) {
    if constexpr (one_register) {
      return Simd(Data{a.v << static_cast<T>(bits)});
    } else {
      return Simd(Data{a.lo << bits, a.hi << bits});
    }
  }
  CTGRAD_ALWAYS_INLINE friend Simd operator>>(Simd a, int bits) {
    if constexpr (one_register) {
      return Simd(Data{a.v >> static_cast<T>(bits)});
    } else {
      return Simd(Data{a.lo >> bits, a.hi >> bits});
    }
  }

private:
  template <int... I>
  CTGRAD_ALWAYS_INLINE static Simd strided(const T* from, std::int64_t stride,
                                           std::integer_sequence<int, I...>) {
    if constexpr (one_register) {
      return Simd(Data{{from[I * stride]...}});
    } else {
      using Half = Simd<T, N / 2>;
      return Simd(Data{Half::load_strided(from, stride), Half::load_strided(from + N / 2 * stride, stride)});
    }
  }
  template <int... I>
  CTGRAD_ALWAYS_INLINE static Simd counting(std::integer_sequence<int, I...>) {
    const T lanes[N] = {static_cast<T>(I)...};
    return load(lanes);
  }
};

namespace detail {

// nvcc's front end does not hand a pack inside __builtin_shufflevector on to the host compiler; there memory serves.
template <class T, int N, int Offset, int... I>
CTGRAD_ALWAYS_INLINE Simd<T, N / 2> take_half(Simd<T, N> a, std::integer_sequence<int, I...>) {
#if defined(__CUDACC__)
  Simd<T, N / 2> r;
  __builtin_memcpy(&r.v, reinterpret_cast<const char*>(&a.v) + Offset * sizeof(T), sizeof(r.v));
  return r;
#else
  return Simd<T, N / 2>(
      typename Simd<T, N / 2>::Data{__builtin_shufflevector(a.v, a.v, (I + Offset)...)});
#endif
}
template <class T, int N, int... I>
CTGRAD_ALWAYS_INLINE Simd<T, 2 * N> concatenate(Simd<T, N> a, Simd<T, N> b,
                                                std::integer_sequence<int, I...>) {
#if defined(__CUDACC__)
  Simd<T, 2 * N> r;
  __builtin_memcpy(&r.v, &a.v, sizeof(a.v));
  __builtin_memcpy(reinterpret_cast<char*>(&r.v) + sizeof(a.v), &b.v, sizeof(b.v));
  return r;
#else
  return Simd<T, 2 * N>(typename Simd<T, 2 * N>::Data{__builtin_shufflevector(a.v, b.v, I...)});
#endif
}

}  // namespace detail

/// The first N/2 lanes.
template <class T, int N>
CTGRAD_ALWAYS_INLINE Simd<T, N / 2> low_half(Simd<T, N> a) {
  if constexpr (Simd<T, N>::one_register) {
    return detail::take_half<T, N, 0>(a, std::make_integer_sequence<int, N / 2>{});
  } else {
    return a.lo;
  }
}

/// The last N/2 lanes.
template <class T, int N>
CTGRAD_ALWAYS_INLINE Simd<T, N / 2> high_half(Simd<T, N> a) {
  if constexpr (Simd<T, N>::one_register) {
    return detail::take_half<T, N, N / 2>(a, std::make_integer_sequence<int, N / 2>{});
  } else {
    return a.hi;
  }
}

/// The lanes of `a`, then those of `b`.
template <class T, int N>
CTGRAD_ALWAYS_INLINE Simd<T, 2 * N> join(Simd<T, N> a, Simd<T, N> b) {
  if constexpr (Simd<T, 2 * N>::one_register) {
    return detail::concatenate(a, b, std::make_integer_sequence<int, 2 * N>{});
  } else {
    return Simd<T, 2 * N>(typename Simd<T, 2 * N>::Data{a, b});
  }
}

/// The same bits read as lanes of `U`, which has the size of `T`.
template <class U, class T, int N>
CTGRAD_ALWAYS_INLINE Simd<U, N> bit_cast_lanes(Simd<T, N> a) {
  static_assert(sizeof(U) == sizeof(T), "ctgrad::bit_cast_lanes keeps the size of a lane.");
  if constexpr (Simd<T, N>::one_register) {
    return Simd<U, N>(typename Simd<U, N>::Data{(typename detail::VectorOf<U, N>::type)a.v});
  } else {
    return Simd<U, N>(typename Simd<U, N>::Data{bit_cast_lanes<U>(a.lo), bit_cast_lanes<U>(a.hi)});
  }
}

/// Every lane converted as static_cast<U> does: towards zero from floating point to integer.
template <class U, class T, int N>
CTGRAD_ALWAYS_INLINE Simd<U, N> convert(Simd<T, N> a) {
  if constexpr (std::is_same_v<U, T>) {
    return a;
  } else if constexpr (!Simd<T, N>::one_register || !Simd<U, N>::one_register) {
    return join(convert<U>(low_half(a)), convert<U>(high_half(a)));
  } else if constexpr (std::is_integral_v<T> && std::is_integral_v<U> &&
                       (sizeof(U) > 2 * sizeof(T) || sizeof(T) > 2 * sizeof(U))) {
    // In steps of a factor of two, each of which is one instruction; g++ takes a larger step lane by lane.
    constexpr int middle = sizeof(U) > sizeof(T) ? 2 * static_cast<int>(sizeof(T))
                                                 : static_cast<int>(sizeof(T)) / 2;
    using Signed = detail::SignedOfSize<middle>;
    using Middle = std::conditional_t<std::is_signed_v<T>, Signed, std::make_unsigned_t<Signed>>;
    return convert<U>(convert<Middle>(a));
  } else if constexpr (std::is_integral_v<T> && std::is_floating_point_v<U> && sizeof(T) < 4) {
    return convert<U>(convert<std::int32_t>(a));
  } else if constexpr (std::is_floating_point_v<T> && std::is_integral_v<U> && sizeof(U) < 4) {
    return convert<U>(convert<std::int32_t>(a));
  } else {
    return Simd<U, N>(typename Simd<U, N>::Data{
        __builtin_convertvector(a.v, typename detail::VectorOf<U, N>::type)});
  }
}

/// N truth values, each a signed integer of `Bytes` bytes that is 0 or -1. It converts by itself to the lane width
/// that a selection needs.
template <int N, int Bytes>
struct SimdMask {
  using Bits = Simd<detail::SignedOfSize<Bytes>, N>;
  static constexpr int size = N;

  Bits bits;

  SimdMask() = default;
  CTGRAD_ALWAYS_INLINE SimdMask(bool value) : bits(static_cast<typename Bits::value_type>(value ? -1 : 0)) {}
  CTGRAD_ALWAYS_INLINE explicit SimdMask(Bits b) : bits(b) {}
  template <class Half>
  CTGRAD_ALWAYS_INLINE SimdMask(Half lo, Half hi) : bits(typename Bits::Data{lo, hi}) {}
  template <int Other>
    requires(Other != Bytes)
  CTGRAD_ALWAYS_INLINE SimdMask(SimdMask<N, Other> mask)
      : bits(convert<typename Bits::value_type>(mask.bits)) {}

  /// Reads N bytes that are 0 (false) or not (true), as bool arrays are stored.
  CTGRAD_ALWAYS_INLINE static SimdMask load(const std::uint8_t* from) {
    return Simd<std::uint8_t, N>::load(from) != Simd<std::uint8_t, N>(0);
  }
  CTGRAD_ALWAYS_INLINE static SimdMask load(const bool* from) {
    return load(reinterpret_cast<const std::uint8_t*>(from));
  }
  CTGRAD_ALWAYS_INLINE static SimdMask load_partial(const std::uint8_t* from, std::int64_t count,
                                                    bool fill = false) {
    return Simd<std::uint8_t, N>::load_partial(from, count, fill) != Simd<std::uint8_t, N>(0);
  }
  CTGRAD_ALWAYS_INLINE static SimdMask load_partial(const bool* from, std::int64_t count,
                                                    bool fill = false) {
    return load_partial(reinterpret_cast<const std::uint8_t*>(from), count, fill);
  }

  /// One byte a lane: 0 or 1.
  CTGRAD_ALWAYS_INLINE Simd<std::uint8_t, N> to_bytes() const {
    return bit_cast_lanes<std::uint8_t>(convert<std::int8_t>(bits)) & Simd<std::uint8_t, N>(1);
  }
  CTGRAD_ALWAYS_INLINE void store(std::uint8_t* to) const { to_bytes().store(to); }
  CTGRAD_ALWAYS_INLINE void store(bool* to) const { store(reinterpret_cast<std::uint8_t*>(to)); }
  CTGRAD_ALWAYS_INLINE void store_partial(std::uint8_t* to, std::int64_t count) const {
    to_bytes().store_partial(to, count);
  }
  CTGRAD_ALWAYS_INLINE void store_partial(bool* to, std::int64_t count) const {
    store_partial(reinterpret_cast<std::uint8_t*>(to), count);
  }

  CTGRAD_ALWAYS_INLINE bool operator[](int i) const { return bits[i] != 0; }
};

/// Both sides are always evaluated. The result has the narrower lanes of the two.
template <int N, int A, int B>
CTGRAD_ALWAYS_INLINE SimdMask<N, (A < B ? A : B)> operator&&(SimdMask<N, A> a, SimdMask<N, B> b) {
  using Result = SimdMask<N, (A < B ? A : B)>;
  return Result(Result(a).bits & Result(b).bits);
}
template <int N, int A, int B>
CTGRAD_ALWAYS_INLINE SimdMask<N, (A < B ? A : B)> operator||(SimdMask<N, A> a, SimdMask<N, B> b) {
  using Result = SimdMask<N, (A < B ? A : B)>;
  return Result(Result(a).bits | Result(b).bits);
}
template <int N, int A>
CTGRAD_ALWAYS_INLINE SimdMask<N, A> operator!(SimdMask<N, A> a) {
  return SimdMask<N, A>(~a.bits);
}

/// Lane by lane: where the mask is true the lane of `a`, else that of `b`.
template <int N, int Bytes, class T>
CTGRAD_ALWAYS_INLINE Simd<T, N> select(SimdMask<N, Bytes> mask, Simd<T, N> a, Simd<T, N> b) {
  if constexpr (Bytes != static_cast<int>(sizeof(T))) {
    return select(typename Simd<T, N>::Mask(mask), a, b);
  } else if constexpr (Simd<T, N>::one_register) {
    return Simd<T, N>(typename Simd<T, N>::Data{mask.bits.v ? a.v : b.v});
  } else {
    using Half = SimdMask<N / 2, Bytes>;
    return Simd<T, N>(typename Simd<T, N>::Data{select(Half(mask.bits.lo), a.lo, b.lo),
                                                select(Half(mask.bits.hi), a.hi, b.hi)});
  }
}
template <int N, int Bytes, class T>
CTGRAD_ALWAYS_INLINE Simd<T, N> select(SimdMask<N, Bytes> mask, Simd<T, N> a,
                                       std::type_identity_t<T> b) {
  return select(mask, a, Simd<T, N>(b));
}
template <int N, int Bytes, class T>
CTGRAD_ALWAYS_INLINE Simd<T, N> select(SimdMask<N, Bytes> mask, std::type_identity_t<T> a,
                                       Simd<T, N> b) {
  return select(mask, Simd<T, N>(a), b);
}

/// a * b + c lane by lane, with one rounding where the target has such an instruction and two elsewhere. One expression
/// per register: clang joins a product and a sum only inside an expression.
template <class T, int N>
CTGRAD_ALWAYS_INLINE Simd<T, N> multiply_add(Simd<T, N> a, Simd<T, N> b, Simd<T, N> c) {
  if constexpr (Simd<T, N>::one_register) {
    return Simd<T, N>(typename Simd<T, N>::Data{a.v * b.v + c.v});
  } else {
    return Simd<T, N>(typename Simd<T, N>::Data{multiply_add(a.lo, b.lo, c.lo),
                                                multiply_add(a.hi, b.hi, c.hi)});
  }
}

namespace detail {

#if defined(__x86_64__) && !defined(__clang__) && !defined(__CUDACC__)
/// The minimum and maximum instructions by name: the second operand where the comparison fails, NaN included. clang finds
/// them by itself; g++ 12 does not, as it may not assume away NaN and -0.
template <bool Less, class T, int N>
CTGRAD_ALWAYS_INLINE Simd<T, N> pick_register(Simd<T, N> a, Simd<T, N> b) {
  constexpr int bytes = N * static_cast<int>(sizeof(T));
  [[maybe_unused]] constexpr bool single = std::is_same_v<T, float>;
  using Data = typename Simd<T, N>::Data;
#define CTGRAD_SIMD_PICK(function, ...) \
  return Simd<T, N>(Data { function(a.v, b.v __VA_OPT__(, ) __VA_ARGS__) })
#if defined(__AVX512F__)
  if constexpr (bytes == 64) {
    if constexpr (single && Less) CTGRAD_SIMD_PICK(__builtin_ia32_minps512_mask, a.v, static_cast<unsigned short>(-1), 4);
    if constexpr (single && !Less) CTGRAD_SIMD_PICK(__builtin_ia32_maxps512_mask, a.v, static_cast<unsigned short>(-1), 4);
    if constexpr (!single && Less) CTGRAD_SIMD_PICK(__builtin_ia32_minpd512_mask, a.v, static_cast<unsigned char>(-1), 4);
    if constexpr (!single && !Less) CTGRAD_SIMD_PICK(__builtin_ia32_maxpd512_mask, a.v, static_cast<unsigned char>(-1), 4);
  }
#endif
#if defined(__AVX__)
  if constexpr (bytes == 32) {
    if constexpr (single && Less) CTGRAD_SIMD_PICK(__builtin_ia32_minps256);
    if constexpr (single && !Less) CTGRAD_SIMD_PICK(__builtin_ia32_maxps256);
    if constexpr (!single && Less) CTGRAD_SIMD_PICK(__builtin_ia32_minpd256);
    if constexpr (!single && !Less) CTGRAD_SIMD_PICK(__builtin_ia32_maxpd256);
  }
#endif
  if constexpr (bytes == 16) {
    if constexpr (single && Less) CTGRAD_SIMD_PICK(__builtin_ia32_minps);
    if constexpr (single && !Less) CTGRAD_SIMD_PICK(__builtin_ia32_maxps);
    if constexpr (!single && Less) CTGRAD_SIMD_PICK(__builtin_ia32_minpd);
    if constexpr (!single && !Less) CTGRAD_SIMD_PICK(__builtin_ia32_maxpd);
  }
#undef CTGRAD_SIMD_PICK
  if constexpr (bytes < 16) return low_half(pick_register<Less>(join(a, a), join(b, b)));
}
#else
template <bool Less, class T, int N>
CTGRAD_ALWAYS_INLINE Simd<T, N> pick_register(Simd<T, N> a, Simd<T, N> b) {
  return Less ? select(a < b, a, b) : select(a > b, a, b);
}
#endif

/// a < b ? a : b, or a > b ? a : b, for every lane.
template <bool Less, class T, int N>
CTGRAD_ALWAYS_INLINE Simd<T, N> pick(Simd<T, N> a, Simd<T, N> b) {
  if constexpr (!Simd<T, N>::one_register) {
    return Simd<T, N>(typename Simd<T, N>::Data{pick<Less>(a.lo, b.lo), pick<Less>(a.hi, b.hi)});
  } else if constexpr (std::is_floating_point_v<T>) {
    return pick_register<Less>(a, b);
  } else {
    return Less ? select(a < b, a, b) : select(a > b, a, b);
  }
}

}  // namespace detail

/// The smaller of each pair; a NaN in either operand is the result, as in PyTorch. Cheapest with a constant as the second
/// operand.
template <class T, int N>
CTGRAD_ALWAYS_INLINE Simd<T, N> minimum(Simd<T, N> a, Simd<T, N> b) {
  // `pick` gives its second operand where either is NaN: right for a, put right for b.
  const Simd<T, N> smaller = detail::pick<true>(b, a);
  if constexpr (std::is_floating_point_v<T>) {
    return select(b != b, b, smaller);
  } else {
    return smaller;
  }
}

/// The larger of each pair; a NaN in either operand is the result, as in PyTorch. Cheapest with a constant as the second
/// operand.
template <class T, int N>
CTGRAD_ALWAYS_INLINE Simd<T, N> maximum(Simd<T, N> a, Simd<T, N> b) {
  const Simd<T, N> larger = detail::pick<false>(b, a);
  if constexpr (std::is_floating_point_v<T>) {
    return select(b != b, b, larger);
  } else {
    return larger;
  }
}

/// The magnitude of every lane; -0 gives 0, the smallest signed integer itself.
template <class T, int N>
CTGRAD_ALWAYS_INLINE Simd<T, N> abs(Simd<T, N> a) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = typename Simd<T, N>::Bits;
    using Integer = typename Bits::value_type;
    const Integer all_but_sign = static_cast<Integer>(~std::make_unsigned_t<Integer>{0} >> 1);
    return bit_cast_lanes<T>(bit_cast_lanes<Integer>(a) & Bits(all_but_sign));
  } else if constexpr (std::is_signed_v<T>) {
    return select(a < Simd<T, N>(0), Simd<T, N>(0) - a, a);
  } else {
    return a;
  }
}

namespace detail {

/// Folds the lanes with `combine`: lane i with lane i + N/2, then i with i + N/4, and so on. The order is part of the
/// contract: a sum has the same bits on every machine.
template <class T, int N, class Combine>
CTGRAD_ALWAYS_INLINE T reduce_lanes(Simd<T, N> a, Combine combine) {
  if constexpr (N == 1) {
    return a[0];
  } else if constexpr (N * sizeof(T) > 16) {
    return reduce_lanes(combine(low_half(a), high_half(a)), combine);
  } else {
    T lanes[N];
    a.store(lanes);
    for (int width = N / 2; width > 0; width /= 2) {
      for (int i = 0; i < width; ++i) lanes[i] = combine(lanes[i], lanes[i + width]);
    }
    return lanes[0];
  }
}

struct AddLanes {
  template <class V>
  CTGRAD_ALWAYS_INLINE V operator()(V a, V b) const {
    return static_cast<V>(a + b);
  }
};
struct MinimumLanes {
  template <class T, int N>
  CTGRAD_ALWAYS_INLINE Simd<T, N> operator()(Simd<T, N> a, Simd<T, N> b) const {
    return minimum(a, b);
  }
  template <class T>
  CTGRAD_ALWAYS_INLINE T operator()(T a, T b) const {
    return a != a ? a : (a < b ? a : b);
  }
};
struct MaximumLanes {
  template <class T, int N>
  CTGRAD_ALWAYS_INLINE Simd<T, N> operator()(Simd<T, N> a, Simd<T, N> b) const {
    return maximum(a, b);
  }
  template <class T>
  CTGRAD_ALWAYS_INLINE T operator()(T a, T b) const {
    return a != a ? a : (a > b ? a : b);
  }
};

}  // namespace detail

/// The sum of all lanes, added as a tree: lane i with lane i + N/2, then i with i + N/4, and so on.
template <class T, int N>
CTGRAD_ALWAYS_INLINE T reduce_add(Simd<T, N> a) {
  return detail::reduce_lanes(a, detail::AddLanes{});
}

/// The smallest lane; NaN if any lane is NaN.
template <class T, int N>
CTGRAD_ALWAYS_INLINE T reduce_min(Simd<T, N> a) {
  return detail::reduce_lanes(a, detail::MinimumLanes{});
}

/// The largest lane; NaN if any lane is NaN.
template <class T, int N>
CTGRAD_ALWAYS_INLINE T reduce_max(Simd<T, N> a) {
  return detail::reduce_lanes(a, detail::MaximumLanes{});
}

}  // namespace ctgrad

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
