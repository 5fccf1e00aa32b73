// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sums of everything, of rows and of columns, and a softmax with its gradient.
#include "gpu_bench.hpp"

namespace {

using namespace gpu_bench;
constexpr int columns = 1024;
using Matrix = Shape<batch, columns>;
constexpr auto matrix = spec<float, batch, columns>;

struct Everything {
  constexpr auto operator()(auto x) const { return sum(x); }
};
struct Rows {
  constexpr auto operator()(auto x) const { return sum(x, axis<1>); }
};
struct Columns {
  constexpr auto operator()(auto x) const { return sum(x, axis<0>); }
};
struct Softmax {
  constexpr auto operator()(auto x) const { return softmax(x, axis<1>); }
};
struct SoftmaxGradient {
  constexpr auto operator()(auto x, auto t) const {
    return gradient([](auto a, auto b) { return sum(softmax(a, axis<1>) * b); })(x, t);
  }
};

/// A hundred small steps, each of which needs the one before.
struct SmallSteps {
  constexpr auto operator()(auto x) const {
    for (int i = 0; i < 50; ++i) x = x * (1 + sum(x) * 1e-9F);
    return x;
  }
};

Tensor<float, Matrix, Cuda> numbers(std::int64_t rows) {
  Tensor<float, Matrix> host(Extents<2>{rows, columns});
  RandomStream(1).fill_uniform(host.span(), 0, -1, 1);
  return Tensor<float, Matrix, Cuda>(host.view());
}

template <class F>
void reduce(benchmark::State& state) {
  Cuda device;
  const auto x = numbers(state.range(0));
  auto program = compile(device, F{}, matrix);
  measure(state, device, 4.0 * static_cast<double>(x.size()), 0, [&] { program(x); });
}
void softmax_forward(benchmark::State& state) {
  Cuda device;
  const auto x = numbers(state.range(0));
  auto program = compile(device, Softmax{}, matrix);
  measure(state, device, 8.0 * static_cast<double>(x.size()), 0, [&] { program(x); });
}
void softmax_gradient(benchmark::State& state) {
  Cuda device;
  const auto x = numbers(state.range(0));
  const auto t = numbers(state.range(0));
  auto program = compile(device, SoftmaxGradient{}, matrix, matrix);
  measure(state, device, 12.0 * static_cast<double>(x.size()), 0, [&] { program(x, t); });
}

/// What a replayed step takes when it has next to nothing to do: the counter "seconds_per_step".
void small_steps(benchmark::State& state) {
  Cuda device;
  const auto x = numbers(1);
  auto program = compile(device, SmallSteps{}, matrix);
  constexpr int steps = decltype(program)::Stages::view().step_count;
  measure(state, device, 0, 0, [&] { program(x); });
  state.counters["steps"] = steps;
  state.counters["seconds_per_step"] =
      benchmark::Counter(steps, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void sizes(benchmark::internal::Benchmark* bench) { bench->Arg(1 << 14)->Arg(1 << 17)->UseManualTime(); }

BENCHMARK(reduce<Everything>)->Name("sum_of_everything")->Apply(sizes);
BENCHMARK(reduce<Rows>)->Name("sums_of_rows")->Apply(sizes);
BENCHMARK(reduce<Columns>)->Name("sums_of_columns")->Apply(sizes);
BENCHMARK(small_steps)->UseManualTime();
BENCHMARK(softmax_forward)->Apply(sizes);
BENCHMARK(softmax_gradient)->Apply(sizes);

}  // namespace

CTGRAD_GPU_BENCH_MAIN()
