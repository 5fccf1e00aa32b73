// SPDX-License-Identifier: BSL-1.0
/// \file
/// One benchmark for each family of operations, forward and backward, on the GPU and on the CPU: the table of the
/// lecture's first chart (GPU against CPU), and with CudaPlain that of its second (with cuDNN and without).
#include "gpu_bench.hpp"

namespace {

using namespace gpu_bench;

// 16 million floats.
using Numbers = Shape<1 << 24>;
using Matrix = Shape<4096, 4096>;
using Logits = Shape<16384, 1000>;
using Square = Shape<2048, 2048>;
// Layers of ResNet-50 and VGG-16 at batch 16.
using Images = Shape<16, 128, 28, 28>;
using Weights = Shape<128, 128, 3, 3>;
using LargeImages = Shape<16, 64, 112, 112>;
using Normed = Shape<16, 64, 56, 56>;
using Channels = Shape<64>;
using Table = Shape<100000, 128>;
using Index = Shape<65536>;

struct Elementwise {
  constexpr auto operator()(auto a, auto b, auto c) const { return tanh(a * b + c); }
};
struct Reduction {
  constexpr auto operator()(auto x) const { return sum(square(x), axis<1>); }
};
struct Softmax {
  constexpr auto operator()(auto x) const { return softmax(x, axis<1>); }
};
struct MatMul {
  constexpr auto operator()(auto a, auto b) const { return matmul(a, b); }
};
struct Convolution {
  constexpr auto operator()(auto x, auto w) const { return conv2d(x, w, padding<1>); }
};
struct MaxPooling {
  constexpr auto operator()(auto x) const { return max_pool2d(x, kernel_size<2>); }
};
struct AvgPooling {
  constexpr auto operator()(auto x) const { return avg_pool2d(x, kernel_size<2>); }
};
struct BatchNorm {
  constexpr auto operator()(auto x, auto weight, auto bias) const {
    const auto [mean, variance] = batch_statistics(x);
    return batch_norm(x, mean, variance, weight, bias);
  }
};
struct Gather {
  constexpr auto operator()(auto table, auto index) const { return take(table, index); }
};

/// The adjoints of the operands numbered `By`, for a given adjoint of the result.
template <class F>
struct Weighted {
  constexpr auto operator()(auto t, auto... x) const { return sum(F{}(x...) * t); }
};
template <class F, int... By>
struct Backward {
  constexpr auto operator()(auto t, auto... x) const { return gradient(Weighted<F>{}, wrt<(By + 1)...>)(t, x...); }
};

/// Random numbers, or indices of a Table.
template <class Device, class T, class S>
auto operand(Spec<T, S>) {
  Tensor<T, S> host;
  if constexpr (std::is_floating_point_v<T>) {
    RandomStream(1).fill_uniform(host.span(), 0, -1, 1);
  } else {
    for (std::int64_t i = 0; i < host.size(); ++i) host.data()[i] = static_cast<T>(i * 7919 % 100000);
  }
  return place<Device>(std::move(host));
}

template <class Device, class F, class... Specs>
void run(benchmark::State& state, const F& f, Specs... specs) {
  Device device;
  auto program = compile(device, f, specs...);
  const std::tuple operands{operand<Device>(specs)...};
  measure(state, device, 0, 0, [&] { std::apply([&](const auto&... x) { program(x...); }, operands); });
}

template <class F, class Operands, class By>
struct Family;
template <class F, class... Specs, int... By>
struct Family<F, std::tuple<Specs...>, std::integer_sequence<int, By...>> {
  using Result = decltype(F{}(std::declval<Symbol<typename Specs::element_type, typename Specs::shape_type>>()...));
  template <class Device>
  static void measure_on(benchmark::State& state) {
    if (state.range(0) == 0) return run<Device>(state, F{}, Specs{}...);
    run<Device>(state, Backward<F, By...>{}, Spec<float, typename Result::shape_type>{}, Specs{}...);
  }
};

/// A family's operands, differentiated by those numbered `By`.
template <class F, class By, class... Specs>
using Of = Family<F, std::tuple<Specs...>, By>;
template <int... By>
using Wrt = std::integer_sequence<int, By...>;
template <class S>
using Floats = Spec<float, S>;

// 0: forward, 1: backward.
void on_gpu(benchmark::internal::Benchmark* bench) { bench->Arg(0)->Arg(1)->UseManualTime(); }
void on_cpu(benchmark::internal::Benchmark* bench) { bench->Arg(0)->Arg(1)->UseRealTime(); }

template <class Device, class F>
void family(benchmark::State& state) {
  F::template measure_on<Device>(state);
}

#define FAMILY(name, ...)                                                     \
  using name##_family = Of<__VA_ARGS__>;                                      \
  BENCHMARK(family<Cuda, name##_family>)->Name(#name "_cuda")->Apply(on_gpu); \
  BENCHMARK(family<Cpu, name##_family>)->Name(#name "_cpu")->Apply(on_cpu)

FAMILY(elementwise, Elementwise, Wrt<0, 1, 2>, Floats<Numbers>, Floats<Numbers>, Floats<Numbers>);
FAMILY(reduction, Reduction, Wrt<0>, Floats<Matrix>);
FAMILY(softmax, Softmax, Wrt<0>, Floats<Logits>);
FAMILY(matmul, MatMul, Wrt<0, 1>, Floats<Square>, Floats<Square>);
FAMILY(convolution, Convolution, Wrt<0, 1>, Floats<Images>, Floats<Weights>);
FAMILY(max_pooling, MaxPooling, Wrt<0>, Floats<LargeImages>);
FAMILY(avg_pooling, AvgPooling, Wrt<0>, Floats<LargeImages>);
FAMILY(batch_norm, BatchNorm, Wrt<0, 1, 2>, Floats<Normed>, Floats<Channels>, Floats<Channels>);
FAMILY(gather, Gather, Wrt<0>, Floats<Table>, Spec<std::int64_t, Index>);
BENCHMARK(family<CudaPlain, convolution_family>)->Name("convolution_cuda_plain")->Apply(on_gpu);

}  // namespace

CTGRAD_GPU_BENCH_MAIN()
