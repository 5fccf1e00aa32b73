// SPDX-License-Identifier: BSL-1.0
/// \file
/// The training step of a residual network of BLOCKS blocks: what compile time must stay near-linear in.
#if defined(FOR_GPU)
#include <ctgrad/cuda.hpp>
using Device = ctgrad::Cuda;
#else
#include <ctgrad/ctgrad.hpp>
using Device = ctgrad::Cpu;
#endif

#ifndef BLOCKS
#define BLOCKS 16
#endif

struct Block {
  ctgrad::nn::Linear<64> first;
  ctgrad::nn::Linear<64> second;
  constexpr auto operator()(const auto& x) const { return x + second(tanh(first(x))); }
};

struct Network {
  ctgrad::nn::Linear<64> input;
  std::array<Block, BLOCKS> blocks;
  ctgrad::nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const {
    auto h = tanh(input(x));
    for (const Block& block : blocks) h = block(h);
    return output(h);
  }
};

int main() {
  using namespace ctgrad;
  auto loss = [](const auto& model, auto x, auto label) { return cross_entropy(model(x), label); };
  auto trainer = make_trainer<Device>(Network{}, loss, optim::Sgd{}, spec<float, batch, 64>, spec<std::int64_t, batch>);
  Tensor<float, Shape<batch, 64>> x({8, 64});
  Tensor<std::int64_t, Shape<batch>> label(Extents<1>{8});
  return trainer.step(x, label) > 0 ? 0 : 1;
}
