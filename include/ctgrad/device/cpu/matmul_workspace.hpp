// SPDX-License-Identifier: BSL-1.0
/// \file
/// What a matrix product is asked for, and the scratch memory it packs its operands into.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "ctgrad/core/memory.hpp"

namespace ctgrad::cpu {

/// C[m,n] = op(A)[m,k] * op(B)[k,n], all row-major. A is stored as [m,k] or, when transposed, as [k,m]; B as [k,n] or,
/// when transposed, as [n,k].
struct MatmulShape {
  std::int64_t m, n, k;
  bool transpose_a, transpose_b;
};

namespace detail {

/// How much of each operand is packed at a time, in elements. A block of A (rows x depth) is meant
/// for the second-level cache, a panel of B (depth x columns) for the third; of fewer steps they have
/// more rows and columns. Measured on Zen 4 with AVX-512 and on Zen 3 with AVX2.
template <class T>
struct GemmBlocks {
#if defined(__AVX512F__)
  static constexpr std::int64_t depth = 2048 / static_cast<std::int64_t>(sizeof(T));
  static constexpr std::int64_t rows = 144;
  static constexpr std::int64_t columns = 528;  // 11 tiles of 48, 22 of 24.
#else
  static constexpr std::int64_t depth = 1536 / static_cast<std::int64_t>(sizeof(T));
  static constexpr std::int64_t rows = 192;
  static constexpr std::int64_t columns = 1056;  // 44 tiles of 24, 88 of 12.
#endif
  static constexpr std::size_t a_size = static_cast<std::size_t>(rows * depth);
  static constexpr std::size_t b_size = static_cast<std::size_t>(columns * depth);
};

}  // namespace detail

/// Bytes of scratch memory a product of elements of type T needs, whatever its shape.
template <class T>
constexpr std::size_t matmul_workspace_bytes() {
  return (detail::GemmBlocks<T>::a_size + detail::GemmBlocks<T>::b_size) * sizeof(T);
}

/// Who multiplies. `fastest` calls the BLAS the program was built with, except where the built-in
/// code is quicker; `built_in` never does, and gives the same bits for any number of threads.
enum class MatmulLibrary { fastest, built_in };

/// Scratch memory for `matmul`, allocated once, and the choice of library. One call at a time may
/// use it. A copy has memory of its own, of the same size; what lies in it is not copied.
template <class T>
struct MatmulWorkspace {
  explicit MatmulWorkspace(MatmulLibrary choice = MatmulLibrary::fastest)
      : library(choice), memory_(static_cast<std::byte*>(::operator new(matmul_workspace_bytes<T>(), alignment))) {}
  MatmulWorkspace(const MatmulWorkspace& other) : MatmulWorkspace(other.library) {
    scratch_.reserve(other.scratch_.bytes());
  }
  MatmulWorkspace(MatmulWorkspace&& other) noexcept
      : library(other.library), memory_(std::exchange(other.memory_, nullptr)), scratch_(std::move(other.scratch_)) {}
  MatmulWorkspace& operator=(MatmulWorkspace other) noexcept {
    library = other.library;
    std::swap(memory_, other.memory_);
    scratch_ = std::move(other.scratch_);
    return *this;
  }
  ~MatmulWorkspace() {
    if (memory_ != nullptr) ::operator delete(memory_, alignment);
  }

  MatmulLibrary library;

  /// Bytes on the heap now.
  std::size_t bytes() const { return matmul_workspace_bytes<T>() + scratch_.bytes(); }

  template <class U>
  U* a_block() {
    return reinterpret_cast<U*>(memory_);
  }
  template <class U>
  U* b_panel() {
    return a_block<U>() + detail::GemmBlocks<T>::a_size;
  }
  /// Room for `count` elements for steps that arrange their operands before they multiply. It grows when it must and
  /// keeps its size; what it held is lost.
  T* scratch(std::int64_t count) {
    scratch_.reserve(static_cast<std::size_t>(count) * sizeof(T));
    return reinterpret_cast<T*>(scratch_.data());
  }

private:
  static constexpr std::align_val_t alignment{64};
  std::byte* memory_;
  Memory scratch_;
};

}  // namespace ctgrad::cpu
