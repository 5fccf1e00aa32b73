// SPDX-License-Identifier: BSL-1.0
/// \file
/// Trains a digit classifier: the whole step, forward, backward and optimizer, is compiled by the C++ compiler.
#include <ctgrad/ctgrad.hpp>
#include <ctgrad/data/batcher.hpp>
#include <ctgrad/nn/checkpoint.hpp>
#include <ctgrad/train/progress.hpp>

#include <cmath>

#include "digits.hpp"
#include "options.hpp"

using namespace ctgrad;

struct Mlp {
  nn::Linear<128> hidden;
  nn::Dropout dropout{0.2};
  nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const { return output(dropout(relu(hidden(x)))); }
};

using Image = TensorView<const float, Shape<batch, 784>>;
using Label = TensorView<const std::int64_t, Shape<batch>>;

// The loss of a batch, and how many of its digits were read right.
constexpr auto loss = [](const auto& model, auto image, auto label) {
  const auto logits = model(image);
  return std::tuple{cross_entropy(logits, label), sum(cast<float>(argmax(logits, axis<-1>) == label))};
};
constexpr auto predict = [](const auto& model, auto image) { return argmax(model(image), axis<-1>); };

/// Runs `predict` over a data set and calls visit(number of the image, predicted class).
void classify(auto& predictor, const Digits& digits, const auto& visit) {
  constexpr std::size_t chunk = 500;
  for (std::size_t first = 0; first < digits.size(); first += chunk) {
    const std::size_t count = std::min(chunk, digits.size() - first);
    const Digits part = digits.split(first, count);
    const auto classes = predictor(Image(part.field<0>().data(), {static_cast<std::int64_t>(count), 784}));
    for (std::size_t i = 0; i < count; ++i) visit(first + i, classes(i));
  }
}

double accuracy(auto& predictor, const Digits& digits) {
  std::size_t right = 0;
  classify(predictor, digits,
           [&](std::size_t i, std::int64_t found) { right += digits.field<1>()[i] == found ? 1 : 0; });
  return static_cast<double>(right) / static_cast<double>(digits.size());
}

int run(const Options& options) {
  const Mnist mnist = load_mnist(options.data);
  auto make = [&](std::uint64_t seed) {
    return make_trainer<Cpu>(Mlp{}, loss, optim::Adam{.learning_rate = options.learning_rate}, manual_seed(seed),
                             spec<float, batch, 784>, spec<std::int64_t, batch>);
  };
  auto trainer = make(options.seed);
  auto predictor = trainer.inference(predict, spec<float, batch, 784>);

  using Stages = typename decltype(trainer)::Stages;
  constexpr ScheduleView program = Stages::view();
  std::int64_t bytes_per_sample = 0;
  for (int i = 0; i < program.arena_count; ++i)
    if (!is_static(program.arenas[i].factor)) bytes_per_sample += program.arenas[i].bytes;
  std::printf("%zu images to train, %zu to test\n", mnist.train.size(), mnist.test.size());
  std::printf("the compiler made: %lld parameters, %d nodes, %d steps, %d distinct kernels, %lld bytes per sample\n",
              static_cast<long long>(trainer.parameters().size()), Stages::simplified().size, program.step_count,
              program.kernel_count, static_cast<long long>(bytes_per_sample));

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
          trainer.step(Image(jitter(part.get<0>()).data(), {size, 784}), Label(part.get<1>().data(), {size}));
      progress.step(part.size(), mean_loss, static_cast<std::size_t>(right));
    }
    char note[64];
    std::snprintf(note, sizeof note, "test accuracy %.2f %%", 100 * accuracy(predictor, mnist.test));
    progress.end_epoch(note);
  }
  const double final_accuracy = accuracy(predictor, mnist.test);
  std::printf("final accuracy on %zu test images: %.2f %%\n", mnist.test.size(), 100 * final_accuracy);

  int shown = 0;
  classify(predictor, mnist.test, [&](std::size_t i, std::int64_t found) {
    const std::int64_t wanted = mnist.test.field<1>()[i];
    if (found == wanted || shown == 3) return;
    std::printf("%s  a %lld, read as %lld:\n", ++shown == 1 ? "some it misread:\n" : "", static_cast<long long>(wanted),
                static_cast<long long>(found));
    draw(mnist.test.sample<0>(i));
  });

  nn::save(options.save, trainer.parameters());
  auto reloaded = make(options.seed + 1);
  nn::load(options.save, reloaded.parameters());
  auto reloaded_predictor = reloaded.inference(predict, spec<float, batch, 784>);
  if (accuracy(reloaded_predictor, mnist.test) != final_accuracy)
    throw_error("the model read back from '" + options.save + "' does not give the same accuracy");
  std::printf("saved to %s and read back: the same accuracy\n", options.save.c_str());
  return 0;
}

int main(int count, char** arguments) {
  try {
    const Options options = parse_options(count, arguments);
    if (options.help) {
      print_help("mnist", "trains a 784-128-10 network on handwritten digits", {});
      return 0;
    }
    return run(options);
  } catch (const UsageError& error) {
    std::fprintf(stderr, "mnist: %s\ntry: mnist --help\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mnist: %s\n", error.what());
    return 1;
  }
}
