// SPDX-License-Identifier: BSL-1.0
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <ctgrad/tensor/random.hpp>
#include <span>
#include <string>

namespace derivatives {

bool agree(benchmark::State& state, std::span<const double> a, std::span<const double> b, double tolerance) {
  double scale = 1e-300, worst = 0;
  for (const double x : b) scale = std::max(scale, std::abs(x));
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  if (a.size() == b.size() && worst <= tolerance * scale) return true;
  const std::string message = "the derivatives differ by " + std::to_string(worst / scale) + " of the largest";
  state.SkipWithError(message.c_str());
  return false;
}

void fill_uniform(std::span<double> out, std::uint64_t seed, double low, double high) {
  ctgrad::RandomStream(seed).fill_uniform(out, 0, low, high);
}
void fill_normal(std::span<double> out, std::uint64_t seed, double mean, double standard_deviation) {
  ctgrad::RandomStream(seed).fill_normal(out, 0, mean, standard_deviation);
}

void write(std::span<double> gradient) { std::memset(gradient.data(), 0, gradient.size_bytes()); }

}  // namespace derivatives
