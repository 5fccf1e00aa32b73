// SPDX-License-Identifier: BSL-1.0
/// \file
/// A device whose groups really are 1, 32 or 256 cooperating threads, as on a GPU, on the host: it executes what groups
/// do together, which the one-thread groups of ThrustHost leave out.
#pragma once

#include <ctgrad/thrust_host.hpp>

#include <barrier>
#include <cstring>
#include <thread>
#include <vector>

namespace ctgrad_test {

using namespace ctgrad;

/// What the threads of one group share.
struct SharedByGroup {
  explicit SharedByGroup(int size) : barrier(size) {}
  std::barrier<> barrier;
  alignas(16) std::byte value[256][32];
};

class EmulatedGroup {
public:
  EmulatedGroup(SharedByGroup& shared, int size, int rank) : shared_(&shared), size_(size), rank_(rank) {}

  int size() const { return size_; }
  int rank() const { return rank_; }
  void synchronize() const { shared_->barrier.arrive_and_wait(); }

  /// As a GPU has it: halves are folded onto each other within 32 threads, then 32 by 32 in order.
  template <class Operation, class T>
  T reduce(T x) const {
    static_assert(sizeof(T) <= sizeof(shared_->value[0]) && std::is_trivially_copyable_v<T>);
    if (size_ == 1) return x;
    std::memcpy(shared_->value[rank_], &x, sizeof(T));
    shared_->barrier.arrive_and_wait();
    if (rank_ == 0) {
      std::vector<T> all(static_cast<std::size_t>(size_), x);
      for (int i = 0; i < size_; ++i) std::memcpy(&all[static_cast<std::size_t>(i)], shared_->value[i], sizeof(T));
      for (int warp = 0; warp < size_; warp += 32)
        for (int distance = 16; distance > 0; distance /= 2)
          for (int i = warp; i < warp + distance; ++i)
            all[static_cast<std::size_t>(i)] =
                Operation::combine(all[static_cast<std::size_t>(i)], all[static_cast<std::size_t>(i + distance)]);
      x = all[0];
      for (int warp = 32; warp < size_; warp += 32) x = Operation::combine(x, all[static_cast<std::size_t>(warp)]);
    }
    shared_->barrier.arrive_and_wait();
    return x;
  }

private:
  SharedByGroup* shared_;
  int size_;
  int rank_;
};

/// ThrustHost with such groups.
class EmulatedGpu : public ThrustHost {
public:
  static constexpr const char* name = "emulated_gpu";
  template <class Source, int Inputs>
  using Executor = ctgrad::detail::HostExecutor<EmulatedGpu, Source, Inputs>;
  EmulatedGpu for_another_program() const { return {}; }

  template <class Body>
  void for_each_group(std::int64_t count, int size, const Body& body) {
    SharedByGroup shared(size);
    if (size == 1) {
      for (std::int64_t i = 0; i < count; ++i) body(EmulatedGroup(shared, 1, 0), i);
      return;
    }
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size; ++rank)
      threads.emplace_back([&, rank] {
        for (std::int64_t i = 0; i < count; ++i) body(EmulatedGroup(shared, size, rank), i);
      });
    for (std::thread& thread : threads) thread.join();
  }
  /// Enough for sums to be cut into parts.
  static constexpr std::int64_t concurrency() { return 4096; }
};

}  // namespace ctgrad_test

namespace ctgrad {

template <class Source>
void run_program(const RunContext<ctgrad_test::EmulatedGpu>& context) {
  parallel::run<Source>(context, *context.device);
}

}  // namespace ctgrad
