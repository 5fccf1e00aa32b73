// SPDX-License-Identifier: BSL-1.0
/// \file
/// Streams of a CUDA runtime that runs on the host, as late as the real one may: work waits in its stream until
/// somebody synchronises with it. What reads too early, or changes what a stream has yet to read, shows.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

struct CUgraphExec_st {
  std::vector<std::function<void()>> work;
};
struct CUgraph_st {
  std::vector<std::function<void()>> work;
};

struct CUstream_st {
  std::deque<std::function<void()>> waiting;
  /// Pieces of work put in, and done.
  std::int64_t put = 0;
  std::int64_t done = 0;
  /// Where work goes while a graph is recorded.
  CUgraph_st* recorded = nullptr;

  void add(std::function<void()> work) {
    if (recorded != nullptr) {
      recorded->work.push_back(std::move(work));
    } else {
      waiting.push_back(std::move(work));
      ++put;
    }
  }
  void run_until(std::int64_t number) {
    while (done < number) {
      const std::function<void()> work = std::move(waiting.front());
      waiting.pop_front();
      ++done;
      work();
    }
  }
};

struct CUevent_st {
  CUstream_st* stream = nullptr;
  std::int64_t number = 0;
};

namespace emulated {

/// What tests look at.
struct Runtime {
  int launches = 0;
  int graph_launches = 0;
  int graphs = 0;
  int live_allocations = 0;
  int allocations = 0;
  std::size_t free_bytes = std::size_t{8} << 30;
  /// What the next measurement takes, and how much longer each one takes than the one before.
  float time = 1;
  float time_grows = 0;
  /// True while some stream records a graph.
  bool is_recording = false;
  /// True while a host function of a stream runs.
  bool in_host_function = false;
};
extern Runtime runtime;

}  // namespace emulated
