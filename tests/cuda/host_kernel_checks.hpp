// SPDX-License-Identifier: BSL-1.0
/// \file
/// What steps that the host runs must do in a GPU's program, on a GPU and on the emulated runtime.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>

#include "ctgrad/cuda.hpp"

namespace ctgrad_test {

using namespace ctgrad;

struct Decays {
  constexpr auto operator()(auto y, auto, auto k) const { return -k * y; }
};
struct Settles {
  constexpr auto operator()(auto x, auto a) const { return (x + a / x) / 2; }
};
struct IsUnsettled {
  constexpr auto operator()(auto x, auto a) const { return abs(x * x - a) > 1e-9; }
};
struct Accumulates {
  constexpr auto operator()(auto total, auto item, auto k) const {
    const auto next = tanh(total + k * item);
    return std::pair{next, next * item};
  }
};
struct Grows {
  constexpr auto operator()(auto i, auto x, auto k) const { return x + k * i * x; }
};

/// Loops, an equation of motion, linear algebra and elementwise work before, between and behind them.
struct LoopsAndSystems {
  constexpr auto operator()(auto a, auto b, auto items, auto times, auto k) const {
    const auto system = matmul(a, transpose(a)) + 4 * a;
    const auto x = linalg::solve(system, b);
    const auto root = while_loop(IsUnsettled{}, Settles{}, 1 + k * k, 1 + k * k);
    const auto grown = for_loop<5>(Grows{}, x, k);
    const auto [last, all] = scan(Accumulates{}, k, items, root);
    const auto y = odeint(Decays{})(root, times, k);
    const auto chosen = cond(
        last > 0, [](auto v) { return sum(v * v); }, [](auto v) { return sum(v); }, grown);
    return sum(square(x)) + root * last + sum(all) + sum(y) + chosen;
  }
};
struct GradientOfLoopsAndSystems {
  constexpr auto operator()(auto a, auto b, auto items, auto times, auto k) const {
    return value_and_grad(LoopsAndSystems{}, wrt<0, 1, 2, 4>)(a, b, items, times, k);
  }
};

using Items = Tensor<double, Shape<time_steps>>;
inline constexpr auto matrix_spec = spec<double, 3, 3>;

inline Items make_items(std::int64_t length) {
  Items items(Extents<1>{length});
  RandomStream(5).fill_uniform(items.span(), 0, -1, 1);
  return items;
}

/// Programs whose lengths change: each is run, recorded and replayed.
inline void check_loops_and_systems() {
  constexpr GradientOfLoopsAndSystems f;
  auto found = compile<Cuda>(f, matrix_spec, spec<double, 3>, spec<double, time_steps>, spec<double, 3>, spec<double>);
  auto expected =
      compile<Cpu>(f, matrix_spec, spec<double, 3>, spec<double, time_steps>, spec<double, 3>, spec<double>);
  const Tensor<double, Shape<3, 3>> a({3, 1, 0.5, -1, 4, 0.25, 0, 1, 2});
  const Tensor<double, Shape<3>> b{1, -2, 0.5};
  const Tensor<double, Shape<3>> times{0, 1, 2};
  int number = 0;
  for (const std::int64_t length : {6, 6, 6, 6, 6, 9, 6, 9, 9, 9, 0, 6}) {
    const Items items = make_items(length);
    const Tensor<double, Shape<>> k({0.25 + 0.01 * number++});
    const auto [value, gradient] = found(a, b, items, times, k);
    const auto [wanted, wanted_gradient] = expected(a, b, items, times, k);
    BOOST_TEST(std::abs(value.item() - wanted.item()) <= 1e-10 * std::abs(wanted.item()));
    auto same = [](const auto& view, const auto& right) {
      const auto values = view.cpu();
      for (std::int64_t i = 0; i < right.size(); ++i)
        BOOST_TEST(std::abs(values.data()[i] - right.data()[i]) <= 1e-9 * (1 + std::abs(right.data()[i])));
    };
    same(std::get<0>(gradient), std::get<0>(wanted_gradient));
    same(std::get<1>(gradient), std::get<1>(wanted_gradient));
    same(std::get<2>(gradient), std::get<2>(wanted_gradient));
    same(std::get<3>(gradient), std::get<3>(wanted_gradient));
  }
}

struct Solves {
  constexpr auto operator()(auto a, auto b) const { return linalg::solve(a, b); }
};
struct SolvesEach {
  constexpr auto operator()(auto a, auto b) const { return 2 * vmap(Solves{})(a, b); }
};

/// One step for all points of a batch.
inline void check_systems_of_a_batch() {
  auto found = compile<Cuda>(SolvesEach{}, spec<double, batch, 2, 2>, spec<double, batch, 2>);
  for (const std::int64_t size : {3, 3, 3, 3, 5, 1, 0}) {
    Tensor<double, Shape<batch, 2, 2>> a(Extents<3>{size, 2, 2});
    Tensor<double, Shape<batch, 2>> b(Extents<2>{size, 2});
    for (std::int64_t i = 0; i < size; ++i) {
      a(i, 0, 0) = a(i, 1, 1) = static_cast<double>(i + 1);
      a(i, 0, 1) = 1;
      b(i, 0) = 3;
      b(i, 1) = static_cast<double>(i + 1);
    }
    const auto x = found(a, b).cpu();
    for (std::int64_t i = 0; i < size; ++i) {
      BOOST_TEST(std::abs(x(i, 0) - 4 / static_cast<double>(i + 1)) < 1e-14);
      BOOST_TEST(x(i, 1) == 2);
    }
  }
}

struct Solution {
  constexpr auto operator()(auto a, auto b) const { return exp(linalg::solve(a, b)); }
};

/// What a step throws comes to whoever waits for a result next, in plain runs and in replayed ones; the run after that
/// is as good as any.
inline void check_a_singular_matrix_throws_when_the_result_is_read() {
  auto program = compile<Cuda>(Solution{}, spec<double, 2, 2>, spec<double, 2>);
  const Tensor<double, Shape<2, 2>> good({1, 0, 0, 1});
  const Tensor<double, Shape<2, 2>> singular({1, 2, 2, 4});
  const Tensor<double, Shape<2>> b{0, 0};
  for (int run = 0; run < 6; ++run) {
    const auto wrong = program(singular, b);
    BOOST_CHECK_EXCEPTION(wrong.cpu(), Error, [](const Error& e) {
      return std::string(e.what()).find("linalg::solve was given a singular matrix") != std::string::npos;
    });
    BOOST_TEST(program(good, b).cpu()(1) == 1);
  }
}

/// A rate of decay fitted to what was observed: loops in the training step.
struct DecayModel {
  nn::Linear<1> rate;
  constexpr auto operator()(const auto& x) const { return reshape(rate(x), shape<>); }
};
struct DecayLoss {
  constexpr auto operator()(const auto& model, auto x, auto start, auto times, auto observed) const {
    const auto y = odeint(Decays{})(start, times, model(x));
    return sum(square(y - observed));
  }
};

inline void check_training_through_a_solver() {
  constexpr optim::Adam adam{.learning_rate = 0.05};
  constexpr auto vectors = spec<double, 3>;
  auto found = make_trainer<Cuda>(DecayModel{}, DecayLoss{}, adam, spec<double, 1, 2>, spec<double>, vectors, vectors);
  auto expected =
      make_trainer<Cpu>(DecayModel{}, DecayLoss{}, adam, spec<double, 1, 2>, spec<double>, vectors, vectors);
  const Tensor<double, Shape<1, 2>> x({1, 0.5});
  const Tensor<double, Shape<>> start({1});
  const Tensor<double, Shape<3>> times{0, 1, 2};
  const Tensor<double, Shape<3>> observed{1, std::exp(-0.7), std::exp(-1.4)};
  double loss = 0;
  for (int i = 0; i < 60; ++i) {
    loss = found.step(x, start, times, observed);
    BOOST_TEST(std::abs(loss - expected.step(x, start, times, observed)) < 1e-9);
  }
  BOOST_TEST(loss < 1e-2);
}

}  // namespace ctgrad_test
