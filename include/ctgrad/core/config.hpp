// SPDX-License-Identifier: BSL-1.0
/// \file
/// The version, and the few macros the headers share. All begin with CTGRAD_.
#pragma once

#define CTGRAD_VERSION_MAJOR 0
#define CTGRAD_VERSION_MINOR 1
#define CTGRAD_VERSION_PATCH 0

#if defined(__CUDACC__)
#define CTGRAD_HOST_DEVICE __host__ __device__
#else
#define CTGRAD_HOST_DEVICE
#endif

#if defined(__GNUC__) || defined(__clang__)
#define CTGRAD_ALWAYS_INLINE inline __attribute__((always_inline))
#define CTGRAD_RESTRICT __restrict__
#else
#error "ctgrad needs g++ 12 or later, clang 16 or later, or nvcc 13 with one of them as host compiler."
#endif

/// A function that runs when something is wrong: kept apart from the code that checks, and compiled for size.
#define CTGRAD_COLD [[gnu::cold, gnu::noinline]]

/// A function that computes with single numbers only. g++ would gather them into registers of 64 bytes to store them,
/// and as long as such instructions are under way, Intel's processors seem to do scalar arithmetic at half the rate
/// (measured on Emerald Rapids: a determinant by minors 22.8 ns, without them 17.8). Not for functions with vectors of
/// their own, which g++ then takes apart.
#if defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
#define CTGRAD_NUMBERS_ONLY [[gnu::target("prefer-vector-width=256")]]
#else
#define CTGRAD_NUMBERS_ONLY
#endif

/// Before a loop of few steps that should have copies of its body.
#if defined(__CUDA_ARCH__)
#define CTGRAD_UNROLL _Pragma("unroll 4")
#elif defined(__CUDACC__)
#define CTGRAD_UNROLL
#else
#define CTGRAD_UNROLL _Pragma("GCC unroll 4")
#endif

/// A function that runs on the CPU and on the GPU and must vanish into its caller.
#define CTGRAD_FUNCTION CTGRAD_HOST_DEVICE CTGRAD_ALWAYS_INLINE constexpr
