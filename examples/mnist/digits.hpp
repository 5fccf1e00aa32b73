// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loading MNIST, and drawing a digit as text.
#pragma once

#include <ctgrad/data/dataset.hpp>
#include <ctgrad/io/idx.hpp>
#include <ctgrad/tensor/random.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

using Digits = ctgrad::InMemoryDataset<float, std::int64_t>;

struct Mnist {
  Digits train;
  Digits test;
};

/// The file of that name in the directory, plain or packed.
inline std::filesystem::path find_file(const std::filesystem::path& directory, const std::string& name) {
  for (const std::string& candidate : {name, name + ".gz"})
    if (std::filesystem::exists(directory / candidate)) return directory / candidate;
  ctgrad::throw_error("there is no '" + name + "' and no '" + name + ".gz' in '" + directory.string() +
                      "'; --data takes the directory with the four MNIST files");
}

/// Pixels from 0 to 255 become numbers from 0 to 1.
inline Digits load_digits(const std::filesystem::path& directory, const std::string& prefix) {
  const ctgrad::IdxImages images = ctgrad::read_idx_images(find_file(directory, prefix + "-images-idx3-ubyte"));
  const std::vector<std::uint8_t> labels = ctgrad::read_idx_labels(find_file(directory, prefix + "-labels-idx1-ubyte"));
  if (images.rows != 28 || images.columns != 28)
    ctgrad::throw_error("the images in '" + directory.string() + "' are not 28 by 28 pixels");
  std::vector<float> pixels(images.pixels.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(images.pixels[i]) / 255.0F;
  return Digits({std::move(pixels), 784}, {std::vector<std::int64_t>(labels.begin(), labels.end()), 1});
}

/// The full data set from a directory, or the small one: the first 8,000 t10k images to train, the last 2,000 to test.
inline Mnist load_mnist(const std::string& directory) {
  if (!directory.empty()) return {load_digits(directory, "train"), load_digits(directory, "t10k")};
  const Digits all = load_digits(MNIST_DATA, "t10k");
  return {all.split(0, 8000), all.split(8000, 2000)};
}

/// Copies digits, each moved by up to one pixel in both directions: cheap new examples from old ones.
class Jitter {
public:
  Jitter(std::size_t largest_batch, std::uint64_t seed)
      : pixels_(largest_batch * 784), moves_(2 * largest_batch), random_(seed, jitter_stream) {}

  std::span<const float> operator()(std::span<const float> digits) {
    const std::size_t count = digits.size() / 784;
    random_.fill_integers(std::span(moves_).first(2 * count), used_, -1, 2);
    used_ += 2 * count;
    std::fill(pixels_.begin(), pixels_.end(), 0.0F);
    for (std::size_t i = 0; i < count; ++i) {
      const std::ptrdiff_t down = moves_[2 * i];
      const std::ptrdiff_t right = moves_[2 * i + 1];
      const float* from = digits.data() + i * 784;
      float* to = pixels_.data() + i * 784 + down * 28 + right;
      // The outermost pixels of a digit are empty, so leaving out the border loses nothing.
      for (std::size_t row = 1; row < 27; ++row) std::copy_n(from + row * 28 + 1, 26, to + row * 28 + 1);
    }
    return std::span(pixels_).first(digits.size());
  }

private:
  static constexpr std::uint64_t jitter_stream = std::uint64_t{1} << 62;
  std::vector<float> pixels_;
  std::vector<std::int64_t> moves_;
  ctgrad::RandomStream random_;
  std::uint64_t used_ = 0;
};

/// Prints one digit, two characters to a pixel row of 28, every second row.
inline void draw(std::span<const float> pixels) {
  static constexpr char shades[] = " .:-=+*#%@";
  for (std::size_t row = 2; row < 26; row += 2) {
    std::string line = "    ";
    for (std::size_t column = 0; column < 28; ++column) {
      const float ink = (pixels[row * 28 + column] + pixels[(row + 1) * 28 + column]) / 2;
      line += shades[static_cast<int>(ink * 9.0F + 0.5F)];
    }
    std::puts(line.c_str());
  }
}
