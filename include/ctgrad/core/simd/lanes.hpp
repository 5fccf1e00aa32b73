// SPDX-License-Identifier: BSL-1.0
/// \file
/// Simd<T, N>: N numbers that are added, compared and stored together, on the vector extensions of
/// g++ and clang.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "ctgrad/core/config.hpp"

/// A function on Simds. Only the host runs it; it is marked for the device too because templates
/// that serve both call it.
#define CTGRAD_SIMD_FUNCTION CTGRAD_HOST_DEVICE CTGRAD_ALWAYS_INLINE

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
inline constexpr bool fits_register = N* static_cast<int>(sizeof(T)) <= register_bytes<T>();

/// The signed integer of `Bytes` bytes: what a comparison of elements of that size gives.
template <int Bytes>
using SignedOfSize = std::conditional_t<
    Bytes == 1, std::int8_t,
    std::conditional_t<Bytes == 2, std::int16_t, std::conditional_t<Bytes == 4, std::int32_t, std::int64_t>>>;

/// The mask of 16 lanes with all bits set. The instructions by name take it unsigned for clang and signed for g++, each
/// of which warns of the other. nvcc's front end takes what its host compiler takes.
#if defined(__clang__)
inline constexpr unsigned short all_16_lanes = 0xffff;
#else
inline constexpr short all_16_lanes = -1;
#endif

#if defined(__CUDA_ARCH__)
/// nvcc checks templates marked for host and device also for the device, which has no vectors, even
/// where only the host calls them. This stands in for a vector there: same size, and operations
/// that are declared and never called.
template <class T, int N>
struct alignas(N * sizeof(T)) VectorStandIn {
  T lanes[N];
  template <class U>
  CTGRAD_HOST_DEVICE explicit operator VectorStandIn<U, N>() const;
  CTGRAD_HOST_DEVICE explicit operator bool() const;
  CTGRAD_HOST_DEVICE T& operator[](int);
  CTGRAD_HOST_DEVICE T operator[](int) const;
  CTGRAD_HOST_DEVICE VectorStandIn operator-() const;
  CTGRAD_HOST_DEVICE VectorStandIn operator~() const;
#define CTGRAD_SIMD_DECLARE(op) CTGRAD_HOST_DEVICE VectorStandIn operator op(VectorStandIn) const;
  CTGRAD_SIMD_DECLARE(+)
  CTGRAD_SIMD_DECLARE(-)
  CTGRAD_SIMD_DECLARE(*)
  CTGRAD_SIMD_DECLARE(/)
  CTGRAD_SIMD_DECLARE(%)
  CTGRAD_SIMD_DECLARE(&)
  CTGRAD_SIMD_DECLARE(|)
  CTGRAD_SIMD_DECLARE(^)
#undef CTGRAD_SIMD_DECLARE
#define CTGRAD_SIMD_DECLARE(op) \
  CTGRAD_HOST_DEVICE VectorStandIn<SignedOfSize<sizeof(T)>, N> operator op(VectorStandIn) const;
  CTGRAD_SIMD_DECLARE(==)
  CTGRAD_SIMD_DECLARE(!=)
  CTGRAD_SIMD_DECLARE(<)
  CTGRAD_SIMD_DECLARE(<=)
  CTGRAD_SIMD_DECLARE(>)
  CTGRAD_SIMD_DECLARE(>=)
#undef CTGRAD_SIMD_DECLARE
  CTGRAD_HOST_DEVICE VectorStandIn operator<<(T) const;
  CTGRAD_HOST_DEVICE VectorStandIn operator>>(T) const;
};
template <class T, int N>
CTGRAD_HOST_DEVICE VectorStandIn<T, N> operator-(T, VectorStandIn<T, N>);

template <class T, int N>
struct VectorOf {
  using type = VectorStandIn<T, N>;
};
#else
template <class T, int N>
struct VectorOf {
  typedef T type __attribute__((vector_size(N * sizeof(T))));
};
#endif

/// What a Simd stores: one vector where a register holds it, else two halves. The halves are
/// explicit because g++ takes comparisons and selections of vectors wider than a register apart
/// lane by lane.
template <class T, int N, bool = fits_register<T, N>>
struct SimdData {
  typename VectorOf<T, N>::type v;
};
template <class T, int N>
struct SimdData<T, N, false> {
  Simd<T, N / 2> lo, hi;
};

}  // namespace detail

