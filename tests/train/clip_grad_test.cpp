// SPDX-License-Identifier: BSL-1.0
/// \file
/// Gradient clipping by norm and by value, alone and with mixed precision. See reference/clip_grad.py.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "../devices.hpp"
#include "reference/clip_grad.hpp"

using namespace ctgrad;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// The network of reference/clip_grad.py.
struct Net {
  nn::Linear<8> hidden;
  nn::Linear<4> output;
  constexpr auto operator()(const auto& x) const { return output(tanh(hidden(x))); }
};

constexpr auto entropy = [](const auto& model, auto x, auto label) { return cross_entropy(model(x), label); };

template <class T>
Tensor<T, Shape<6, 3>> reference_input() {
  Tensor<T, Shape<6, 3>> x;
  for (int i = 0; i < 18; ++i) x.data()[i] = static_cast<T>(0.25 * (i % 7 - 3));
  return x;
}
const Tensor<std::int64_t, Shape<6>> reference_label{0, 1, 2, 3, 0, 1};

/// A trainer of that network with the reference's parameters.
template <class T, class Device = Cpu, class Optimizer, class... Policy>
auto reference_trainer(const Optimizer& optimizer, Policy... policy) {
  auto trainer = make_trainer<Device>(Net{}, entropy, optimizer, policy..., spec<T, 6, 3>, spec<std::int64_t, 6>);
  int i = 0;
  for (T& p : trainer.parameters().elements()) {
    p = static_cast<T>((i % 2 == 0 ? 1 : -1) * (i % 6 + 1)) / 10;
    ++i;
  }
  return trainer;
}

template <class Trainer>
auto parameters_of(Trainer& trainer) {
  const auto elements = trainer.parameters().elements();
  return std::vector(elements.begin(), elements.end());
}

