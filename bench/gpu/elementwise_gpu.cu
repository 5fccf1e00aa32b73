// SPDX-License-Identifier: BSL-1.0
/// \file
/// Fused elementwise loops of 1 to 8 operands and 1 to 3 results, against the GPU's own copy; and the chain of six
/// operations with its gradient.
#include "gpu_bench.hpp"

namespace {

using namespace gpu_bench;
using Numbers = Shape<batch>;

struct Scale {
  constexpr auto operator()(auto a) const { return a * 2 + 1; }
};
struct Pair {
  constexpr auto operator()(auto a, auto b) const { return a * b + a; }
};
struct FourToTwo {
  constexpr auto operator()(auto a, auto b, auto c, auto d) const { return std::tuple{a * b + c * d, a - d}; }
};
struct EightToThree {
  constexpr auto operator()(auto a, auto b, auto c, auto d, auto e, auto f, auto g, auto h) const {
    return std::tuple{a * b + c * d, e * f + g * h, a - h};
  }
};
struct ChainWithGradient {
  constexpr auto operator()(auto x) const {
    return value_and_grad([](auto v) { return sum(tanh(v * 2 + 1) * exp(-v * v)); })(x);
  }
};

Tensor<float, Numbers, Cuda> numbers(std::int64_t size) {
  Tensor<float, Numbers> host(Extents<1>{size});
  RandomStream(1).fill_uniform(host.span(), 0, -1, 1);
  return Tensor<float, Numbers, Cuda>(host.view());
}

void copy(benchmark::State& state) {
  Cuda device;
  const auto from = numbers(state.range(0));
  const Tensor<float, Numbers, Cuda> to(Extents<1>{state.range(0)});
  const auto bytes = static_cast<std::size_t>(state.range(0)) * sizeof(float);
  measure(state, device, 2.0 * static_cast<double>(bytes), 0, [&] {
    cuda::check(cudaMemcpyAsync(to.data(), from.data(), bytes, cudaMemcpyDeviceToDevice, device.context().stream()),
                "cudaMemcpyAsync");
  });
}

template <class F, int Results, std::size_t... I>
void fused(benchmark::State& state, std::index_sequence<I...>) {
  Cuda device;
  const Tensor<float, Numbers, Cuda> operands[] = {(static_cast<void>(I), numbers(state.range(0)))...};
  auto program = compile(device, F{}, (static_cast<void>(I), spec<float, batch>)...);
  const double bytes = 4.0 * static_cast<double>(state.range(0)) * (sizeof...(I) + Results);
  measure(state, device, bytes, 0, [&] { program(operands[I]...); });
}
template <class F, int Operands, int Results>
void fused(benchmark::State& state) {
  fused<F, Results>(state, std::make_index_sequence<Operands>{});
}

// 16 and 256 million floats.
void sizes(benchmark::internal::Benchmark* bench) { bench->Arg(1 << 24)->Arg(1 << 28)->UseManualTime(); }

BENCHMARK(copy)->Apply(sizes);
BENCHMARK(fused<Scale, 1, 1>)->Name("one_operand_one_result")->Apply(sizes);
BENCHMARK(fused<Pair, 2, 1>)->Name("two_operands_one_result")->Apply(sizes);
BENCHMARK(fused<FourToTwo, 4, 2>)->Name("four_operands_two_results")->Apply(sizes);
BENCHMARK(fused<EightToThree, 8, 3>)->Name("eight_operands_three_results")->Apply(sizes);
BENCHMARK(fused<ChainWithGradient, 1, 1>)->Name("chain_with_gradient")->Apply(sizes);

}  // namespace

CTGRAD_GPU_BENCH_MAIN()
