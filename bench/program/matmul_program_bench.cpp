// SPDX-License-Identifier: BSL-1.0
/// \file
/// A matrix product through a compiled program, and the same by a direct call of the BLAS. Microseconds.
#include <ctgrad/ctgrad.hpp>

#include <vector>

#include "contest.hpp"
#include "products.hpp"

namespace {

using namespace ctgrad;

template <std::int64_t N>
void matmul_program(benchmark::State& state) {
  const auto a = Tensor<float, Shape<N, N>>::uniform(1);
  const auto b = Tensor<float, Shape<N, N>>::uniform(2);
  std::vector<float> c(static_cast<std::size_t>(N * N));
  auto program = compile<Cpu>([](auto x, auto y) { return matmul(x, y); }, spec<float, N, N>, spec<float, N, N>);
  Products multiply;
  multiply({N, N, N, false, false}, a.data(), b.data(), c.data());
  if (!contest::agree(state, program(a, b).data()[N + 1], c[static_cast<std::size_t>(N + 1)])) return;
  contest::Contest contest;
  contest.add("program", [&] { benchmark::DoNotOptimize(program(a, b).data()); });
  contest.add("blas", [&] { multiply({N, N, N, false, false}, a.data(), b.data(), c.data()); });
  contest.hold(state);
  state.counters["program_GFLOP/s"] = 2e-3 * static_cast<double>(N * N * N) / state.counters["program"];
}
BENCHMARK(matmul_program<64>)->UseRealTime();
BENCHMARK(matmul_program<128>)->UseRealTime();
BENCHMARK(matmul_program<256>)->UseRealTime();
BENCHMARK(matmul_program<512>)->UseRealTime();
BENCHMARK(matmul_program<1024>)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
