// SPDX-License-Identifier: BSL-1.0
/// \file
/// Mixed precision: training in 16 bits, loss scaling, and steps that are skipped. See reference/precision.py.
#include <boost/test/unit_test.hpp>

#include <boost/mpl/list.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <ctgrad/ctgrad.hpp>

#include "reference/precision.hpp"

using namespace ctgrad;

namespace {

using Halves = boost::mpl::list<bfloat16, float16>;
constexpr float infinity = std::numeric_limits<float>::infinity();

/// The network of reference/precision.py.
struct Net {
  nn::Linear<8> hidden;
  nn::Linear<4> output;
  constexpr auto operator()(const auto& x) const { return output(tanh(hidden(x))); }
};

constexpr auto entropy = [](const auto& model, auto x, auto label) { return cross_entropy(model(x), label); };

Tensor<float, Shape<6, 3>> reference_input() {
  Tensor<float, Shape<6, 3>> x;
  for (int i = 0; i < 18; ++i) x.data()[i] = 0.25F * static_cast<float>(i % 7 - 3);
  return x;
}
const Tensor<std::int64_t, Shape<6>> reference_label{0, 1, 2, 3, 0, 1};

/// A trainer of that network with the reference's parameters.
template <class Optimizer, class... Policy>
auto reference_trainer(const Optimizer& optimizer, Policy... policy) {
  auto trainer = make_trainer<Cpu>(Net{}, entropy, optimizer, policy..., spec<float, 6, 3>, spec<std::int64_t, 6>);
  int i = 0;
  for (float& p : trainer.parameters().elements()) {
    p = static_cast<float>((i % 2 == 0 ? 1 : -1) * (i % 6 + 1)) / 10;
    ++i;
  }
  return trainer;
}

template <class Trainer>
std::vector<float> parameters_of(const Trainer& trainer) {
  auto& block = const_cast<Trainer&>(trainer).parameters();
  std::vector<float> all(block.elements().begin(), block.elements().end());
  for (const auto& p : block.parameters())
    if (!p.trainable) all.insert(all.end(), p.elements.begin(), p.elements.end());
  return all;
}

/// True when both hold the same bits.
bool is_same(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// Points in the plane, and whether they lie in the unit circle.
struct Circle {
  Tensor<float, Shape<batch, 2>> points{{200, 2}};
  Tensor<std::int64_t, Shape<batch>> inside{{200}};
  Circle() {
    RandomStream(1).fill_uniform(points.span(), 0, -1.5F, 1.5F);
    inside = cast<std::int64_t>(sum(square(points), axis<1>) < 1);
  }
};

struct Mlp {
  nn::Linear<16> hidden;
  nn::Linear<2> output;
  constexpr auto operator()(const auto& x) const { return output(tanh(hidden(x))); }
};

struct NormMlp {
  nn::Linear<16> hidden;
  nn::BatchNorm norm;
  nn::Linear<2> output;
  constexpr auto operator()(const auto& x) const { return output(tanh(norm(hidden(x)))); }
};

/// How many of the points a model gets right after 300 steps.
template <class... Policy>
int right_after_training(Policy... policy) {
  const Circle data;
  auto trainer = make_trainer<Cpu>(Mlp{}, entropy, optim::Adam{.learning_rate = 0.05}, policy..., spec<float, batch, 2>,
                                   spec<std::int64_t, batch>);
  for (int step = 0; step < 300; ++step) trainer.step(data.points, data.inside);
  auto classify =
      trainer.inference([](const auto& model, auto x) { return argmax(model(x), axis<-1>); }, spec<float, batch, 2>);
  const auto found = classify(data.points);
  int right = 0;
  for (std::int64_t i = 0; i < 200; ++i) right += found(i) == data.inside(i) ? 1 : 0;
  return right;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(precision)

BOOST_AUTO_TEST_CASE(training_in_16_bits_reaches_the_accuracy_of_float) {
  const int in_float = right_after_training();
  BOOST_TEST(in_float >= 195);
  BOOST_TEST(right_after_training(autocast<bfloat16>) >= in_float - 2);
  BOOST_TEST(right_after_training(autocast<float16>, GradScaler{}) >= in_float - 2);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(one_step_is_that_of_pytorch, H, Halves) {
  constexpr bool is_float16 = std::is_same_v<H, float16>;
  // Plain descent with rate 1: what the parameters lose is the gradient.
  auto trainer = reference_trainer(optim::Sgd{.learning_rate = 1}, autocast<H>,
                                   GradScaler{.init_scale = is_float16 ? 1024.0 : 1.0});
  const std::vector<float> before = parameters_of(trainer);
  const float loss = trainer.step(reference_input(), reference_label);
  const std::vector<float> after = parameters_of(trainer);
  // PyTorch rounds after each operation, a loop where it stores.
  const float unit = static_cast<float>(std::numeric_limits<H>::epsilon());
  BOOST_TEST(std::fabs(loss - (is_float16 ? reference::float16_loss : reference::bfloat16_loss)) <= unit);
  const float* expected = is_float16 ? reference::float16_gradient : reference::bfloat16_gradient;
  float largest = 0;
  for (std::size_t i = 0; i < before.size(); ++i) largest = std::max(largest, std::fabs(expected[i]));
  for (std::size_t i = 0; i < before.size(); ++i)
    BOOST_TEST(std::fabs(before[i] - after[i] - expected[i]) <= unit * largest,
               "parameter " << i << ": gradient " << before[i] - after[i] << ", PyTorch's " << expected[i]);
}

BOOST_AUTO_TEST_CASE(a_scaler_does_what_pytorchs_does) {
  auto trainer = reference_trainer(
      optim::Adam{.learning_rate = 0.05},
      GradScaler{.init_scale = 1024, .growth_factor = 4, .backoff_factor = 0.25, .growth_interval = 3});
  const auto x = reference_input();
  auto overflowing = x;
  for (float& element : overflowing) element *= infinity;
  int updates = 0;
  for (std::size_t step = 0; step < 10; ++step) {
    const bool overflows = reference::scaler_losses[step] == 0;
    const float loss = trainer.step(overflows ? overflowing : x, reference_label);
    if (!overflows) BOOST_TEST(loss == reference::scaler_losses[step], boost::test_tools::tolerance(1e-5F));
    BOOST_TEST(trainer.scaler_state().scale == reference::scaler_scales[step]);
    updates += overflows ? 0 : 1;
    BOOST_TEST(trainer.scaler_state().updates == updates);
  }
  BOOST_TEST(trainer.steps() == 10);
  const std::vector<float> found = parameters_of(trainer);
  for (std::size_t i = 0; i < found.size(); ++i)
    BOOST_TEST(std::fabs(found[i] - reference::scaler_parameters[i]) <= 2e-6F,
               "parameter " << i << ": " << found[i] << ", PyTorch's " << reference::scaler_parameters[i]);
}

BOOST_AUTO_TEST_CASE(an_overflow_changes_nothing_but_the_scale) {
  const Circle data;
  auto overflowing = data.points;
  overflowing(7, 1) = infinity;
  const auto make = [] {
    return make_trainer<Cpu>(NormMlp{}, entropy, optim::Momentum{.learning_rate = 0.1}, autocast<float16>,
                             GradScaler{.init_scale = 1024}, manual_seed(3), spec<float, batch, 2>,
                             spec<std::int64_t, batch>);
  };
  auto disturbed = make();
  auto undisturbed = make();
  for (int step = 0; step < 3; ++step) {
    disturbed.step(data.points, data.inside);
    undisturbed.step(data.points, data.inside);
  }
  const std::vector<float> before = parameters_of(disturbed);
  disturbed.step(overflowing, data.inside);
  BOOST_TEST(is_same(parameters_of(disturbed), before));
  BOOST_TEST(disturbed.scaler_state().scale == 512);
  BOOST_TEST(disturbed.scaler_state().growth_tracker == 0);
  BOOST_TEST(disturbed.scaler_state().updates == 3);
  // The velocity stayed as it was too: the next step is the one that would have come without the overflow. A power of
  // two more or less in the scale changes no bit while nothing overflows or vanishes.
  disturbed.step(data.points, data.inside);
  undisturbed.step(data.points, data.inside);
  const std::vector<float> found = parameters_of(disturbed);
  const std::vector<float> expected = parameters_of(undisturbed);
  for (std::size_t i = 0; i < found.size(); ++i)
    BOOST_TEST(std::fabs(found[i] - expected[i]) <= 1e-4F * (1 + std::fabs(expected[i])));
  BOOST_TEST(!is_same(found, before));
}

BOOST_AUTO_TEST_CASE(a_scale_too_large_falls_until_nothing_overflows) {
  const Circle data;
  auto trainer = make_trainer<Cpu>(Mlp{}, entropy, optim::Adam{}, autocast<float16>, GradScaler{.init_scale = 0x1p40},
                                   spec<float, batch, 2>, spec<std::int64_t, batch>);
  const std::vector<float> before = parameters_of(trainer);
  int skipped = 0;
  while (trainer.scaler_state().updates == 0 && skipped < 40) {
    BOOST_TEST(is_same(parameters_of(trainer), before));
    trainer.step(data.points, data.inside);
    if (trainer.scaler_state().updates == 0) ++skipped;
  }
  BOOST_TEST(skipped > 5);
  BOOST_TEST(skipped < 40);
  BOOST_TEST(trainer.scaler_state().scale == std::ldexp(1.0, 40 - skipped));
}

BOOST_AUTO_TEST_CASE(scaling_keeps_gradients_that_would_vanish) {
  // The gradient of this loss is below the smallest float16.
  const auto tiny = [](const auto& model, auto x, auto label) { return cross_entropy(model(x), label) * 1e-9; };
  const auto change_after_a_step = [&](GradScaler scaler) {
    const Circle data;
    auto trainer = make_trainer<Cpu>(Mlp{}, tiny, optim::Sgd{.learning_rate = 1e9}, autocast<float16>, scaler,
                                     spec<float, batch, 2>, spec<std::int64_t, batch>);
    const std::vector<float> before = parameters_of(trainer);
    trainer.step(data.points, data.inside);
    return !is_same(parameters_of(trainer), before);
  };
  BOOST_TEST(!change_after_a_step({.init_scale = 1, .growth_factor = 1, .backoff_factor = 1}));
  BOOST_TEST(change_after_a_step({.init_scale = 0x1p30, .growth_factor = 1, .backoff_factor = 1}));
}

BOOST_AUTO_TEST_CASE(with_factors_of_one_the_scale_is_constant) {
  auto trainer = reference_trainer(
      optim::Sgd{}, GradScaler{.init_scale = 128, .growth_factor = 1, .backoff_factor = 1, .growth_interval = 1});
  auto overflowing = reference_input();
  overflowing(0, 0) = infinity;
  trainer.step(reference_input(), reference_label);
  trainer.step(overflowing, reference_label);
  BOOST_TEST(trainer.scaler_state().scale == 128);
  BOOST_TEST(trainer.scaler_state().updates == 1);
}

BOOST_AUTO_TEST_CASE(a_scale_does_not_grow_beyond_float) {
  auto trainer =
      reference_trainer(optim::Sgd{}, GradScaler{.init_scale = 0x1p120, .growth_factor = 256, .growth_interval = 1});
  trainer.step(reference_input(), reference_label);
  BOOST_TEST(trainer.scaler_state().updates == 1);
  BOOST_TEST(trainer.scaler_state().scale == 0x1p120);
}

BOOST_AUTO_TEST_CASE(settings_may_change_between_steps) {
  auto trainer = reference_trainer(optim::Adam{}, GradScaler{.init_scale = 2, .growth_interval = 1000});
  trainer.step(reference_input(), reference_label);
  BOOST_TEST(trainer.scaler_state().scale == 2);
  trainer.optimizer.scaler.growth_interval = 2;
  trainer.optimizer.scaler.growth_factor = 8;
  trainer.optimizer.learning_rate = 0;
  const std::vector<float> before = parameters_of(trainer);
  trainer.step(reference_input(), reference_label);
  BOOST_TEST(trainer.scaler_state().scale == 16);
  BOOST_TEST(is_same(parameters_of(trainer), before));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(inputs_of_16_bits_train_float_parameters, H, Halves) {
  const Circle data;
  Tensor<H, Shape<batch, 2>> points({200, 2});
  points = cast<H>(data.points);
  auto trainer = make_trainer<Cpu>(Mlp{}, entropy, optim::Adam{.learning_rate = 0.05}, spec<H, batch, 2>,
                                   spec<std::int64_t, batch>);
  static_assert(std::is_same_v<typename decltype(trainer)::element_type, float>);
  const float first = trainer.step(points, data.inside);
  float last = first;
  for (int step = 0; step < 100; ++step) last = trainer.step(points, data.inside);
  BOOST_TEST(last < 0.25F * first);
}

namespace {

/// Where the model runs can be seen from what it gives.
struct Half {
  nn::Parameter weight;
  constexpr auto operator()(const auto& x) const {
    using T = typename std::remove_cvref_t<decltype(x)>::element_type;
    const auto w = weight.get<Shape<2>>(x, nn::init::constant(1.001));
    return std::tuple{x * w, std::pair{cast<std::int64_t>(x), x + (is_half<T> ? 1 : 0)}};
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_model_takes_float_runs_in_16_bits_and_gives_float) {
  const auto loss = [](const auto& model, auto x) { return sum(std::get<0>(model(x))); };
  auto trainer = make_trainer<Cpu>(Half{}, loss, optim::Sgd{}, autocast<bfloat16>, spec<float, 2>);
  auto f = trainer.inference([](const auto& model, auto x) { return model(x); }, spec<float, 2>);
  const Tensor<float, Shape<2>> x{1.0F, 3.01F};
  const auto [product, others] = f(x);
  static_assert(std::is_same_v<std::remove_cvref_t<decltype(product(0))>, float>);
  // The weight 1.001 and the input 3.01 are rounded.
  BOOST_TEST(product(0) == 1.0F);
  BOOST_TEST(product(1) == static_cast<float>(bfloat16(3.01)));
  BOOST_TEST(others.first(1) == 3);
  BOOST_TEST(others.second(1) == static_cast<float>(bfloat16(3.01)) + 1);
  // The parameter itself is not.
  BOOST_TEST(trainer.parameters().elements()[0] == 1.001F);
}

BOOST_AUTO_TEST_CASE(options_in_any_order_are_one_trainer) {
  const auto loss_after = [](auto... policy) {
    auto trainer =
        make_trainer<Cpu>(Net{}, entropy, optim::Adam{}, policy..., spec<float, 6, 3>, spec<std::int64_t, 6>);
    trainer.step(reference_input(), reference_label);
    return static_cast<float>(trainer.step(reference_input(), reference_label));
  };
  const float expected = loss_after(autocast<float16>, GradScaler{}, manual_seed(5));
  BOOST_TEST(loss_after(GradScaler{}, autocast<float16>, manual_seed(5)) == expected);
  BOOST_TEST(loss_after(manual_seed(5), GradScaler{}, autocast<float16>) == expected);
  BOOST_TEST(loss_after(autocast<float16>, manual_seed(5), GradScaler{}) == expected);
  BOOST_TEST(loss_after(autocast<float16>, GradScaler{}, manual_seed(6)) != expected);
  auto on_device = make_trainer(Cpu(), Net{}, entropy, optim::Adam{}, autocast<float16>, manual_seed(5), GradScaler{},
                                spec<float, 6, 3>, spec<std::int64_t, 6>);
  on_device.step(reference_input(), reference_label);
  BOOST_TEST(static_cast<float>(on_device.step(reference_input(), reference_label)) == expected);
}

BOOST_AUTO_TEST_SUITE_END()
