// SPDX-License-Identifier: BSL-1.0
/// \file
/// The steps of the GPU on the threads of the host, through Thrust's OpenMP system (or its sequential one where there
/// is no OpenMP): the same bodies in the same order, compiled by an ordinary compiler.
#pragma once

#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#if defined(_OPENMP)
#include <thrust/system/omp/execution_policy.h>
#else
#include <thrust/system/cpp/execution_policy.h>
#endif

#include "ctgrad/device/cpu/cpu.hpp"
#include "ctgrad/device/parallel/index_report.hpp"
#include "ctgrad/device/parallel/run.hpp"

namespace ctgrad {

namespace parallel {

/// A group of one thread.
struct SingleThread {
  static constexpr int size() { return 1; }
  static constexpr int rank() { return 0; }
  static void synchronize() {}
  template <class Operation, class T>
  T reduce(T x) const {
    return x;
  }
};

}  // namespace parallel

/// The host as a device that runs what the CUDA devices run: to test that code, and to look for its errors with a
/// debugger, where no GPU is. Programs take and give arrays in the host's memory. An object holds the scratch memory of
/// steps, allocated when it is first needed.
class ThrustHost {
public:
  using ctgrad_device = void;
  static constexpr const char* name = "thrust_host";

  template <class T, class S>
  using Argument = TensorView<const T, S>;
  template <class Source, int Inputs>
  using Executor = detail::HostExecutor<ThrustHost, Source, Inputs>;
  using Block = Memory;
  using Mirror = detail::HostMirror;
  ThrustHost for_another_program() const { return {}; }

  /// Steps ask for scratch memory as they run: none is planned.
  template <class Source>
  static constexpr std::int64_t planned_workspace_bytes() {
    return 0;
  }
  /// Bytes of scratch memory held now.
  std::int64_t workspace_bytes() const {
    return static_cast<std::int64_t>(scratch_.bytes()) + products_.workspace_bytes();
  }

  template <class Body>
  void for_each(std::int64_t count, const Body& body) {
    run_blocks(count, &body, [](const void* erased, std::int64_t begin, std::int64_t end) {
      const Body& work = *static_cast<const Body*>(erased);
      for (std::int64_t i = begin; i < end; ++i) work(i);
    });
  }
  template <class Body>
  void for_each_group(std::int64_t count, int, const Body& body) {
    run_blocks(count, &body, [](const void* erased, std::int64_t begin, std::int64_t end) {
      const Body& work = *static_cast<const Body*>(erased);
      for (std::int64_t i = begin; i < end; ++i) work(parallel::SingleThread{}, i);
    });
  }
  /// A constant, so that results do not depend on the number of threads.
  static constexpr std::int64_t concurrency() { return 4096; }

  void* scratch(std::size_t bytes) {
    scratch_.reserve(bytes);
    return scratch_.data();
  }
  parallel::IndexReport* index_report() { return &report_; }
  void check_indices() { throw_reported(report_); }

  template <class T>
  void multiply(const MatrixProduct<T>& p) {
    if constexpr (is_half<T>) {
      cpu::multiply_halves<T>({p.m, p.n, p.k, p.transpose_a, p.transpose_b}, p.batch,
                              {p.a, p.transpose_a ? p.k : p.m, p.transpose_a ? p.m : p.k, p.row_a, p.stride_a},
                              {p.b, p.transpose_b ? p.n : p.k, p.transpose_b ? p.k : p.n, p.row_b, p.stride_b},
                              {p.c, p.m, p.n, p.row_c, p.stride_c}, p.adds, products_.workspace<float>(),
                              products_.conversion_scratch());
    } else {
      cpu::multiply(p, products_.template workspace<T>());
    }
  }
  /// There is no library that does more than multiply.
  template <class T, class Apart>
  bool multiply_with_epilogue(const MatrixProduct<T>&, ProductEpilogue, const T*, const Apart&) {
    return false;
  }
  /// There is no library of convolutions, nor of poolings, nor of normalisations.
  template <StepKind Kind, class T>
  bool convolve(const ConvolutionShape&, const T*, const T*, T*) {
    return false;
  }
  template <StepKind Kind, class T, class Own>
  bool pool(const PoolingShape&, const T*, T*, const Own&) {
    return false;
  }

  template <class T>
  bool batch_norm(const BatchNormCall<T>&) {
    return false;
  }
  template <class T>
  bool batch_norm_gradient(const BatchNormGradientCall<T>&) {
    return false;
  }

  void run_user_kernel(const Step& step, const StepArguments& x) {
    ctgrad::detail::for_each_point(step, x, step.user->run);
  }

private:
  /// One block of indices. Thrust is instantiated for this type alone, not for each body: that takes a compiler longer
  /// than all the rest.
  struct IndexBlock {
    static constexpr std::int64_t size = 256;
    const void* body;
    void (*run)(const void* body, std::int64_t begin, std::int64_t end);
    std::int64_t count;

    void operator()(std::int64_t block) const {
      const std::int64_t begin = block * size;
      run(body, begin, begin + size < count ? begin + size : count);
    }
  };

  static auto policy() {
#if defined(_OPENMP)
    return thrust::omp::par;
#else
    return thrust::cpp::par;
#endif
  }

  static void run_blocks(std::int64_t count, const void* body,
                         void (*run)(const void* body, std::int64_t begin, std::int64_t end)) {
    thrust::for_each_n(policy(), thrust::counting_iterator<std::int64_t>(0),
                       (count + IndexBlock::size - 1) / IndexBlock::size, IndexBlock{body, run, count});
  }

  Memory scratch_;
  Cpu products_;
  parallel::IndexReport report_;
};

/// Runs the schedule of `Source` on the host's threads.
template <class Source>
void run_program(const RunContext<ThrustHost>& context) {
  parallel::run<Source>(context, *context.device);
}

}  // namespace ctgrad
