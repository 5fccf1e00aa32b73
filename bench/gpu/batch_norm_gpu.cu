// SPDX-License-Identifier: BSL-1.0
/// \file
/// Batch normalisations of ResNet-50 at batch 16, in training: forward and reverse, alone and with the relu that
/// follows, as our own loops and by cuDNN called directly; then training steps of residual blocks on Cuda, which
/// normalises in its own loops, and on CudaDnn. docs/gpu.md counts what both read and write.
#include "gpu_bench.hpp"

namespace {

using namespace gpu_bench;

struct Forward {
  constexpr auto operator()(auto x, auto w, auto b) const {
    const auto [mean, variance] = batch_statistics(x);
    return std::tuple{batch_norm(x, mean, variance, w, b), mean, variance};
  }
};
struct ForwardRelu {
  constexpr auto operator()(auto x, auto w, auto b) const {
    const auto [y, mean, variance] = Forward{}(x, w, b);
    return std::tuple{relu(y), mean, variance};
  }
};

/// What reverse mode makes of a batch normalisation whose adjoint t is known: two passes.
constexpr auto reverse(const auto& x, const auto& mean, const auto& variance, const auto& w, const auto& t) {
  using X = typename std::remove_cvref_t<decltype(x)>::shape_type;
  constexpr int channels = X::value[1];
  constexpr double count = static_cast<double>(X::value.size() / channels);
  const auto wide = [](const auto& number) { return reshape(number, shape<channels, 1, 1>); };
  const auto scale = 1 / sqrt(variance + 1e-5);
  const auto normal = (x - wide(mean)) * wide(scale);
  const auto by_bias = sum(t, axis<0, 2, 3>);
  const auto by_weight = sum(t * normal, axis<0, 2, 3>);
  return std::tuple{(t - wide(by_bias / count) - normal * wide(by_weight / count)) * wide(w * scale), by_weight,
                    by_bias};
}
struct Reverse {
  constexpr auto operator()(auto x, auto mean, auto variance, auto w, auto, auto t) const {
    return reverse(x, mean, variance, w, t);
  }
};
/// With the relu's result y, which a network has stored anyway.
struct ReverseRelu {
  constexpr auto operator()(auto x, auto mean, auto variance, auto w, auto y, auto t) const {
    return reverse(x, mean, variance, w, where(y > 0, t, 0));
  }
};
struct Relu {
  constexpr auto operator()(auto x) const { return relu(x); }
};
struct RelusReverse {
  constexpr auto operator()(auto y, auto t) const { return where(y > 0, t, 0); }
};

template <class S>
Tensor<float, S, Cuda> numbers(double least = -1) {
  const auto host = Tensor<float, S>::uniform(1, least, 1);
  return Tensor<float, S, Cuda>(host.view());
}

constexpr int images_of_batch = 16;

template <int Channels, int Length>
struct Layer {
  static constexpr int images = images_of_batch;
  using X = Shape<images, Channels, Length, Length>;
  using C = Shape<Channels>;
  static constexpr double bytes = 4.0 * images * Channels * Length * Length;
};

/// The least that forward (x twice, y) and reverse (x and t twice, the adjoint of x) move.
template <class L>
double least_bytes(bool is_reverse) {
  return (is_reverse ? 5 : 3) * L::bytes;
}

template <int Channels, int Length>
void own(benchmark::State& state) {
  using L = Layer<Channels, Length>;
  using X = typename L::X;
  using C = typename L::C;
  Cuda device;
  const auto x = numbers<X>();
  const auto y = numbers<X>();
  const auto t = numbers<X>();
  const auto w = numbers<C>();
  const auto b = numbers<C>();
  const auto mean = numbers<C>();
  const auto variance = numbers<C>(0.5);
  auto forward = [&](auto f) {
    auto program = compile(device, f, Spec<float, X>{}, Spec<float, C>{}, Spec<float, C>{});
    measure(state, device, least_bytes<L>(false), 0, [&] { program(x, w, b); });
  };
  auto backward = [&](auto f) {
    auto program = compile(device, f, Spec<float, X>{}, Spec<float, C>{}, Spec<float, C>{}, Spec<float, C>{},
                           Spec<float, X>{}, Spec<float, X>{});
    measure(state, device, least_bytes<L>(true), 0, [&] { program(x, mean, variance, w, y, t); });
  };
  switch (state.range(0)) {
    case 0:
      return forward(Forward{});
    case 1:
      return backward(Reverse{});
    case 2:
      return forward(ForwardRelu{});
    default:
      return backward(ReverseRelu{});
  }
}

/// The same by calls of cuDNN, with loops of our own for relu.
template <int Channels, int Length>
void direct([[maybe_unused]] benchmark::State& state) {
#if defined(CTGRAD_HAS_CUDNN)
  using L = Layer<Channels, Length>;
  using X = typename L::X;
  using C = typename L::C;
  Cuda device;
  const cudnnHandle_t handle = device.context().cudnn().handle();
  auto x = numbers<X>();
  auto y = numbers<X>();
  auto adjoint_of_x = numbers<X>();
  auto t = numbers<X>();
  auto w = numbers<C>();
  auto b = numbers<C>();
  auto mean = numbers<C>();
  auto scale = numbers<C>(0.5);
  auto running_mean = numbers<C>();
  auto running_variance = numbers<C>(0.5);
  cuda::DnnTensor images, channels;
  cuda::check(
      cudnnSetTensor4dDescriptor(images, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, L::images, Channels, Length, Length),
      "cudnnSetTensor4dDescriptor");
  cuda::check(cudnnDeriveBNTensorDescriptor(channels, images, CUDNN_BATCHNORM_SPATIAL),
              "cudnnDeriveBNTensorDescriptor");
  const float one = 1;
  const float zero = 0;
  auto forward = [&] {
    cuda::check(
        cudnnBatchNormalizationForwardTraining(handle, CUDNN_BATCHNORM_SPATIAL, &one, &zero, images, x.data(), images,
                                               y.data(), channels, w.data(), b.data(), 0.1, running_mean.data(),
                                               running_variance.data(), 1e-5, mean.data(), scale.data()),
        "cudnnBatchNormalizationForwardTraining");
  };
  auto backward = [&](const float* adjoint) {
    cuda::check(
        cudnnBatchNormalizationBackward(handle, CUDNN_BATCHNORM_SPATIAL, &one, &zero, &one, &zero, images, x.data(),
                                        images, adjoint, images, adjoint_of_x.data(), channels, w.data(),
                                        running_mean.data(), running_variance.data(), 1e-5, mean.data(), scale.data()),
        "cudnnBatchNormalizationBackward");
  };
  auto relu = compile(device, Relu{}, Spec<float, X>{});
  auto mask = compile(device, RelusReverse{}, Spec<float, X>{}, Spec<float, X>{});
  const double bytes = least_bytes<L>(state.range(0) % 2 == 1);
  switch (state.range(0)) {
    case 0:
      return measure(state, device, bytes, 0, forward);
    case 1:
      return measure(state, device, bytes, 0, [&] { backward(t.data()); });
    case 2:
      return measure(state, device, bytes, 0, [&] {
        forward();
        relu(y);
      });
    default:
      return measure(state, device, bytes, 0, [&] { backward(mask(y, t).data()); });
  }
#else
  state.SkipWithError("built without cuDNN");
#endif
}

/// Two convolutions, each with its norm, and a shortcut.
template <int Channels>
struct Block {
  nn::Conv2dNoBias<Channels, KernelSize<3>, Padding<1>> first;
  nn::BatchNorm2d norm;
  nn::Conv2dNoBias<Channels, KernelSize<3>, Padding<1>> second;
  nn::BatchNorm2d other_norm;
  constexpr auto operator()(const auto& x) const { return relu(other_norm(second(relu(norm(first(x))))) + x); }
};
struct MeanSquare {
  constexpr auto operator()(const auto& model, auto x) const { return mean(square(model(x))); }
};

template <class Device, int Channels, int Length>
void block_step(benchmark::State& state) {
  using X = Shape<images_of_batch, Channels, Length, Length>;
  Device device;
  const auto x = numbers<X>();
  auto trainer =
      make_trainer(device, Block<Channels>{}, MeanSquare{}, optim::Sgd{.learning_rate = 1e-3}, Spec<float, X>{});
  measure(state, device, 0, 0, [&] { trainer.step(x); });
}

// 0: forward, 1: reverse, 2: forward with relu, 3: reverse with relu.
void kinds(benchmark::internal::Benchmark* bench) { bench->DenseRange(0, 3)->UseManualTime(); }

#define LAYER(name, ...)                                         \
  BENCHMARK(own<__VA_ARGS__>)->Name(name "_cuda")->Apply(kinds); \
  BENCHMARK(direct<__VA_ARGS__>)->Name(name "_cudnn")->Apply(kinds)

// Channels, height and width.
LAYER("resnet_bn1", 64, 112);
LAYER("resnet_bn2", 256, 56);
LAYER("resnet_bn3", 512, 28);
LAYER("resnet_bn5", 2048, 7);

#define BLOCK(name, ...)                                                         \
  BENCHMARK(block_step<Cuda, __VA_ARGS__>)->Name(name "_cuda")->UseManualTime(); \
  BENCHMARK(block_step<CudaDnn, __VA_ARGS__>)->Name(name "_cuda_dnn")->UseManualTime()

BLOCK("residual_block1", 64, 56);
BLOCK("residual_block4", 512, 7);

}  // namespace

CTGRAD_GPU_BENCH_MAIN()
