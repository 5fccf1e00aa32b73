// SPDX-License-Identifier: BSL-1.0
/// \file
/// GFLOP/s of the matrix products: the built-in code, the public function, and the BLAS called
/// directly, timed in turns so that a noisy machine disturbs all three alike.
///
/// Run with OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 for single-threaded figures. The counters are
/// medians, in GFLOP/s; the time column is that of a whole turn. `ratio` is built-in / BLAS and
/// `overhead` is public function / BLAS - 1.
#include <ctgrad/device/cpu/matmul.hpp>
#include <ctgrad/device/cpu/small_matmul.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using ctgrad::cpu::MatmulShape;

double median(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <class Run>
double seconds(std::int64_t repeats, Run run) {
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < repeats; ++i) {
    run();
    benchmark::ClobberMemory();
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  return spent.count() / static_cast<double>(repeats);
}

template <class T>
void products(benchmark::State& state, MatmulShape s) {
  const std::int64_t lda = s.transpose_a ? s.m : s.k;
  const std::int64_t ldb = s.transpose_b ? s.k : s.n;
  std::vector<T> a(static_cast<std::size_t>(s.m * s.k));
  std::vector<T> b(static_cast<std::size_t>(s.k * s.n));
  std::vector<T> c(static_cast<std::size_t>(s.m * s.n));
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = T(i % 17) / T(17) - T(0.5);
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = T(i % 23) / T(23) - T(0.5);
  ctgrad::cpu::MatmulWorkspace<T> workspace;
  const double flops = 2.0 * static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k);
  // About 0.2 ms a turn: short against the machine's slow spells, long against the clock.
  const auto repeats = std::max<std::int64_t>(1, static_cast<std::int64_t>(1e7 / flops));

  const auto built_in = [&] {
    ctgrad::cpu::detail::gemm<T>(s, a.data(), lda, b.data(), ldb, c.data(), s.n, false, workspace.template a_block<T>(),
                                 workspace.template b_panel<T>());
  };
  const auto function = [&] {
    ctgrad::cpu::matmul<T>(s, a.data(), lda, b.data(), ldb, c.data(), s.n, false, workspace);
  };
  std::vector<double> built_in_time, function_time;
#if defined(CTGRAD_HAS_CBLAS)
  const auto library = [&] {
    ctgrad::cpu::blas::gemm<T>(s.m, s.n, s.k, s.transpose_a, s.transpose_b, a.data(), lda, b.data(), ldb, c.data(), s.n,
                               T(1), T(0));
  };
  std::vector<double> library_time, ratio, overhead;
  library();
#endif
  built_in();
  for (auto _ : state) {
    built_in_time.push_back(seconds(repeats, built_in));
#if defined(CTGRAD_HAS_CBLAS)
    library_time.push_back(seconds(repeats, library));
    ratio.push_back(library_time.back() / built_in_time.back());
#endif
    function_time.push_back(seconds(repeats, function));
#if defined(CTGRAD_HAS_CBLAS)
    overhead.push_back(function_time.back() / library_time.back() - 1);
#endif
  }
  state.counters["built_in"] = flops / median(built_in_time) * 1e-9;
  state.counters["function"] = flops / median(function_time) * 1e-9;
#if defined(CTGRAD_HAS_CBLAS)
  state.counters["blas"] = flops / median(library_time) * 1e-9;
  state.counters["ratio"] = median(ratio);
  state.counters["overhead"] = median(overhead);
#endif
}

/// A product whose left or right operand has `state.range(0)` percent of zeros: the built-in code that multiplies all,
/// and the public function. `ratio` is function / built-in.
void with_zeros(benchmark::State& state, MatmulShape s, bool right = false) {
  const auto zeros = static_cast<std::uint32_t>(state.range(0));
  const std::int64_t lda = s.transpose_a ? s.m : s.k;
  const std::int64_t ldb = s.transpose_b ? s.k : s.n;
  std::vector<float> a(static_cast<std::size_t>(s.m * s.k));
  std::vector<float> b(static_cast<std::size_t>(s.k * s.n));
  std::vector<float> c(static_cast<std::size_t>(s.m * s.n));
  std::uint32_t random = 1;
  std::vector<float>& zeroed = right ? b : a;
  std::vector<float>& other = right ? a : b;
  for (float& x : zeroed) {
    random = random * 1664525U + 1013904223U;
    x = (random >> 16) % 100 < zeros ? 0.0F : static_cast<float>(random >> 20) / 4096.0F - 2.0F;
  }
  for (std::size_t i = 0; i < other.size(); ++i) other[i] = static_cast<float>(i % 23) / 23.0F - 0.5F;
  ctgrad::cpu::MatmulWorkspace<float> workspace(ctgrad::cpu::MatmulLibrary::built_in);
  const auto all = [&] {
    ctgrad::cpu::detail::gemm<float>(s, a.data(), lda, b.data(), ldb, c.data(), s.n, false, workspace.a_block<float>(),
                                     workspace.b_panel<float>());
  };
  const auto function = [&] {
    ctgrad::cpu::matmul<float>(s, a.data(), lda, b.data(), ldb, c.data(), s.n, false, workspace);
  };
  std::vector<double> all_time, function_time, ratio;
  for (auto _ : state) {
    all_time.push_back(seconds(2, all));
    function_time.push_back(seconds(2, function));
    ratio.push_back(function_time.back() / all_time.back());
  }
  state.counters["all_us"] = median(all_time) * 1e6;
  state.counters["function_us"] = median(function_time) * 1e6;
  state.counters["ratio"] = median(ratio);
}
// The gradients of the weights of a layer after relu or max pooling, and of an input; the output for images.
BENCHMARK_CAPTURE(with_zeros, weight_gradient_128x784x64, MatmulShape{128, 784, 64, true, false})
    ->Arg(0)
    ->Arg(50)
    ->Arg(75);