/// Makes what Simd::stream wrote visible to other threads.
inline void finish_streams() {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}

/// How many elements of `T` the machine's registers hold: 64, 32 or 16 bytes, for AVX-512, AVX2 or
/// neither.
template <class T>
inline constexpr int native_lanes = detail::register_bytes<T>() / static_cast<int>(sizeof(T));

/// N lanes (a power of two) of arithmetic type `T` (not bool: use SimdMask, or std::uint8_t in
/// memory). Operators work lane by lane with the rules of `T`, a plain `T` stands for N equal
/// lanes, comparisons give a mask. Any N works; beyond a register's width it is several registers.
/// Not usable in constant evaluation.
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
  CTGRAD_SIMD_FUNCTION Simd(T value) {
    if constexpr (one_register) {
      this->v = value - decltype(this->v){};
    } else {
      this->lo = this->hi = value;
    }
  }
  CTGRAD_SIMD_FUNCTION explicit Simd(Data data) : Data(data) {}

  /// Reads N elements; no alignment is asked for.
  CTGRAD_SIMD_FUNCTION static Simd load(const T* from) {
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
  CTGRAD_SIMD_FUNCTION void store(T* to) const {
    if constexpr (one_register) {
      __builtin_memcpy(to, &this->v, sizeof(this->v));
    } else {
      this->lo.store(to);
      this->hi.store(to + N / 2);
    }
  }

  /// Writes N elements past the caches, where the machine can. `to` must be aligned to the register's size. After the
  /// last of such writes, and before another thread reads them, call `finish_streams`.
  CTGRAD_SIMD_FUNCTION void stream(T* to) const {
    if constexpr (!one_register) {
      this->lo.stream(to);
      this->hi.stream(to + N / 2);
    } else {
#if defined(__x86_64__) && !defined(__CUDACC__) && defined(__clang__)
      __builtin_nontemporal_store(this->v, reinterpret_cast<decltype(this->v)*>(to));
#elif defined(__x86_64__) && !defined(__CUDACC__)
      if constexpr (sizeof(this->v) == 16) {
        typedef long long Wide __attribute__((vector_size(16)));
        __builtin_ia32_movntdq(reinterpret_cast<Wide*>(to), reinterpret_cast<Wide>(this->v));
#if defined(__AVX__)
      } else if constexpr (sizeof(this->v) == 32) {
        typedef long long Wide __attribute__((vector_size(32)));
        __builtin_ia32_movntdq256(reinterpret_cast<Wide*>(to), reinterpret_cast<Wide>(this->v));
#endif
#if defined(__AVX512F__)
      } else if constexpr (sizeof(this->v) == 64) {
        typedef long long Wide __attribute__((vector_size(64)));
        __builtin_ia32_movntdq512(reinterpret_cast<Wide*>(to), reinterpret_cast<Wide>(this->v));
#endif
      } else {
        store(to);
      }
#else
      store(to);
#endif
    }
  }

  /// Reads the first `count` elements (0 to N) and nothing beyond them; the other lanes are `fill`.
  CTGRAD_HOST_DEVICE static Simd load_partial(const T* from, std::int64_t count, T fill = T{});

  /// Writes the first `count` lanes (0 to N) and nothing beyond them.
  CTGRAD_HOST_DEVICE void store_partial(T* to, std::int64_t count) const;

  /// Reads from[0], from[stride], from[2 * stride], ...; the stride counts elements.
  CTGRAD_SIMD_FUNCTION static Simd load_strided(const T* from, std::int64_t stride) {
    return strided(from, stride, std::make_integer_sequence<int, N>{});
  }

  /// first, first + 1, first + 2, ...
  CTGRAD_SIMD_FUNCTION static Simd iota(T first = T{}) {
    return counting(std::make_integer_sequence<int, N>{}) + Simd(first);
  }

  /// The value in lane `i` (0 to N - 1).
  CTGRAD_SIMD_FUNCTION T operator[](int i) const {
    if constexpr (one_register) {
      return this->v[i];
    } else {
      return i < N / 2 ? this->lo[i] : this->hi[i - N / 2];
    }
  }

#define CTGRAD_SIMD_BINARY(op)                                   \
  CTGRAD_SIMD_FUNCTION friend Simd operator op(Simd a, Simd b) { \
    if constexpr (one_register) {                                \
      return Simd(Data{a.v op b.v});                             \
    } else {                                                     \
      return Simd(Data{a.lo op b.lo, a.hi op b.hi});             \
    }                                                            \
  }                                                              \
  CTGRAD_SIMD_FUNCTION Simd& operator op##=(Simd b) { return *this = *this op b; }
  CTGRAD_SIMD_BINARY(+)
  CTGRAD_SIMD_BINARY(-)
  CTGRAD_SIMD_BINARY(*)
  CTGRAD_SIMD_BINARY(/)
  CTGRAD_SIMD_BINARY(%)
  CTGRAD_SIMD_BINARY(&)
  CTGRAD_SIMD_BINARY(|)
  CTGRAD_SIMD_BINARY(^)
#undef CTGRAD_SIMD_BINARY

#define CTGRAD_SIMD_COMPARE(op)                                  \
  CTGRAD_SIMD_FUNCTION friend Mask operator op(Simd a, Simd b) { \
    if constexpr (one_register) {                                \
      return Mask(Bits(typename Bits::Data{a.v op b.v}));        \
    } else {                                                     \
      return Mask((a.lo op b.lo).bits, (a.hi op b.hi).bits);     \
    }                                                            \
  }
  CTGRAD_SIMD_COMPARE(==)
  CTGRAD_SIMD_COMPARE(!=)
  CTGRAD_SIMD_COMPARE(<)
  CTGRAD_SIMD_COMPARE(<=)
  CTGRAD_SIMD_COMPARE(>)
  CTGRAD_SIMD_COMPARE(>=)
#undef CTGRAD_SIMD_COMPARE

  CTGRAD_SIMD_FUNCTION friend Simd operator+(Simd a) { return a; }
  CTGRAD_SIMD_FUNCTION friend Simd operator-(Simd a) {
    if constexpr (one_register && std::is_integral_v<T>) {
      // As unsigned: the smallest integer is its own opposite, as in NumPy.
      using Unsigned = typename detail::VectorOf<std::make_unsigned_t<T>, N>::type;
      return Simd(Data{(decltype(a.v))(-(Unsigned)a.v)});
    } else if constexpr (one_register) {
      return Simd(Data{-a.v});
    } else {
      return Simd(Data{-a.lo, -a.hi});
    }
  }
  CTGRAD_SIMD_FUNCTION friend Simd operator~(Simd a) {
    if constexpr (one_register) {
      return Simd(Data{~a.v});
    } else {
      return Simd(Data{~a.lo, ~a.hi});
    }
  }
  /// Shift every lane by the same number of bits (0 to the width of `T`, exclusive).
  CTGRAD_SIMD_FUNCTION friend Simd operator<<(Simd a, int bits) {
    if constexpr (one_register) {
      return Simd(Data{a.v << static_cast<T>(bits)});
    } else {
      return Simd(Data{a.lo << bits, a.hi << bits});
    }
  }
  CTGRAD_SIMD_FUNCTION friend Simd operator>>(Simd a, int bits) {
    if constexpr (one_register) {
      return Simd(Data{a.v >> static_cast<T>(bits)});
    } else {
      return Simd(Data{a.lo >> bits, a.hi >> bits});
    }
  }

private:
  template <int... I>
  CTGRAD_SIMD_FUNCTION static Simd strided(const T* from, std::int64_t stride, std::integer_sequence<int, I...>) {
    if constexpr (one_register) {
      return Simd(Data{{from[I * stride]...}});
    } else {
      using Half = Simd<T, N / 2>;
      return Simd(Data{Half::load_strided(from, stride), Half::load_strided(from + N / 2 * stride, stride)});
    }
  }
  template <int... I>
  CTGRAD_SIMD_FUNCTION static Simd counting(std::integer_sequence<int, I...>) {
    const T lanes[N] = {static_cast<T>(I)...};
    return load(lanes);
  }
};

}  // namespace ctgrad
