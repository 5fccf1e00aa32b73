// SPDX-License-Identifier: BSL-1.0
/// \file
/// What the programs on one GPU share: streams, library handles, scratch memory.
#pragma once

#include <array>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>

#include "ctgrad/device/cuda/cublaslt.hpp"
#include "ctgrad/device/cuda/host_kernel.hpp"
#include "ctgrad/device/cuda/memory.hpp"
#if defined(CTGRAD_HAS_CUDNN)
#include "ctgrad/device/cuda/cudnn.hpp"
#endif
#include "ctgrad/device/parallel/index_report.hpp"

namespace ctgrad::cuda {

/// What the programs of a context may do, and how libraries choose. A recorded run holds for the settings it was
/// recorded with.
struct Settings {
  bool allows_tf32 = false;
  bool autotunes = false;
  bool allows_nondeterministic = false;
  friend bool operator==(const Settings&, const Settings&) = default;
};

/// One GPU, a stream for the steps and one for copies. It serves one thread at a time.
class Context {
public:
  explicit Context(int index) : index_(index) {
    check_driver(index);
    const CurrentDevice current(index);
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    check(cudaStreamCreateWithFlags(&copies_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    int processors = 0;
    int threads = 0;
    check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, index), "cudaDeviceGetAttribute");
    check(cudaDeviceGetAttribute(&threads, cudaDevAttrMaxThreadsPerMultiProcessor, index), "cudaDeviceGetAttribute");
    concurrency_ = std::int64_t{processors} * threads;
    report_memory_.reserve(sizeof(parallel::IndexReport));
    report_ = new (report_memory_.data()) parallel::IndexReport();
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() {
    int former = index_;
    cudaGetDevice(&former);
    if (former != index_) cudaSetDevice(index_);
    cudaStreamSynchronize(stream_);
#if defined(CTGRAD_HAS_CUDNN)
    cudnn_.reset();
#endif
    cublas_lt_.reset();
    cublas_.reset();
    cudaStreamDestroy(copies_);
    cudaStreamDestroy(stream_);
    if (former != index_) cudaSetDevice(former);
  }

  int index() const { return index_; }
  cudaStream_t stream() const { return stream_; }
  cudaStream_t copies() const { return copies_; }
  /// Threads that the GPU holds at a time.
  std::int64_t concurrency() const { return concurrency_; }

  /// Waits for all steps so far. Throws what a step found wrong.
  void synchronize() {
    check(cudaStreamSynchronize(stream_), "a step of the program");
    // Both are forgotten, whichever is thrown.
    const std::exception_ptr failure = host_kernels.take_failure();
    throw_reported(*report_);
    if (failure) std::rethrow_exception(failure);
  }

  /// Memory for one step: steps run one after the other, so they share it. Not while a graph is recorded.
  void* scratch(std::size_t bytes) {
    scratch_.reserve(bytes, "the scratch memory of a step");
    return scratch_.data();
  }
  const void* scratch_place() const { return scratch_.data(); }
  std::int64_t scratch_bytes() const { return static_cast<std::int64_t>(scratch_.bytes()); }
  parallel::IndexReport* index_report() const { return report_; }

  Cublas& cublas() {
    if (!cublas_) cublas_.emplace(stream_);
    return *cublas_;
  }
  CublasLt& cublas_lt() {
    if (!cublas_lt_) cublas_lt_.emplace(cublas());
    cublas_lt_->autotune(settings.autotunes);
    return *cublas_lt_;
  }
#if defined(CTGRAD_HAS_CUDNN)
  Cudnn& cudnn() {
    if (!cudnn_) cudnn_.emplace(stream_);
    cudnn_->autotune(settings.autotunes);
    cudnn_->allow_nondeterministic(settings.allows_nondeterministic);
    return *cudnn_;
  }
#endif

  /// The context that programs use which were given none: made when the first of them is, gone with the last.
  static std::shared_ptr<Context> of(int index) {
    constexpr int most = 64;
    static std::mutex mutex;
    static std::array<std::weak_ptr<Context>, most> contexts;
    if (index < 0 || index >= most)
      throw_error("ctgrad: there is no GPU number " + std::to_string(index) + "; they are counted from 0");
    const std::lock_guard lock(mutex);
    auto& known = contexts[static_cast<std::size_t>(index)];
    std::shared_ptr<Context> context = known.lock();
    if (!context) {
      context = std::make_shared<Context>(index);
      known = context;
    }
    return context;
  }

  Settings settings;
  /// The steps that run on the host.
  HostKernels host_kernels;
  /// Whether the programs of this context record their steps.
  bool replays_graphs = true;
  /// Whether cuBLASLt is faster in a product with its epilogue than a product and our own loop.
  FasterWay<ProductKey> faster_epilogue;
#if defined(CTGRAD_HAS_CUDNN)
  /// Whether cuDNN is faster in a pooling than our own loop.
  FasterWay<PoolingKey> faster_pooling;
#endif

private:
  int index_;
  cudaStream_t stream_ = nullptr;
  cudaStream_t copies_ = nullptr;
  std::int64_t concurrency_ = 0;
  DeviceMemory scratch_;
  PinnedMemory report_memory_;
  parallel::IndexReport* report_ = nullptr;
  std::optional<Cublas> cublas_;
  std::optional<CublasLt> cublas_lt_;
#if defined(CTGRAD_HAS_CUDNN)
  std::optional<Cudnn> cudnn_;
#endif
};

}  // namespace ctgrad::cuda
