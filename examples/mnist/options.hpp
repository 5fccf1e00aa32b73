// SPDX-License-Identifier: BSL-1.0
/// \file
/// The command line of the examples that read MNIST.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

struct Options {
  std::string data;  ///< Directory of the full data set; empty for the small one beside the source.
  std::size_t epochs = 20;
  std::size_t batch_size = 64;
  double learning_rate = 3e-3;
  std::uint64_t seed = 1;
  std::string save = "mnist.safetensors";
  std::string device = "cpu";
  bool knows_cuda = false;  ///< True where the program was built for GPUs too.
  bool help = false;
};

/// A mistake on the command line.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the program is called and does, and its defaults.
inline void print_help(const char* name, const char* what, const Options& defaults) {
  std::printf(
      "%s - %s\n"
      "\n"
      "usage: %s [options]\n"
      "  --data DIR           directory with the four MNIST files (plain or .gz);\n"
      "                       without it: 8,000 of the 10,000 test images to train, 2,000 to test\n"
      "  --epochs N           passes over the training images (%zu)\n"
      "  --batch-size N       images in a step (%zu)\n"
      "  --learning-rate X    step size of Adam (%g)\n"
      "  --seed N             seed of initial weights, shuffling and dropout (%llu)\n"
      "  --save FILE          where the trained parameters go (%s)\n"
      "  --device NAME        where the program runs: cpu%s (%s)\n"
      "  --help               this text\n"
      "\n"
      "exit codes: 0 done, 1 failed, 2 wrong usage\n",
      name, what, name, defaults.epochs, defaults.batch_size, defaults.learning_rate,
      static_cast<unsigned long long>(defaults.seed), defaults.save.c_str(), defaults.knows_cuda ? " or cuda" : "",
      defaults.device.c_str());
}

namespace detail {

template <class T>
T parse_number(std::string_view option, std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > T(0)) ||
      value > std::numeric_limits<T>::max())
    throw UsageError(std::string(option) + " needs a number above 0, not \"" + std::string(text) + "\"");
  return value;
}

}  // namespace detail

inline Options parse_options(int count, char** arguments, Options options = {}) {
  for (int i = 1; i < count; ++i) {
    const std::string_view option = arguments[i];
    if (option == "--help" || option == "-h") {
      options.help = true;
      continue;
    }
    auto value = [&]() -> std::string_view {
      if (i + 1 >= count) throw UsageError(std::string(option) + " needs a value");
      return arguments[++i];
    };
    if (option == "--data") {
      options.data = value();
    } else if (option == "--epochs") {
      options.epochs = detail::parse_number<std::size_t>(option, value());
    } else if (option == "--batch-size") {
      options.batch_size = detail::parse_number<std::size_t>(option, value());
    } else if (option == "--learning-rate") {
      options.learning_rate = detail::parse_number<double>(option, value());
    } else if (option == "--seed") {
      options.seed = detail::parse_number<std::uint64_t>(option, value());
    } else if (option == "--save") {
      options.save = value();
    } else if (option == "--device") {
      options.device = value();
      if (options.device == "cuda" && !options.knows_cuda)
        throw UsageError("--device cuda needs a program built for GPUs: cmake -D CTGRAD_CUDA=ON");
      if (options.device != "cpu" && options.device != "cuda")
        throw UsageError("--device knows cpu and cuda, not \"" + options.device + "\"");
    } else {
      throw UsageError("unknown option \"" + std::string(option) + "\"");
    }
  }
  return options;
}
