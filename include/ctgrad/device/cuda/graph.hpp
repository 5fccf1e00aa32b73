// SPDX-License-Identifier: BSL-1.0
/// \file
/// Runs of a program recorded as CUDA graphs and replayed: one call to the driver for all steps.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <exception>
#include <utility>
#include <vector>

#include "ctgrad/device/cuda/error.hpp"

namespace ctgrad::cuda {

/// A recorded graph that can be launched.
class RecordedGraph {
public:
  RecordedGraph() = default;
  RecordedGraph(RecordedGraph&& other) noexcept : graph_(std::exchange(other.graph_, nullptr)) {}
  RecordedGraph& operator=(RecordedGraph&& other) noexcept {
    std::swap(graph_, other.graph_);
    return *this;
  }
  ~RecordedGraph() {
    if (graph_ != nullptr) cudaGraphExecDestroy(graph_);
  }

  bool exists() const { return graph_ != nullptr; }
  void launch(cudaStream_t stream) const { check(cudaGraphLaunch(graph_, stream), "cudaGraphLaunch"); }

  /// Records what `work()` puts into the stream, without running it.
  template <class Work>
  void record(cudaStream_t stream, Work&& work) {
    cudaGraph_t graph = nullptr;
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    try {
      work();
    } catch (...) {
      // The stream must not stay in recording mode.
      cudaStreamEndCapture(stream, &graph);
      if (graph != nullptr) cudaGraphDestroy(graph);
      throw;
    }
    check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
    cudaGraphExec_t instance = nullptr;
    const cudaError_t status = cudaGraphInstantiate(&instance, graph, 0);
    cudaGraphDestroy(graph);
    check(status, "cudaGraphInstantiate");
    if (graph_ != nullptr) cudaGraphExecDestroy(graph_);
    graph_ = instance;
  }

private:
  cudaGraphExec_t graph_ = nullptr;
};

/// The graphs of one program. A graph holds addresses and lengths, so there is one for each `Key` of them: a batch size
/// of its own, the two places of arguments. The first run with a key is a plain one, in which memory is allocated and
/// libraries choose their algorithms; the second is recorded.
template <class Key>
class GraphCache {
public:
  GraphCache() = default;
  /// A copy belongs to a program with addresses of its own.
  GraphCache(const GraphCache&) {}
  GraphCache(GraphCache&&) noexcept = default;
  GraphCache& operator=(GraphCache&&) noexcept = default;

  /// Runs `work()`, which puts the same steps into the stream every time it is called with the same `key()`. A plain
  /// run may take the memory that the key tells of: it counts for the key that holds after it.
  template <class MakeKey, class Work>
  void run(cudaStream_t stream, const MakeKey& key, Work&& work) {
    if (Entry* const entry = find(key())) {
      if (!entry->graph.exists()) entry->graph.record(stream, work);
      entry->used = ++clock_;
      return entry->graph.launch(stream);
    }
    work();
    const Key now = key();
    if (find(now) == nullptr) add({now, {}, ++clock_});
  }

  void clear() { entries_.clear(); }
  std::size_t size() const { return entries_.size(); }

private:
  struct Entry {
    Key key;
    RecordedGraph graph;
    std::uint64_t used = 0;
  };
  Entry* find(const Key& key) {
    for (Entry& entry : entries_)
      if (entry.key == key) return &entry;
    return nullptr;
  }
  /// Drops the graph that was not used for longest where there are many.
  void add(Entry&& entry) {
    if (entries_.size() < most) {
      entries_.push_back(std::move(entry));
      return;
    }
    Entry* oldest = &entries_.front();
    for (Entry& other : entries_)
      if (other.used < oldest->used) oldest = &other;
    *oldest = std::move(entry);
  }

  static constexpr std::size_t most = 16;
  std::vector<Entry> entries_;
  std::uint64_t clock_ = 0;
};

}  // namespace ctgrad::cuda
