// SPDX-License-Identifier: BSL-1.0
/// \file
/// Training steps on the GPU and, for comparison, on the CPU: two-layer net, MLP, residual MLP, LeNet-5.
#include "gpu_bench.hpp"

namespace {

using namespace gpu_bench;

struct TwoLayer {
  nn::LinearNoBias<100> first;
  nn::LinearNoBias<10> second;
  constexpr auto operator()(const auto& x) const { return second(relu(first(x))); }
};
struct Mlp {
  nn::Linear<128> hidden;
  nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const { return output(relu(hidden(x))); }
};
struct Block {
  nn::Linear<256> first;
  nn::Linear<256> second;
  constexpr auto operator()(const auto& x) const { return x + second(tanh(first(x))); }
};
struct Residual {
  nn::Linear<256> input;
  std::array<Block, 8> blocks;
  nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const {
    auto h = tanh(input(x));
    for (const Block& block : blocks) h = block(h);
    return output(h);
  }
};
struct LeNet {
  nn::Conv2d<6, KernelSize<5>, Padding<2>> conv1;
  nn::Conv2d<16, KernelSize<5>> conv2;
  nn::Linear<120> fc1;
  nn::Linear<84> fc2;
  nn::Linear<10> fc3;
  constexpr auto operator()(const auto& x) const {
    const auto a = max_pool2d(relu(conv1(reshape(x, Shape<batch, 1, 28, 28>{}))), kernel_size<2>);
    const auto b = max_pool2d(relu(conv2(a)), kernel_size<2>);
    return fc3(relu(fc2(relu(fc1(flatten<1>(b))))));
  }
};
struct Entropy {
  constexpr auto operator()(const auto& model, auto x, auto y) const { return cross_entropy(model(x), y); }
};

template <class Device, class Model, int Inputs>
void step(benchmark::State& state) {
  const std::int64_t size = state.range(0);
  auto trainer = make_trainer<Device>(Model{}, Entropy{}, optim::Sgd{.learning_rate = 1e-3}, spec<float, batch, Inputs>,
                                      spec<std::int64_t, batch>);
  Tensor<float, Shape<batch, Inputs>> x(Extents<2>{size, Inputs});
  RandomStream(1).fill_uniform(x.span(), 0, -1, 1);
  Tensor<std::int64_t, Shape<batch>> y(Extents<1>{size});
  for (std::int64_t i = 0; i < size; ++i) y(i) = i % 10;
  const auto placed_x = place<Device>(x);
  const auto placed_y = place<Device>(y);
  Device device;
  measure(state, device, 0, 0, [&] { trainer.step(placed_x, placed_y); });
}

void on_gpu(benchmark::internal::Benchmark* bench) { bench->Arg(1)->Arg(64)->Arg(1024)->UseManualTime(); }
void on_cpu(benchmark::internal::Benchmark* bench) { bench->Arg(1)->Arg(64)->Arg(1024)->UseRealTime(); }

BENCHMARK(step<Cuda, TwoLayer, 1000>)->Name("two_layer_cuda")->Apply(on_gpu);
BENCHMARK(step<Cpu, TwoLayer, 1000>)->Name("two_layer_cpu")->Apply(on_cpu);
BENCHMARK(step<Cuda, Mlp, 784>)->Name("mlp_cuda")->Apply(on_gpu);
BENCHMARK(step<Cpu, Mlp, 784>)->Name("mlp_cpu")->Apply(on_cpu);
BENCHMARK(step<Cuda, Residual, 256>)->Name("residual_cuda")->Apply(on_gpu);
BENCHMARK(step<Cpu, Residual, 256>)->Name("residual_cpu")->Apply(on_cpu);
BENCHMARK(step<Cuda, LeNet, 784>)->Name("lenet_cuda")->Apply(on_gpu);
BENCHMARK(step<CudaPlain, LeNet, 784>)->Name("lenet_cuda_plain")->Apply(on_gpu);
BENCHMARK(step<Cpu, LeNet, 784>)->Name("lenet_cpu")->Apply(on_cpu);

}  // namespace

CTGRAD_GPU_BENCH_MAIN()
