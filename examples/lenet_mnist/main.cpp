// SPDX-License-Identifier: BSL-1.0
/// \file
/// Trains LeNet-5, a small convolutional network, to read digits: the whole step is compiled by the C++ compiler.
/// `lenet_mnist` reads 98.7 % of 2,000 test digits right, `lenet_mnist --data DIR` with the full set 99.35 % of 10,000.
#include <ctgrad/ctgrad.hpp>
#if defined(LENET_CUDA)
#include <ctgrad/cuda.hpp>
#endif
#include <ctgrad/data/batcher.hpp>
#include <ctgrad/nn/checkpoint.hpp>
#include <ctgrad/train/progress.hpp>

#include <cmath>

#include "digits.hpp"
#include "lenet.hpp"
#include "options.hpp"

using namespace ctgrad;

using Image = TensorView<const float, Shape<batch, 1, 28, 28>>;
using Label = TensorView<const std::int64_t, Shape<batch>>;

Image view(std::span<const float> pixels) {
  return Image(pixels.data(), {static_cast<std::int64_t>(pixels.size() / 784), 1, 28, 28});
}

double accuracy(auto& predictor, const Digits& digits) {
  constexpr std::size_t chunk = 500;
  std::size_t right = 0;
  for (std::size_t first = 0; first < digits.size(); first += chunk) {
    const Digits part = digits.split(first, std::min(chunk, digits.size() - first));
    const auto classes = predictor(view(part.field<0>())).cpu();
    for (std::size_t i = 0; i < part.size(); ++i)
      right += part.field<1>()[i] == classes(static_cast<std::int64_t>(i)) ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(digits.size());
}

template <class Device>
int run(const Options& options) {
  const Mnist mnist = load_mnist(options.data);
  auto make = [&](std::uint64_t seed) { return make_lenet_trainer<Device>(options.learning_rate, seed); };
  auto trainer = make(options.seed);
  auto predictor = trainer.inference(Predict{}, image_spec);

  using Stages = typename decltype(trainer)::Stages;
  std::printf("%zu images to train, %zu to test\n", mnist.train.size(), mnist.test.size());
  std::printf("the compiler made: %lld parameters, %d nodes, %d steps, %d distinct kernels\n",
              static_cast<long long>(trainer.parameters().size()), Stages::simplified().size, Stages::view().step_count,
              Stages::view().kernel_count);

  Batcher batcher(mnist.train, {.batch_size = options.batch_size, .seed = options.seed});
  Jitter jitter(options.batch_size, options.seed);
  ProgressOptions show;
  show.epochs = options.epochs;
  show.samples_per_epoch = batcher.samples();
  Progress progress(stdout, show);
  for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
    progress.begin_epoch();
    // The step size falls to zero along half a cosine (Loshchilov and Hutter 2017).
    const double done = static_cast<double>(epoch) / static_cast<double>(options.epochs);
    trainer.optimizer.learning_rate = options.learning_rate * 0.5 * (1 + std::cos(3.141592653589793 * done));
    for (const auto part : batcher.epoch(epoch)) {
      const auto size = static_cast<std::int64_t>(part.size());
      const auto [mean_loss, right] =
          trainer.step(view(jitter(part.template get<0>())), Label(part.template get<1>().data(), {size}));
      progress.step(part.size(), static_cast<float>(mean_loss), static_cast<std::size_t>(static_cast<float>(right)));
    }
    char note[64];
    std::snprintf(note, sizeof note, "test accuracy %.2f %%", 100 * accuracy(predictor, mnist.test));
    progress.end_epoch(note);
  }
  const double final_accuracy = accuracy(predictor, mnist.test);
  std::printf("final accuracy on %zu test images: %.2f %%\n", mnist.test.size(), 100 * final_accuracy);

  nn::save(options.save, trainer.parameters());
  auto reloaded = make(options.seed + 1);
  nn::load(options.save, reloaded.parameters());
  auto reloaded_predictor = reloaded.inference(Predict{}, image_spec);
  if (accuracy(reloaded_predictor, mnist.test) != final_accuracy)
    throw_error("the model read back from '" + options.save + "' does not give the same accuracy");
  std::printf("saved to %s and read back: the same accuracy\n", options.save.c_str());
  return 0;
}

int main(int count, char** arguments) {
  try {
    Options defaults;
    defaults.epochs = 12;
    defaults.learning_rate = 2e-3;
    defaults.save = "lenet_mnist.safetensors";
#if defined(LENET_CUDA)
    defaults.knows_cuda = true;
#endif
    const Options options = parse_options(count, arguments, defaults);
    if (options.help) {
      print_help("lenet_mnist", "trains LeNet-5 on handwritten digits; 98.7 % right, with the full set 99.35 %",
                 defaults);
      return 0;
    }
#if defined(LENET_CUDA)
    if (options.device == "cuda") return run<Cuda>(options);
#endif
    return run<Cpu>(options);
  } catch (const UsageError& error) {
    std::fprintf(stderr, "lenet_mnist: %s\ntry: lenet_mnist --help\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lenet_mnist: %s\n", error.what());
    return 1;
  }
}
