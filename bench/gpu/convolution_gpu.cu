// SPDX-License-Identifier: BSL-1.0
/// \file
/// Convolution layers of VGG-16 and ResNet-50 at batch 16: forward, by the input and by the weights, with cuDNN and
/// without.
#include "gpu_bench.hpp"

namespace {

using namespace gpu_bench;

template <int Stride_, int Padding_>
struct Layer {
  constexpr auto operator()(auto x, auto w) const { return conv2d(x, w, stride<Stride_>, padding<Padding_>); }
};
/// The gradient by the input (0) or the weights (1).
template <int Stride_, int Padding_, int By>
struct LayerGradient {
  constexpr auto operator()(auto x, auto w, auto t) const {
    return gradient([](auto a, auto b, auto c) { return sum(conv2d(a, b, stride<Stride_>, padding<Padding_>) * c); },
                    wrt<By>)(x, w, t);
  }
};

template <class S>
Tensor<float, S, Cuda> numbers() {
  const auto host = Tensor<float, S>::uniform(1, -1, 1);
  return Tensor<float, S, Cuda>(host.view());
}

template <class Device, int In, int Out, int Length, int Kernel, int Stride_>
void layer(benchmark::State& state) {
  constexpr int images = 16;
  constexpr int padded = Kernel / 2;
  constexpr int result = (Length + 2 * padded - Kernel) / Stride_ + 1;
  using X = Shape<images, In, Length, Length>;
  using W = Shape<Out, In, Kernel, Kernel>;
  using Y = Shape<images, Out, result, result>;
  Device device;
  const auto x = numbers<X>();
  const auto w = numbers<W>();
  const auto t = numbers<Y>();
  const double operations = 2.0 * images * Out * result * result * In * Kernel * Kernel;
  if (state.range(0) == 0) {
    auto program = compile(device, Layer<Stride_, padded>{}, Spec<float, X>{}, Spec<float, W>{});
    measure(state, device, 0, operations, [&] { program(x, w); });
  } else if (state.range(0) == 1) {
    auto program =
        compile(device, LayerGradient<Stride_, padded, 0>{}, Spec<float, X>{}, Spec<float, W>{}, Spec<float, Y>{});
    measure(state, device, 0, operations, [&] { program(x, w, t); });
  } else {
    auto program =
        compile(device, LayerGradient<Stride_, padded, 1>{}, Spec<float, X>{}, Spec<float, W>{}, Spec<float, Y>{});
    measure(state, device, 0, operations, [&] { program(x, w, t); });
  }
}

/// The same by calls of cuDNN, without a program around them.
template <int In, int Out, int Length, int Kernel, int Stride_>
void direct([[maybe_unused]] benchmark::State& state) {
#if defined(CTGRAD_HAS_CUDNN)
  constexpr int images = 16;
  constexpr int padded = Kernel / 2;
  constexpr int result = (Length + 2 * padded - Kernel) / Stride_ + 1;
  Cuda device;
  const auto x = numbers<Shape<images, In, Length, Length>>();
  const auto w = numbers<Shape<Out, In, Kernel, Kernel>>();
  const auto y = numbers<Shape<images, Out, result, result>>();
  const int strides[2] = {Stride_, Stride_};
  const int paddings[2] = {padded, padded};
  const int ones[2] = {1, 1};
  const ConvolutionShape shape({4, {images, In, Length, Length}}, {4, {Out, In, Kernel, Kernel}},
                               {4, {images, Out, result, result}},
                               ops::WindowAttribute::make(strides, paddings, ones, 1));
  cuda::Context& context = device.context();
  auto scratch = [&](std::size_t bytes) { return context.scratch(bytes); };
  const double operations = 2.0 * images * Out * result * result * In * Kernel * Kernel;
  measure(state, device, 0, operations, [&] {
    if (state.range(0) == 0) {
      context.cudnn().convolve<StepKind::conv2d>(shape, x.data(), w.data(), y.data(), false, scratch);
    } else if (state.range(0) == 1) {
      context.cudnn().convolve<StepKind::conv2d_input_gradient>(shape, y.data(), w.data(), x.data(), false, scratch);
    } else {
      context.cudnn().convolve<StepKind::conv2d_weight_gradient>(shape, x.data(), y.data(), w.data(), false, scratch);
    }
  });
#else
  state.SkipWithError("built without cuDNN");
#endif
}

// 0: forward, 1: by the input, 2: by the weights.
void kinds(benchmark::internal::Benchmark* bench) { bench->Arg(0)->Arg(1)->Arg(2)->UseManualTime(); }

#define LAYER(name, ...)                                                            \
  BENCHMARK(layer<Cuda, __VA_ARGS__>)->Name(name "_cuda")->Apply(kinds);            \
  BENCHMARK(layer<CudaPlain, __VA_ARGS__>)->Name(name "_cuda_plain")->Apply(kinds); \
  BENCHMARK(direct<__VA_ARGS__>)->Name(name "_cudnn")->Apply(kinds)

// Input channels, output channels, height and width, kernel, stride.
LAYER("vgg_conv1_2", 64, 64, 224, 3, 1);
LAYER("vgg_conv3_2", 256, 256, 56, 3, 1);
LAYER("vgg_conv5_1", 512, 512, 14, 3, 1);
LAYER("resnet_conv1", 3, 64, 224, 7, 2);
LAYER("resnet_conv2_1", 64, 64, 56, 1, 1);
LAYER("resnet_conv3_2", 128, 128, 28, 3, 1);
LAYER("resnet_conv5_3", 512, 2048, 7, 1, 1);

}  // namespace

CTGRAD_GPU_BENCH_MAIN()
