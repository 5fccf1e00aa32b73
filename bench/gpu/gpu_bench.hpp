// SPDX-License-Identifier: BSL-1.0
/// \file
/// What the benchmarks on a GPU share: the time of a call under replay, and a main that needs a GPU.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include <ctgrad/cuda.hpp>

namespace gpu_bench {

using namespace ctgrad;

/// Times calls of `run`, many in a row, with events of the GPU. The first calls, in which memory is allocated and steps
/// are recorded, do not count. `bytes` and `operations` are what a call moves and computes at least.
template <class Run>
void measure(benchmark::State& state, Cuda& device, double bytes, double operations, Run&& run) {
  for (int i = 0; i < 6; ++i) run();
  device.synchronize();
  const cudaStream_t stream = device.context().stream();
  cudaEvent_t start, stop;
  cuda::check(cudaEventCreate(&start), "cudaEventCreate");
  cuda::check(cudaEventCreate(&stop), "cudaEventCreate");
  constexpr int calls = 20;
  for (auto _ : state) {
    cuda::check(cudaEventRecord(start, stream), "cudaEventRecord");
    for (int i = 0; i < calls; ++i) run();
    cuda::check(cudaEventRecord(stop, stream), "cudaEventRecord");
    cuda::check(cudaEventSynchronize(stop), "cudaEventSynchronize");
    float milliseconds = 0;
    cuda::check(cudaEventElapsedTime(&milliseconds, start, stop), "cudaEventElapsedTime");
    state.SetIterationTime(milliseconds / 1e3 / calls);
  }
  cudaEventDestroy(start);
  cudaEventDestroy(stop);
  device.synchronize();
  const auto rate = [](double amount) {
    return benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate);
  };
  if (bytes > 0) state.counters["bytes"] = rate(bytes);
  if (operations > 0) state.counters["flops"] = rate(operations);
}

/// The same on the CPU, whose calls return when they are done.
template <class Run>
void measure(benchmark::State& state, Cpu&, double, double, Run&& run) {
  run();
  for (auto _ : state) run();
}

/// The host's array as the device's programs like it best: where they run.
template <class Device, class T, class S>
auto place(Tensor<T, S> host) {
  if constexpr (std::is_same_v<Device, Cpu>) {
    return host;
  } else {
    return Tensor<T, S, Cuda>(host.view());
  }
}

/// 0 done, 77 no GPU, 1 failed.
inline int main(int count, char** arguments) {
  try {
    const Cuda device;
    cudaDeviceProp properties;
    cuda::check(cudaGetDeviceProperties(&properties, device.context().index()), "cudaGetDeviceProperties");
    benchmark::AddCustomContext("gpu", properties.name);
#if defined(_OPENMP)
    benchmark::AddCustomContext("cpu_threads", std::to_string(omp_get_max_threads()));
#else
    benchmark::AddCustomContext("cpu_threads", "1");
#endif
  } catch (const Error& error) {
    std::printf("skipped: %s\n", error.what());
    return 77;
  }
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  try {
    benchmark::RunSpecifiedBenchmarks();
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

}  // namespace gpu_bench

#define CTGRAD_GPU_BENCH_MAIN() \
  int main(int count, char** arguments) { return gpu_bench::main(count, arguments); }
