// SPDX-License-Identifier: BSL-1.0
/// \file
/// Memory of unnamed results, shared by the expressions that hold them and used again afterwards.
#pragma once

#include <cstddef>
#include <utility>

#include "ctgrad/core/memory.hpp"

namespace ctgrad::detail {

/// Memory and its users, counted by the compilers' own atomic operations: <atomic> takes a tenth of the time that all
/// standard headers of the library take to compile.
class Block {
public:
  explicit Block(std::size_t bytes) : memory(bytes) {}
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  void set_first_user() { __atomic_store_n(&users_, 1, __ATOMIC_RELAXED); }
  void add_user() { __atomic_fetch_add(&users_, 1, __ATOMIC_RELAXED); }
  /// True when it was the last one.
  bool remove_user() { return __atomic_fetch_sub(&users_, 1, __ATOMIC_ACQ_REL) == 1; }
  bool has_one_user() const { return __atomic_load_n(&users_, __ATOMIC_ACQUIRE) == 1; }

  Memory memory;

private:
  int users_ = 0;
};

/// The free blocks of one thread: a statement that is repeated finds the memory it used before.
class Pool {
public:
  /// Blocks kept for later, and the bytes in them.
  static constexpr int most_blocks = 16;
  static constexpr std::size_t most_bytes = std::size_t{1} << 28;

  Pool() { current_ = this; }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    current_ = nullptr;
    for (int i = 0; i < count_; ++i) delete free_[i];
  }

  /// A block of at least `bytes`: the smallest free one that is not much too large, or a new one.
  static Block* acquire(std::size_t bytes) {
    thread_local Pool pool;
    // Blocks may be asked for while the thread ends, when its pool is gone.
    if (current_ == nullptr) return make(bytes);
    int best = -1;
    int empty = -1;
    for (int i = 0; i < pool.count_; ++i) {
      const std::size_t size = pool.free_[i]->memory.bytes();
      if (size == 0) empty = i;
      if (size >= bytes && size / 4 <= bytes + 1024 && (best < 0 || size < pool.free_[best]->memory.bytes())) best = i;
    }
    // A block whose memory a tensor took over can be filled again.
    if (best < 0 && empty >= 0) pool.free_[empty]->memory.reserve(bytes);
    if (best < 0) best = empty;
    if (best < 0) return make(bytes);
    Block* block = pool.free_[best];
    pool.free_[best] = pool.free_[--pool.count_];
    if (best != empty) pool.bytes_ -= block->memory.bytes();
    return block;
  }

  /// Takes back a block that nobody uses any more.
  static void release(Block* block) noexcept {
    Pool* pool = current_;
    const std::size_t bytes = block->memory.bytes();
    if (pool == nullptr || pool->count_ == most_blocks || pool->bytes_ + bytes > most_bytes) {
      delete block;
    } else {
      pool->bytes_ += bytes;
      pool->free_[pool->count_++] = block;
    }
  }

private:
  static Block* make(std::size_t bytes) { return new Block(bytes); }

  Block* free_[most_blocks];
  int count_ = 0;
  std::size_t bytes_ = 0;
  // Trivially destructible, so that it can still be read after the thread's objects are gone.
  inline static thread_local Pool* current_ = nullptr;
};

/// Shared ownership of a block.
class BlockReference {
public:
  BlockReference() = default;
  explicit BlockReference(std::size_t bytes) : block_(Pool::acquire(bytes)) { block_->set_first_user(); }
  BlockReference(const BlockReference& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->add_user();
  }
  BlockReference(BlockReference&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockReference& operator=(BlockReference other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockReference() {
    if (block_ != nullptr && block_->remove_user()) Pool::release(block_);
  }

  void* data() const { return block_->memory.data(); }
  bool is_only_user() const { return block_ != nullptr && block_->has_one_user(); }
  /// Gives the memory away; only for the only user.
  Memory take() { return std::exchange(block_->memory, Memory()); }

private:
  Block* block_ = nullptr;
};

}  // namespace ctgrad::detail