BENCHMARK_CAPTURE(with_zeros, weight_gradient_512x512x64, MatmulShape{512, 512, 64, true, false})
    ->Arg(0)
    ->Arg(50)
    ->Arg(75);
BENCHMARK_CAPTURE(with_zeros, weight_gradient_1024x1024x256, MatmulShape{1024, 1024, 256, true, false})->Arg(50);
BENCHMARK_CAPTURE(with_zeros, input_gradient_64x512x512, MatmulShape{64, 512, 512, false, false})->Arg(50)->Arg(75);
BENCHMARK_CAPTURE(with_zeros, output_64x128x784, MatmulShape{64, 128, 784, false, true})->Arg(50)->Arg(80);
// The gradients of weights stored as [in, out] have the zeros of relu in the right operand.
BENCHMARK_CAPTURE(with_zeros, weight_gradient_in_out_1000x100x64, MatmulShape{1000, 100, 64, true, false}, true)
    ->Arg(50)
    ->Arg(75);
BENCHMARK_CAPTURE(with_zeros, weight_gradient_in_out_512x512x64, MatmulShape{512, 512, 64, true, false}, true)
    ->Arg(50)
    ->Arg(75);

template <int M, int N, int K, bool TA, bool TB>
void small_product(benchmark::State& state) {
  float a[M * K];
  float b[K * N];
  float c[M * N];
  for (int i = 0; i < M * K; ++i) a[i] = static_cast<float>(i % 7);
  for (int i = 0; i < K * N; ++i) b[i] = static_cast<float>(i % 5);
  for (auto _ : state) {
    benchmark::DoNotOptimize(a);
    benchmark::DoNotOptimize(b);
    ctgrad::cpu::small_matmul<float, M, N, K, TA, TB>(a, b, c);
    benchmark::DoNotOptimize(c);
  }
  state.counters["flop/s"] = benchmark::Counter(2.0 * M * N * K, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(small_product<1, 16, 4, false, false>);
BENCHMARK(small_product<1, 16, 16, false, false>);
BENCHMARK(small_product<1, 16, 16, false, true>);
BENCHMARK(small_product<1, 2, 16, false, false>);
BENCHMARK(small_product<32, 16, 4, false, false>);
BENCHMARK(small_product<32, 16, 16, false, false>);
BENCHMARK(small_product<32, 16, 16, false, true>);
BENCHMARK(small_product<16, 16, 32, true, false>);
BENCHMARK(small_product<32, 2, 16, false, false>);
BENCHMARK(small_product<32, 16, 2, false, true>);

template <class T>
void add(const std::string& type, const std::string& name, MatmulShape shape) {
  const std::string full = type + "/" + name + "/" + std::to_string(shape.m) + "x" + std::to_string(shape.n) + "x" +
                           std::to_string(shape.k) + "/" + (shape.transpose_a ? "T" : "N") +
                           (shape.transpose_b ? "T" : "N");
  benchmark::RegisterBenchmark(full.c_str(), [shape](benchmark::State& state) { products<T>(state, shape); });
}

template <class T>
void add_all(const std::string& type) {
  for (const std::int64_t n : {4, 8, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024, 2048}) {
    add<T>(type, "square", {n, n, n, false, false});
  }
  for (const std::int64_t n : {16, 128, 1024}) {
    add<T>(type, "square", {n, n, n, false, true});
    add<T>(type, "square", {n, n, n, true, false});
    add<T>(type, "square", {n, n, n, true, true});
  }
  // The network 784-128-10 and the two-layer net 1000-100-10, both at batch 64: a layer's output,
  // the gradient of its input, the gradient of its weight.
  struct Layer {
    std::int64_t in, out;
  };
  for (const Layer& layer : {Layer{784, 128}, Layer{128, 10}, Layer{1000, 100}, Layer{100, 10}}) {
    add<T>(type, "output", {64, layer.out, layer.in, false, false});
    add<T>(type, "input_gradient", {64, layer.in, layer.out, false, true});
    add<T>(type, "weight_gradient", {layer.in, layer.out, 64, true, false});
    // The same for weights stored as [out, in].
    add<T>(type, "output", {64, layer.out, layer.in, false, true});
    add<T>(type, "input_gradient", {64, layer.in, layer.out, false, false});
    add<T>(type, "weight_gradient", {layer.out, layer.in, 64, true, false});
    add<T>(type, "one_sample", {1, layer.out, layer.in, false, false});
    add<T>(type, "one_sample", {1, layer.out, layer.in, false, true});
  }
  add<T>(type, "vector", {1, 1024, 1024, false, false});
  add<T>(type, "vector", {1, 1024, 1024, false, true});
  add<T>(type, "vector", {1024, 1, 1024, false, false});
  add<T>(type, "vector", {1024, 1, 1024, true, false});
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  add_all<float>("float");
  add_all<double>("double");
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
