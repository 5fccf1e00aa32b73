// SPDX-License-Identifier: BSL-1.0
/// \file
/// Blocks of Philox side by side, in the host's vectors.
#pragma once

#include <cstdint>

#include "ctgrad/core/config.hpp"
#include "ctgrad/tensor/philox.hpp"

namespace ctgrad::detail {

inline constexpr int philox_blocks_at_once = 16;

#if defined(__x86_64__) && !defined(__CUDA_ARCH__)

#if defined(__AVX512F__)
inline constexpr int philox_bytes = 64;
#elif defined(__AVX2__)
inline constexpr int philox_bytes = 32;
#else
inline constexpr int philox_bytes = 16;
#endif

/// A word of Philox for several blocks: the lower halves of 64-bit lanes. The upper halves may hold anything.
typedef std::uint64_t PhiloxWords __attribute__((vector_size(philox_bytes)));
typedef long long PhiloxSigned __attribute__((vector_size(philox_bytes)));
typedef int PhiloxHalves __attribute__((vector_size(philox_bytes)));

/// The 64-bit products of the lower halves.
CTGRAD_ALWAYS_INLINE void multiply_halves(PhiloxWords& product, const PhiloxWords& a, const PhiloxWords& b) {
#if defined(__clang__)
  product = (a & 0xFFFFFFFFU) * (b & 0xFFFFFFFFU);
#elif defined(__AVX512F__)
  product = (PhiloxWords)__builtin_ia32_pmuludq512_mask((PhiloxHalves)a, (PhiloxHalves)b, (PhiloxSigned)PhiloxWords{},
                                                        static_cast<unsigned char>(0xff));
#elif defined(__AVX2__)
  product = (PhiloxWords)__builtin_ia32_pmuludq256((PhiloxHalves)a, (PhiloxHalves)b);
#else
  product = (PhiloxWords)__builtin_ia32_pmuludq128((PhiloxHalves)a, (PhiloxHalves)b);
#endif
}

/// random_block for philox_blocks_at_once indices from `index` on.
inline void random_blocks(std::uint64_t seed, std::uint64_t stream, std::uint64_t index, PhiloxBlock* to) {
  constexpr int lanes = philox_bytes / 8;
  std::uint64_t indices[philox_blocks_at_once], low[lanes], high[lanes];
  for (int i = 0; i < philox_blocks_at_once; ++i) indices[i] = index + static_cast<std::uint64_t>(i);
  const PhiloxWords first = PhiloxWords{} + philox_multiplier[0], second = PhiloxWords{} + philox_multiplier[1];
  for (int done = 0; done < philox_blocks_at_once; done += lanes) {
    PhiloxKey key = philox_key(seed);
    // Names, not an array, which g++ would keep in memory.
    PhiloxWords a, b, c, d, from_a, from_c;
    __builtin_memcpy(&a, indices + done, sizeof(a));
    b = a >> 32;
    c = PhiloxWords{} + stream;
    d = c >> 32;
    for (int round = 0; round < philox_rounds; ++round) {
      multiply_halves(from_a, a, first);
      multiply_halves(from_c, c, second);
      a = (from_c >> 32) ^ b ^ key.word[0];
      b = from_c;
      c = (from_a >> 32) ^ d ^ key.word[1];
      d = from_a;
      next_philox_key(key);
    }
    a = (a & 0xFFFFFFFFU) | b << 32;
    c = (c & 0xFFFFFFFFU) | d << 32;
    __builtin_memcpy(low, &a, sizeof(a));
    __builtin_memcpy(high, &c, sizeof(c));
    for (int i = 0; i < lanes; ++i) {
      const std::uint64_t halves[] = {low[i], high[i]};
      __builtin_memcpy(to + done + i, halves, sizeof(halves));
    }
  }
}

#else

inline void random_blocks(std::uint64_t seed, std::uint64_t stream, std::uint64_t index, PhiloxBlock* to) {
  for (int i = 0; i < philox_blocks_at_once; ++i)
    to[i] = random_block(seed, stream, index + static_cast<std::uint64_t>(i));
}

#endif

}  // namespace ctgrad::detail
