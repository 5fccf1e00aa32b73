// SPDX-License-Identifier: BSL-1.0
/// \file
/// The training step of the MNIST example: 784-128-10, Adam.
#if defined(FOR_GPU)
#include <ctgrad/cuda.hpp>
using Device = ctgrad::Cuda;
#else
#include <ctgrad/ctgrad.hpp>
using Device = ctgrad::Cpu;
#endif

struct Mlp {
  ctgrad::nn::Linear<128> hidden;
  ctgrad::nn::Dropout dropout{0.2};
  ctgrad::nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const { return output(dropout(relu(hidden(x)))); }
};

int main() {
  using namespace ctgrad;
  auto loss = [](const auto& model, auto image, auto label) { return cross_entropy(model(image), label); };
  auto trainer = make_trainer<Device>(Mlp{}, loss, optim::Adam{}, spec<float, batch, 784>, spec<std::int64_t, batch>);
  Tensor<float, Shape<batch, 784>> image({8, 784});
  Tensor<std::int64_t, Shape<batch>> label(Extents<1>{8});
  return trainer.step(image, label) > 0 ? 0 : 1;
}
