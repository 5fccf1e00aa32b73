// SPDX-License-Identifier: BSL-1.0
/// \file
/// Poolings of VGG-16 and ResNet-50 at batch 16, forward and their adjoints: our own loops, and cuDNN where it has
/// them.
#include "gpu_bench.hpp"

namespace {

using namespace gpu_bench;

template <int Kernel, int Stride_, int Padding_>
struct Max {
  constexpr auto operator()(auto x) const {
    return max_pool2d(x, kernel_size<Kernel>, stride<Stride_>, padding<Padding_>);
  }
};
template <int Kernel, int Stride_, int Padding_>
struct Average {
  constexpr auto operator()(auto x) const {
    return avg_pool2d(x, kernel_size<Kernel>, stride<Stride_>, padding<Padding_>);
  }
};
template <class Pooling>
struct Adjoint {
  constexpr auto operator()(auto x, auto t) const {
    return gradient([](auto a, auto b) { return sum(Pooling{}(a)*b); }, wrt<0>)(x, t);
  }
};

template <class S>
Tensor<float, S, Cuda> numbers() {
  const auto host = Tensor<float, S>::uniform(1, -1, 1);
  return Tensor<float, S, Cuda>(host.view());
}

template <class Device, int Channels, int Length, int Kernel, int Stride_, int Padding_>
void layer(benchmark::State& state) {
  constexpr int images = 16;
  constexpr int result = (Length + 2 * Padding_ - Kernel) / Stride_ + 1;
  using X = Shape<images, Channels, Length, Length>;
  using Y = Shape<images, Channels, result, result>;
  Device device;
  const auto x = numbers<X>();
  const auto t = numbers<Y>();
  const double once = 4.0 * (x.size() + t.size());
  auto forward = [&](auto pooling) {
    auto program = compile(device, pooling, Spec<float, X>{});
    measure(state, device, once, 0, [&] { program(x); });
  };
  // The adjoint of a maximum reads x too.
  auto adjoint = [&](auto pooling, double bytes) {
    auto program = compile(device, Adjoint<decltype(pooling)>{}, Spec<float, X>{}, Spec<float, Y>{});
    measure(state, device, bytes, 0, [&] { program(x, t); });
  };
  switch (state.range(0)) {
    case 0:
      return forward(Max<Kernel, Stride_, Padding_>{});
    case 1:
      return adjoint(Max<Kernel, Stride_, Padding_>{}, once + 4.0 * x.size());
    case 2:
      return forward(Average<Kernel, Stride_, Padding_>{});
    default:
      return adjoint(Average<Kernel, Stride_, Padding_>{}, once);
  }
}

// 0: maximum, 1: its adjoint, 2: average, 3: its adjoint.
void kinds(benchmark::internal::Benchmark* bench) { bench->DenseRange(0, 3)->UseManualTime(); }

#define LAYER(name, ...)                                                            \
  BENCHMARK(layer<CudaPlain, __VA_ARGS__>)->Name(name "_cuda_plain")->Apply(kinds); \
  BENCHMARK(layer<CudaDnn, __VA_ARGS__>)->Name(name "_cuda_dnn")->Apply(kinds)

// Channels, height and width, kernel, stride, padding.
LAYER("vgg_pool1", 64, 224, 2, 2, 0);
LAYER("vgg_pool5", 512, 14, 2, 2, 0);
LAYER("resnet_pool1", 64, 112, 3, 2, 1);
LAYER("resnet_pool5", 2048, 7, 7, 7, 0);

}  // namespace

CTGRAD_GPU_BENCH_MAIN()
