// SPDX-License-Identifier: BSL-1.0
/// \file
/// Matrix products of programs against cuBLAS called directly: float, float rounded to TF32, bfloat16. And layers
/// relu(x w + b): a product and a loop, one call of cuBLASLt, and what autotune makes of it.
#include "gpu_bench.hpp"

namespace {

using namespace gpu_bench;
using Matrix = Shape<dimension<'m'>, dimension<'m'>>;

struct Product {
  constexpr auto operator()(auto a, auto b) const { return matmul(a, b); }
};

template <class T>
Tensor<T, Matrix, Cuda> numbers(std::int64_t size) {
  Tensor<T, Matrix> host(Extents<2>{size, size});
  const RandomStream random(1);
  std::vector<float> values(static_cast<std::size_t>(size * size));
  random.fill_uniform(values, 0, -1, 1);
  for (std::int64_t i = 0; i < size * size; ++i) host.data()[i] = static_cast<T>(values[static_cast<std::size_t>(i)]);
  return Tensor<T, Matrix, Cuda>(host.view());
}

template <class T, bool Tf32, bool Direct>
void product(benchmark::State& state) {
  Cuda device;
  device.allow_tf32(Tf32);
  const std::int64_t n = state.range(0);
  const auto a = numbers<T>(n);
  const auto b = numbers<T>(n);
  const double operations = 2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
  if constexpr (Direct) {
    const Tensor<T, Matrix, Cuda> c(Extents<2>{n, n});
    MatrixProduct<T> call;
    call.m = call.n = call.k = call.row_a = call.row_b = call.row_c = n;
    call.a = a.data();
    call.b = b.data();
    call.c = c.data();
    measure(state, device, 0, operations, [&] { device.context().cublas().template multiply<T>(call, Tf32); });
  } else {
    constexpr auto matrix = Spec<T, Matrix>{};
    auto program = compile(device, Product{}, matrix, matrix);
    measure(state, device, 0, operations, [&] { program(a, b); });
  }
  device.allow_tf32(false);
}

enum class LayerBy { two_steps, one_call, measuring };
struct Layer {
  constexpr auto operator()(auto x, auto w, auto b) const { return relu(matmul(x, w) + b); }
};

template <class T, LayerBy By>
void layer(benchmark::State& state) {
  using Row = Shape<dimension<'m'>>;
  Cuda device;
  device.autotune(By == LayerBy::measuring);
  const std::int64_t n = state.range(0);
  const auto x = numbers<T>(n);
  const auto w = numbers<T>(n);
  Tensor<T, Row> zeros(Extents<1>{n});
  const Tensor<T, Row, Cuda> b(zeros.view());
  const double operations = 2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
  if constexpr (By == LayerBy::one_call) {
    const Tensor<T, Matrix, Cuda> y(Extents<2>{n, n});
    MatrixProduct<T> call;
    call.m = call.n = call.k = call.row_a = call.row_b = call.row_c = n;
    call.a = x.data();
    call.b = w.data();
    call.c = y.data();
    measure(state, device, 0, operations, [&] {
      device.context().cublas_lt().template multiply<T>(call, false, ProductEpilogue::bias_relu, b.data());
    });
  } else {
    constexpr auto matrix = Spec<T, Matrix>{};
    auto program = compile(device, Layer{}, matrix, matrix, Spec<T, Row>{});
    measure(state, device, 0, operations, [&] { program(x, w, b); });
  }
  device.autotune(false);
}

void sizes(benchmark::internal::Benchmark* bench) { bench->RangeMultiplier(2)->Range(256, 8192)->UseManualTime(); }

BENCHMARK(product<float, false, false>)->Name("float_program")->Apply(sizes);
BENCHMARK(product<float, false, true>)->Name("float_cublas")->Apply(sizes);
BENCHMARK(product<float, true, false>)->Name("tf32_program")->Apply(sizes);
BENCHMARK(product<float, true, true>)->Name("tf32_cublas")->Apply(sizes);
BENCHMARK(product<bfloat16, false, false>)->Name("bfloat16_program")->Apply(sizes);
BENCHMARK(product<bfloat16, false, true>)->Name("bfloat16_cublas")->Apply(sizes);
BENCHMARK(layer<float, LayerBy::two_steps>)->Name("float_layer_two_steps")->Apply(sizes);
BENCHMARK(layer<float, LayerBy::one_call>)->Name("float_layer_one_call")->Apply(sizes);
BENCHMARK(layer<float, LayerBy::measuring>)->Name("float_layer_measuring")->Apply(sizes);
BENCHMARK(layer<bfloat16, LayerBy::two_steps>)->Name("bfloat16_layer_two_steps")->Apply(sizes);
BENCHMARK(layer<bfloat16, LayerBy::one_call>)->Name("bfloat16_layer_one_call")->Apply(sizes);
BENCHMARK(layer<bfloat16, LayerBy::measuring>)->Name("bfloat16_layer_measuring")->Apply(sizes);

}  // namespace

CTGRAD_GPU_BENCH_MAIN()
