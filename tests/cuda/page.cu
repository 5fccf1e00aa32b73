// SPDX-License-Identifier: BSL-1.0
/// \file
/// The program of docs/gpu.md. Without a GPU it prints why and succeeds.
#include <cstdio>

#include <ctgrad/cuda.hpp>

using namespace ctgrad;

struct Model {
  nn::Linear<128> hidden;
  nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const { return output(relu(hidden(x))); }
};
struct Loss {
  constexpr auto operator()(const auto& model, auto x, auto y) const { return cross_entropy(model(x), y); }
};

int train() {
  auto trainer = make_trainer<Cuda>(Model{}, Loss{}, optim::Adam{}, spec<float, batch, 784>, spec<std::int64_t, batch>);
  Tensor<float, Shape<batch, 784>> x(Extents<2>{64, 784});
  Tensor<std::int64_t, Shape<batch>> y(Extents<1>{64});
  for (int step = 0; step < 1000; ++step) {
    const auto loss = trainer.step(x, y);                                          // returns before the GPU is done
    if (step % 100 == 0) std::printf("%d: %g\n", step, static_cast<float>(loss));  // waits for this step
  }
  return 0;
}

int main() {
  try {
    return train();
  } catch (const Error& error) {
    std::puts(error.what());
    int count = 0;
    return cudaGetDeviceCount(&count) == cudaSuccess && count > 0 ? 1 : 0;
  }
}
