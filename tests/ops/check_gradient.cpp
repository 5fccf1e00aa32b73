// SPDX-License-Identifier: BSL-1.0
#include "check_gradient.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

namespace ctgrad_test {

namespace {

std::vector<double> uniform(std::uint64_t seed, int count, double low, double high) {
  std::vector<double> numbers(static_cast<std::size_t>(count));
  RandomStream(seed).fill_uniform(std::span(numbers), 0, low, high);
  return numbers;
}

}  // namespace

void check_derivatives(const char* device, int size, int results, const Range& range, const Differentiate& at) {
  const auto count = static_cast<std::size_t>(size);
  std::vector<double> theta = uniform(range.seed, size, range.low, range.high);
  const std::vector<double> direction = uniform(range.seed + 1, size, -1, 1);
  const std::vector<double> weights = uniform(range.seed + 2, weight_count, -1, 1);
  const double h = 1e-3;
  const double tolerance = 2e-9;
  // Weights of f(x - 2h), f(x - h), f(x + h), f(x + 2h), times 12 h.
  const std::pair<double, double> stencil[] = {{-2, 1}, {-1, -8}, {1, 8}, {2, -1}};

  for (int k = 0; k < results; ++k) {
    std::vector<double> selectors(static_cast<std::size_t>(results), 0.0);
    selectors[static_cast<std::size_t>(k)] = 1;
    // Piece by piece: g++ 12 warns of the sum (its bug 105329).
    std::string where(device);
    where += ", result ";
    where += std::to_string(k);
    where += ", ";
    const DerivativesAt found = at(theta, direction, selectors, weights);
    BOOST_REQUIRE(found.slope.size() == count);
    BOOST_REQUIRE(found.second.size() == count);
    BOOST_TEST(std::isfinite(found.value));

    double along = 0;
    double scale = 1;
    for (std::size_t i = 0; i < count; ++i) {
      along += found.slope[i] * direction[i];
      scale = std::max(scale, std::abs(found.slope[i]));
    }
    BOOST_TEST(std::abs(found.forward - along) <= 1e-12 * scale * (1 + size),
               where << "forward mode " << found.forward << ", gradient times direction " << along);

    for (std::size_t i = 0; i < count; ++i) {
      const double x = theta[i];
      double difference = 0;
      for (const auto& [step, weight] : stencil) {
        theta[i] = x + step * h;
        difference += weight * at(theta, direction, selectors, weights).value;
      }
      theta[i] = x;
      difference /= 12 * h;
      BOOST_TEST(std::abs(found.slope[i] - difference) <= tolerance * scale,
                 where << "element " << i << ": reverse mode " << found.slope[i] << ", difference " << difference);
    }

    std::vector<double> difference(count, 0.0);
    for (const auto& [step, weight] : stencil) {
      std::vector<double> moved = theta;
      for (std::size_t i = 0; i < count; ++i) moved[i] += step * h * direction[i];
      const std::vector<double> slope = at(moved, direction, selectors, weights).slope;
      for (std::size_t i = 0; i < count; ++i) difference[i] += weight * slope[i] / (12 * h);
    }
    double second_scale = scale;
    for (const double x : found.second) second_scale = std::max(second_scale, std::abs(x));
    for (std::size_t i = 0; i < count; ++i)
      BOOST_TEST(
          std::abs(found.second[i] - difference[i]) <= tolerance * second_scale,
          where << "element " << i << ": second derivative " << found.second[i] << ", difference " << difference[i]);
  }
}

}  // namespace ctgrad_test