template <class T>
bool is_same(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// Six steps on every device against PyTorch's.
template <std::size_t Steps, std::size_t Count, class Optimizer, class... Policy>
void check(const double (&losses)[Steps], const double (&parameters)[Count], const Optimizer& optimizer,
           Policy... policy) {
  ctgrad_test::for_each_device([&](auto tag) {
    using Device = typename decltype(tag)::type;
    auto trainer = reference_trainer<double, Device>(optimizer, policy...);
    BOOST_TEST_CONTEXT(Device::name) {
      for (const double expected : losses)
        BOOST_TEST(static_cast<double>(trainer.step(reference_input<double>(), reference_label)) == expected,
                   boost::test_tools::tolerance(1e-10));
      const auto found = parameters_of(trainer);
      for (std::size_t i = 0; i < Count; ++i) BOOST_TEST(std::abs(found[i] - parameters[i]) <= 1e-10);
    }
  });
}

/// What the parameters lose in one step of plain descent with rate 1: the gradient that the optimizer saw.
template <class T, class... Policy>
std::vector<T> gradient_seen(const Tensor<T, Shape<6, 3>>& x, Policy... policy) {
  auto trainer = reference_trainer<T>(optim::Sgd{.learning_rate = 1}, policy...);
  std::vector<T> change = parameters_of(trainer);
  trainer.step(x, reference_label);
  const std::vector<T> after = parameters_of(trainer);
  for (std::size_t i = 0; i < change.size(); ++i) change[i] -= after[i];
  return change;
}

template <class T>
double norm_of(const std::vector<T>& x) {
  double sum = 0;
  for (const T element : x) sum += static_cast<double>(element) * static_cast<double>(element);
  return std::sqrt(sum);
}

/// The rows of a trainer's schedule, those apart that run as the epilogue of the row before.
template <class Trainer>
constexpr int steps_of() {
  constexpr ScheduleView schedule = Trainer::Stages::view();
  int steps = 0;
  for (int i = 0; i < schedule.step_count; ++i) steps += schedule.steps[i].is_epilogue ? 0 : 1;
  return steps;
}
template <class Optimizer, class... Policy>
constexpr int steps_with(const Optimizer& optimizer, Policy... policy) {
  return steps_of<decltype(make_trainer<Cpu>(Net{}, entropy, optimizer, policy..., spec<float, 6, 3>,
                                             spec<std::int64_t, 6>))>();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(clip_grad)

BOOST_AUTO_TEST_CASE(clipping_by_norm_is_pytorchs) {
  check(reference::sgd_norm_losses, reference::sgd_norm_parameters, optim::Sgd{.learning_rate = 0.5},
        ClipGradNorm{.max_norm = 0.25});
  check(reference::adam_norm_losses, reference::adam_norm_parameters,
        optim::Adam{.learning_rate = 0.02, .weight_decay = 0.1}, ClipGradNorm{.max_norm = 0.3});
  check(reference::sgd_norm_zero_losses, reference::sgd_norm_zero_parameters,
        optim::Sgd{.learning_rate = 0.5, .weight_decay = 0.1}, ClipGradNorm{.max_norm = 0});
}

BOOST_AUTO_TEST_CASE(clipping_by_value_is_pytorchs) {
  check(reference::sgd_value_losses, reference::sgd_value_parameters, optim::Sgd{.learning_rate = 0.5},
        ClipGradValue{.clip_value = 0.03});
  check(reference::momentum_value_losses, reference::momentum_value_parameters,
        optim::Momentum{.learning_rate = 0.2, .momentum = 0.8, .weight_decay = 0.01},
        ClipGradValue{.clip_value = 0.05});
}

BOOST_AUTO_TEST_CASE(two_clips_act_in_the_order_given) {
  const optim::Sgd sgd{.learning_rate = 0.5};
  check(reference::sgd_value_norm_losses, reference::sgd_value_norm_parameters, sgd, ClipGradValue{.clip_value = 0.06},
        ClipGradNorm{.max_norm = 0.15});
  check(reference::sgd_norm_value_losses, reference::sgd_norm_value_parameters, sgd, ClipGradNorm{.max_norm = 0.15},
        ClipGradValue{.clip_value = 0.06});
}

BOOST_AUTO_TEST_CASE(with_a_scaler_what_is_clipped_has_been_divided) {
  auto trainer = reference_trainer<float>(
      optim::Adam{.learning_rate = 0.05}, ClipGradValue{.clip_value = 0.2},
      GradScaler{.init_scale = 1024, .growth_factor = 4, .backoff_factor = 0.25, .growth_interval = 3},
      ClipGradNorm{.max_norm = 0.3});
  const auto x = reference_input<float>();
  auto overflowing = x;
  for (float& element : overflowing) element *= std::numeric_limits<float>::infinity();
  for (std::size_t step = 0; step < std::size(reference::clipped_scaler_losses); ++step) {
    const bool overflows = reference::clipped_scaler_losses[step] == 0;
    const auto before = parameters_of(trainer);
    const float loss = trainer.step(overflows ? overflowing : x, reference_label);
    if (overflows) {
      BOOST_TEST(is_same(parameters_of(trainer), before));
    } else {
      BOOST_TEST(loss == reference::clipped_scaler_losses[step], boost::test_tools::tolerance(1e-5F));
    }
    BOOST_TEST(trainer.scaler_state().scale == reference::clipped_scaler_scales[step]);
  }
  const auto found = parameters_of(trainer);
  for (std::size_t i = 0; i < found.size(); ++i)
    BOOST_TEST(std::abs(found[i] - reference::clipped_scaler_parameters[i]) <= 2e-6F,
               "parameter " << i << ": " << found[i] << ", PyTorch's " << reference::clipped_scaler_parameters[i]);
}

BOOST_AUTO_TEST_CASE(gradients_in_16_bits_are_clipped_as_floats) {
  const auto x = reference_input<float>();
  const auto whole = gradient_seen<float>(x, autocast<bfloat16>);
  BOOST_TEST(norm_of(whole) > 0.2);
  const auto clipped = gradient_seen<float>(x, autocast<bfloat16>, ClipGradNorm{.max_norm = 0.1});
  BOOST_TEST(norm_of(clipped) == 0.1, boost::test_tools::tolerance(1e-5));
  for (std::size_t i = 0; i < whole.size(); ++i)
    BOOST_TEST(std::abs(clipped[i] - 0.1 / norm_of(whole) * whole[i]) <= 1e-6);
  const auto scaled =
      gradient_seen<float>(x, autocast<float16>, GradScaler{.init_scale = 4096}, ClipGradNorm{.max_norm = 0.1});
  BOOST_TEST(norm_of(scaled) == 0.1, boost::test_tools::tolerance(1e-5));
}

BOOST_AUTO_TEST_CASE(a_bound_that_is_not_reached_changes_no_bit) {
  const auto x = reference_input<double>();
  const auto whole = gradient_seen<double>(x);
  BOOST_TEST(is_same(gradient_seen<double>(x, ClipGradNorm{.max_norm = 100}), whole));
  BOOST_TEST(is_same(gradient_seen<double>(x, ClipGradNorm{.max_norm = infinity}), whole));
  BOOST_TEST(is_same(gradient_seen<double>(x, ClipGradValue{.clip_value = 100}), whole));
  BOOST_TEST(is_same(gradient_seen<double>(x, ClipGradValue{.clip_value = infinity}), whole));
  BOOST_TEST(!is_same(gradient_seen<double>(x, ClipGradNorm{.max_norm = 0.1}), whole));
}

BOOST_AUTO_TEST_CASE(gradients_that_are_not_finite) {
  // An infinite input: the gradients of the hidden layer's weights are NaN, others are finite.
  auto x = reference_input<double>();
  x(2, 1) = infinity;
  const auto whole = gradient_seen<double>(x);
  const auto by_value = gradient_seen<double>(x, ClipGradValue{.clip_value = 0.03});
  const auto by_norm = gradient_seen<double>(x, ClipGradNorm{.max_norm = 1});
  int finite = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    finite += std::isfinite(whole[i]) ? 1 : 0;
    BOOST_TEST(std::isnan(by_value[i]) == std::isnan(whole[i]));
    if (!std::isnan(whole[i])) BOOST_TEST(std::abs(by_value[i]) <= 0.03 + 1e-15);
    BOOST_TEST(std::isnan(by_norm[i]));
  }
  BOOST_TEST(finite > 0);
  BOOST_TEST(finite < static_cast<int>(whole.size()));
}

BOOST_AUTO_TEST_CASE(bounds_may_change_between_steps) {
  auto trainer = reference_trainer<double>(optim::Sgd{.learning_rate = 1}, GradScaler{}, ClipGradNorm{.max_norm = 0.1},
                                           ClipGradValue{.clip_value = 1});
  auto step = [&] {
    auto change = parameters_of(trainer);
    trainer.step(reference_input<double>(), reference_label);
    const auto after = parameters_of(trainer);
    for (std::size_t i = 0; i < change.size(); ++i) change[i] -= after[i];
    return change;
  };
  BOOST_TEST(norm_of(step()) == 0.1, boost::test_tools::tolerance(1e-4));
  trainer.optimizer.max_norm = 0.02;
  BOOST_TEST(norm_of(step()) == 0.02, boost::test_tools::tolerance(1e-4));
  trainer.optimizer.clip_value = 0.001;
  for (const double element : step()) BOOST_TEST(std::abs(element) <= 0.001 + 1e-15);
}

BOOST_AUTO_TEST_CASE(bounds_that_are_none_throw) {
  const auto says = [](const std::string& text) { return [text](const Error& error) { return error.what() == text; }; };
  BOOST_CHECK_EXCEPTION(
      reference_trainer<float>(optim::Sgd{}, ClipGradNorm{.max_norm = -1}), Error,
      says("ctgrad: ClipGradNorm needs a max_norm of 0 or more, not -1; give it one, as ClipGradNorm{.max_norm = "
           "1.0}"));
  BOOST_CHECK_EXCEPTION(
      reference_trainer<float>(optim::Adam{}, GradScaler{}, ClipGradValue{}), Error,
      says("ctgrad: ClipGradValue needs a clip_value of 0 or more, not nan; give it one, as ClipGradValue{.clip_value "
           "= 1.0}"));
  BOOST_CHECK_THROW(reference_trainer<float>(optim::Sgd{}, ClipGradNorm{.max_norm = not_a_number}), Error);
  BOOST_CHECK_THROW(reference_trainer<float>(optim::Sgd{}, ClipGradValue{.clip_value = -infinity}), Error);
  BOOST_CHECK_NO_THROW(reference_trainer<float>(optim::Sgd{}, ClipGradValue{.clip_value = 0}));
}

BOOST_AUTO_TEST_CASE(a_bound_that_has_become_none_throws_before_the_step) {
  auto trainer = reference_trainer<float>(optim::Adam{}, ClipGradNorm{.max_norm = 1});
  trainer.step(reference_input<float>(), reference_label);
  const auto before = parameters_of(trainer);
  trainer.optimizer.max_norm = not_a_number;
  BOOST_CHECK_THROW(trainer.step(reference_input<float>(), reference_label), Error);
  BOOST_TEST(is_same(parameters_of(trainer), before));
  BOOST_TEST(trainer.steps() == 1);
  trainer.optimizer.max_norm = 1;
  trainer.step(reference_input<float>(), reference_label);
  BOOST_TEST(!is_same(parameters_of(trainer), before));

  auto scaled = reference_trainer<float>(optim::Sgd{}, ClipGradValue{.clip_value = 1}, GradScaler{});
  scaled.optimizer.clip_value = -1;
  BOOST_CHECK_THROW(scaled.step(reference_input<float>(), reference_label), Error);
  BOOST_TEST(scaled.steps() == 0);
}

BOOST_AUTO_TEST_CASE(policies_in_any_order_are_one_trainer) {
  const ClipGradNorm clip{.max_norm = 0.2};
  const auto after = [](auto... policy) {
    auto trainer =
        make_trainer<Cpu>(Net{}, entropy, optim::Adam{}, policy..., spec<float, 6, 3>, spec<std::int64_t, 6>);
    for (int step = 0; step < 3; ++step) trainer.step(reference_input<float>(), reference_label);
    return parameters_of(trainer);
  };
  const auto expected = after(clip, autocast<float16>, GradScaler{}, manual_seed(5));
  BOOST_TEST(is_same(after(GradScaler{}, clip, autocast<float16>, manual_seed(5)), expected));
  BOOST_TEST(is_same(after(manual_seed(5), GradScaler{}, autocast<float16>, clip), expected));
  BOOST_TEST(!is_same(after(manual_seed(5), GradScaler{}, autocast<float16>), expected));
  auto on_device = make_trainer(Cpu(), Net{}, entropy, optim::Adam{}, autocast<float16>, manual_seed(5), GradScaler{},
                                clip, spec<float, 6, 3>, spec<std::int64_t, 6>);
  for (int step = 0; step < 3; ++step) on_device.step(reference_input<float>(), reference_label);
  BOOST_TEST(is_same(parameters_of(on_device), expected));
}

BOOST_AUTO_TEST_CASE(the_norm_is_one_pass_and_the_scaling_none) {
  constexpr ClipGradNorm norm{.max_norm = 1};
  constexpr ClipGradValue value{.clip_value = 1};
  BOOST_TEST(steps_with(optim::Adam{}, norm) == steps_with(optim::Adam{}) + 1);
  BOOST_TEST(steps_with(optim::Adam{}, value) == steps_with(optim::Adam{}));
  BOOST_TEST(steps_with(optim::Momentum{}, value, norm) == steps_with(optim::Momentum{}) + 1);
  // A scaler looks at all gradients already.
  BOOST_TEST(steps_with(optim::Adam{}, GradScaler{}, norm) == steps_with(optim::Adam{}, GradScaler{}));
}

BOOST_AUTO_TEST_SUITE_END()
