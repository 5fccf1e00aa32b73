// SPDX-License-Identifier: BSL-1.0
/// \file
/// A logistic regression on real data, fitted in two ways: by Newton's method with the exact Hessian, and by stochastic
/// gradient descent.
///
/// usage: logistic_regression [FILE]
/// FILE is a CSV table with names in the first line; the last column is the class, 0 or 1, and ten columns come before
/// it. Without one: the Wisconsin breast cancer data (Wolberg, Street and Mangasarian 1995), ten measures of the cell
/// nuclei in 569 samples, and whether the tumour was malignant.
#include <ctgrad/ctgrad.hpp>
#include <ctgrad/io/csv.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <random>
#include <string>
#include <vector>

using namespace ctgrad;

constexpr int features = 10;

template <class Bias, class Weights>
struct Model {
  Bias bias;
  Weights weights;
};

/// The mean cross entropy and a penalty: -log p of what was seen, p being sigmoid(bias + weights . x), and half the
/// square of the weights over the number of samples. With z the argument of sigmoid, -log p is softplus(z) - label z.
constexpr auto loss = [](const auto& model, auto x, auto label, auto penalty) {
  const auto z = sum(x * model.weights, axis<1>) + model.bias;
  return mean(softplus(z) - label * z) + penalty / 2 * sum(square(model.weights));
};

using Weights = Tensor<double, Shape<features>>;
using Samples = Tensor<double, Shape<batch, features>>;
using Labels = Tensor<double, Shape<batch>>;

/// One step of Newton's method: the gradient g and Hessian H by bias and weights together, and the change -H^-1 g.
constexpr auto newton_step = [](const auto& model, auto x, auto label, auto penalty) {
  const auto value_and_slope = value_and_grad(loss)(model, x, label, penalty);
  const auto& slope = value_and_slope.second;
  const auto second = hessian(loss)(model, x, label, penalty);
  const auto row = [](const auto& bias, const auto& weights) {
    return concat(axis<1>, reshape(bias, shape<1, 1>), reshape(weights, shape<1, features>));
  };
  const auto rest = concat(axis<1>, reshape(second.weights.bias, shape<features, 1>), second.weights.weights);
  const auto matrix = concat(axis<0>, row(second.bias.bias, second.bias.weights), rest);
  const auto change = -linalg::solve(matrix, concat(axis<0>, reshape(slope.bias, shape<1>), slope.weights));
  return std::pair{value_and_slope.first, change};
};

double accuracy(const Model<double, Weights>& model, const Samples& x, const Labels& label) {
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < label.size(); ++i) {
    double z = model.bias;
    for (int k = 0; k < features; ++k) z += model.weights(k) * x(i, k);
    right += (z > 0) == (label(i) == 1);
  }
  return static_cast<double>(right) / static_cast<double>(label.size());
}

int main(int argument_count, char** arguments) try {
  const CsvTable table = read_csv(argument_count > 1 ? arguments[1] : LOGISTIC_REGRESSION_DATA "/breast_cancer.csv");
  if (table.columns != features + 1)
    throw_error("the table has " + std::to_string(table.columns) + " columns; there should be ten and the class");
  const std::int64_t n = table.rows();
  Samples x({n, features});
  Labels label({n});
  // Each measure is moved and scaled to mean 0 and standard deviation 1.
  for (int k = 0; k < features; ++k) {
    double mean = 0;
    double square = 0;
    for (std::int64_t i = 0; i < n; ++i) mean += table(i, k) / static_cast<double>(n);
    for (std::int64_t i = 0; i < n; ++i) square += std::pow(table(i, k) - mean, 2) / static_cast<double>(n);
    for (std::int64_t i = 0; i < n; ++i) x(i, k) = (table(i, k) - mean) / std::sqrt(square);
  }
  for (std::int64_t i = 0; i < n; ++i) label(i) = table(i, features);
  const double penalty = 1 / static_cast<double>(n);

  std::printf("Newton's method\nstep   loss\n");
  Model<double, Weights> model{};
  for (int step = 0; step < 20; ++step) {
    const auto [value, change] = compiled(newton_step)(model, x, label, penalty);
    std::printf("%4d   %.12f\n", step, value);
    double largest = 0;
    model.bias += change(0);
    for (int k = 0; k < features; ++k) model.weights(k) += change(k + 1);
    for (int k = 0; k <= features; ++k) largest = std::fmax(largest, std::fabs(change(k)));
    if (largest < 1e-10) break;
  }
  std::printf("accuracy %.4f\n%-24s %9.5f\n", accuracy(model, x, label), "bias", model.bias);
  for (int k = 0; k < features; ++k)
    std::printf("%-24s %9.5f\n", table.names.empty() ? "" : table.names[static_cast<std::size_t>(k)].c_str(),
                model.weights(k));

  std::printf("\nstochastic gradient descent, 32 samples a step\nepoch   loss\n");
  Model<double, Weights> by_sgd{};
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::mt19937 shuffler(1);
  double rate = 0.5;
  for (int epoch = 0; epoch <= 200; ++epoch) {
    if (epoch % 40 == 0) std::printf("%5d   %.6f\n", epoch, compiled(loss)(by_sgd, x, label, penalty));
    std::shuffle(order.begin(), order.end(), shuffler);
    for (std::int64_t first = 0; first < n; first += 32) {
      const std::int64_t size = std::min<std::int64_t>(32, n - first);
      Samples some({size, features});
      Labels theirs({size});
      for (std::int64_t i = 0; i < size; ++i) {
        const std::int64_t from = order[static_cast<std::size_t>(first + i)];
        for (int k = 0; k < features; ++k) some(i, k) = x(from, k);
        theirs(i) = label(from);
      }
      const auto slope = gradient(loss)(by_sgd, some, theirs, penalty);
      by_sgd.bias -= rate * slope.bias;
      by_sgd.weights -= rate * slope.weights;
    }
    rate *= 0.98;
  }
  double difference = std::fabs(by_sgd.bias - model.bias);
  for (int k = 0; k < features; ++k)
    difference = std::fmax(difference, std::fabs(by_sgd.weights(k) - model.weights(k)));
  std::printf("accuracy %.4f, no coefficient further than %.3f from Newton's\n", accuracy(by_sgd, x, label),
              difference);
} catch (const std::exception& error) {
  std::fprintf(stderr, "logistic_regression: %s\n", error.what());
  return 1;
}
