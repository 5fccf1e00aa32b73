// SPDX-License-Identifier: BSL-1.0
/// \file
/// One aligned block of memory that grows and never shrinks.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

namespace ctgrad {

/// Bytes aligned to a cache line, or to a page where they fill several. Growing loses the contents; a copy copies them.
class Memory {
public:
  Memory() = default;
  explicit Memory(std::size_t bytes) { reserve(bytes); }
  Memory(const Memory& other) : Memory(other.bytes_) {
    if (bytes_ != 0) std::memcpy(data_, other.data_, bytes_);
  }
  Memory(Memory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Memory& operator=(Memory other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Memory() { release(); }

  /// Makes room for `bytes`, filled with zeros when it had less. Throws std::bad_alloc and changes nothing when there
  /// is none.
  void reserve(std::size_t bytes) {
    if (bytes <= bytes_) return;
    auto* fresh = static_cast<std::byte*>(::operator new(bytes, alignment(bytes)));
    std::memset(fresh, 0, bytes);
    release();
    data_ = fresh;
    bytes_ = bytes;
  }

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

private:
  // A processor that compares the last twelve bits of addresses only takes a load for dependent on an earlier store
  // that lies a multiple of 4096 bytes, and a little more, away. Arrays that all begin at a page have no such distance.
  static std::align_val_t alignment(std::size_t bytes) { return std::align_val_t(bytes >= 16384 ? 4096 : 64); }
  void release() {
    if (data_ != nullptr) ::operator delete(data_, alignment(bytes_));
  }
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace ctgrad
