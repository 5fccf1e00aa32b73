// SPDX-License-Identifier: BSL-1.0
/// \file
/// Batch normalisations and their reverse pass by their definition, and a list of them.
#pragma once

#include <ctgrad/device/batch_norm_call.hpp>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>
#include <vector>

namespace ctgrad_test {

using ctgrad::BatchNormCall;
using ctgrad::BatchNormGradientCall;
using ctgrad::BatchNormShape;
using StatisticsRow = ctgrad::ops::BatchNormStatistics;

inline BatchNormShape batch_norm_shape(std::int64_t images, std::int64_t channels, std::int64_t height,
                                       std::int64_t width) {
  return BatchNormShape(ctgrad::KernelShape{4, {images, channels, height, width}});
}
inline std::vector<BatchNormShape> all_batch_norms() {
  return {batch_norm_shape(3, 2, 5, 4), batch_norm_shape(7, 5, 1, 1), batch_norm_shape(1, 3, 1, 2),
          batch_norm_shape(2, 40, 9, 7), batch_norm_shape(16, 1, 33, 31)};
}

/// Mean, and sum of the squared distances from it, of a channel.
struct Moments {
  double mean = 0, squares = 0;
  template <class T>
  Moments(const BatchNormShape& s, const T* x, std::int64_t channel) {
    const std::int64_t n = s.count();
    for (std::int64_t i = 0; i < n; ++i) mean += static_cast<double>(x[s.place(channel, i)]) / static_cast<double>(n);
    for (std::int64_t i = 0; i < n; ++i) {
      const double distance = static_cast<double>(x[s.place(channel, i)]) - mean;
      squares += distance * distance;
    }
  }
};

/// What a library must leave of a call, the row `spare` apart.
template <class T>
void normalize_by_definition(const BatchNormCall<T>& call) {
  const BatchNormShape& s = call.shape;
  const auto n = static_cast<double>(s.count());
  for (std::int64_t c = 0; c < s.channels; ++c) {
    const Moments moments(s, call.x, c);
    const double scale = 1 / std::sqrt(moments.squares / n + call.epsilon);
    call.row(StatisticsRow::mean)[c] = static_cast<T>(moments.mean);
    call.row(StatisticsRow::variance)[c] = static_cast<T>(moments.squares / (n - 1));
    call.row(StatisticsRow::scale)[c] = static_cast<T>(scale);
    for (std::int64_t i = 0; i < s.count(); ++i) {
      const std::int64_t place = s.place(c, i);
      call.y[place] = static_cast<T>((static_cast<double>(call.x[place]) - moments.mean) * scale *
                                         static_cast<double>(call.weight[c]) +
                                     static_cast<double>(call.bias[c]));
    }
  }
}
template <class T>
void normalize_by_definition(const BatchNormGradientCall<T>& call) {
  const BatchNormShape& s = call.shape;
  const auto n = static_cast<double>(s.count());
  for (std::int64_t c = 0; c < s.channels; ++c) {
    const double mean = static_cast<double>(call.row(StatisticsRow::mean)[c]);
    const double scale = static_cast<double>(call.row(StatisticsRow::scale)[c]);
    auto normal = [&](std::int64_t place) { return (static_cast<double>(call.x[place]) - mean) * scale; };
    double by_weight = 0;
    double by_bias = 0;
    for (std::int64_t i = 0; i < s.count(); ++i) {
      const std::int64_t place = s.place(c, i);
      by_weight += static_cast<double>(call.t[place]) * normal(place);
      by_bias += static_cast<double>(call.t[place]);
    }
    call.by_weight[c] = static_cast<T>(by_weight);
    call.by_bias[c] = static_cast<T>(by_bias);
    for (std::int64_t i = 0; i < s.count(); ++i) {
      const std::int64_t place = s.place(c, i);
      call.by_x[place] =
          static_cast<T>((static_cast<double>(call.t[place]) - by_bias / n - normal(place) * by_weight / n) * scale *
                         static_cast<double>(call.row(StatisticsRow::weight)[c]));
    }
  }
}

/// The operands of a normalisation and of its reverse pass, and what both leave.
template <class T>
struct BatchNormCase {
  BatchNormShape shape;
  double epsilon = 1e-3;
  std::vector<T> x, weight, bias, t;
  /// As a library finds it, and as it must leave it.
  std::vector<T> statistics, wanted_statistics;
  std::vector<T> y, by_x, sums;

  explicit BatchNormCase(const BatchNormShape& s) : shape(s) {
    std::mt19937 random(11);
    auto numbers = [&](std::int64_t count) {
      std::vector<T> result(static_cast<std::size_t>(count));
      for (T& number : result) number = static_cast<T>(std::uniform_int_distribution<int>(-16, 16)(random)) / 8;
      return result;
    };
    x = numbers(s.size());
    t = numbers(s.size());
    weight = numbers(s.channels);
    bias = numbers(s.channels);
    y = by_x = x;
    sums.resize(2 * weight.size());
    statistics.resize(weight.size() * StatisticsRow::rows);
    for (std::size_t c = 0; c < weight.size(); ++c) statistics[weight.size() * StatisticsRow::weight + c] = weight[c];
    wanted_statistics = statistics;
    normalize_by_definition(
        BatchNormCall<T>{s, epsilon, x.data(), weight.data(), bias.data(), y.data(), wanted_statistics.data()});
    normalize_by_definition(BatchNormGradientCall<T>{s, epsilon, x.data(), t.data(), wanted_statistics.data(),
                                                     by_x.data(), sums.data(), sums.data() + s.channels});
  }

  /// Whether the statistics are as wanted, but for the spare row.
  void check_statistics(const T* found, double allowed) const {
    for (std::size_t i = 0; i < weight.size() * StatisticsRow::spare; ++i)
      BOOST_TEST(std::abs(static_cast<double>(found[i] - wanted_statistics[i])) <=
                     allowed * (1 + std::abs(static_cast<double>(wanted_statistics[i]))),
                 "statistic " << i << ": " << found[i] << ", not " << wanted_statistics[i]);
  }
};

}  // namespace ctgrad_test
