// SPDX-License-Identifier: BSL-1.0
/// \file
/// Which batch normalisations of a loss become steps of their own. (tests/device/parallel/batch_norm_test.cpp runs
/// them.)
#include "ctgrad/passes/batch_norm_steps.hpp"

#include <boost/test/unit_test.hpp>

#include "graph_queries.hpp"

BOOST_AUTO_TEST_SUITE(batch_norm_steps_pass)

using namespace ctgrad;
using ctgrad_test::count;

namespace {

template <class F, class... Specs>
struct AsSteps {
  static constexpr int blocks = 0;
  static constexpr ctgrad::detail::GraphSize expected() { return {200, 40, 40, 8, 0}; }
  static constexpr GraphBuilder run() {
    return batch_norms_as_steps(Frozen<FunctionSource<F, Specs...>>::graph.view());
  }
  static constexpr GraphView view() { return Frozen<AsSteps>::graph.view(); }
};
template <class F, class... Specs>
constexpr GraphView with_steps(F, Specs...) {
  return AsSteps<F, Specs...>::view();
}
template <class F, class... Specs>
constexpr GraphView simplified_with_steps(F, Specs...) {
  return Pipeline<AsSteps<F, Specs...>>::simplified();
}

constexpr auto images = spec<float, batch, 4, 5, 6>;
constexpr auto channels = spec<float, 4>;

constexpr auto normalised = [](auto x, auto weight, auto bias) {
  const auto [mean, variance] = batch_statistics(x);
  return batch_norm(x, mean, variance, weight, bias, 1e-3);
};
constexpr GraphView alone = simplified_with_steps(normalised, images, channels, channels);

// The mean stays for the variance alone, and goes with it.
static_assert(count<ops::BatchNorm>(alone) == 1);
static_assert(alone.size == 4);

// Statistics that are results too come out of the step.
constexpr auto with_statistics = [](auto x, auto weight, auto bias) {
  const auto [mean, variance] = batch_statistics(x);
  return std::tuple{batch_norm(x, mean, variance, weight, bias), mean, variance};
};
constexpr GraphView statistics = simplified_with_steps(with_statistics, images, channels, channels);
static_assert(count<ops::SideResult>(statistics) == 1 && count<ops::Sum>(statistics) == 0);

// Given statistics, as at inference, are no minibatch's.
constexpr auto evaluated = [](auto x, auto mean, auto variance, auto weight, auto bias) {
  return batch_norm(x, mean, variance, weight, bias);
};
static_assert(count<ops::BatchNorm>(with_steps(evaluated, images, channels, channels, channels, channels)) == 0);

// Nor are statistics of another array, a mean that was changed, or a variance without a normalisation.
constexpr auto of_another = [](auto x, auto y, auto weight, auto bias) {
  const auto [mean, variance] = batch_statistics(y);
  return batch_norm(x, mean, variance, weight, bias);
};
static_assert(count<ops::BatchNorm>(with_steps(of_another, images, images, channels, channels)) == 0);
constexpr auto of_changed_mean = [](auto x, auto weight, auto bias) {
  const auto [mean, variance] = batch_statistics(x);
  return batch_norm(x, mean + 1, variance, weight, bias);
};
static_assert(count<ops::BatchNorm>(with_steps(of_changed_mean, images, channels, channels)) == 0);
constexpr auto of_changed_variance = [](auto x, auto weight, auto bias) {
  const auto [mean, variance] = batch_statistics(x);
  return batch_norm(x, mean, variance * 2, weight, bias);
};
static_assert(count<ops::BatchNorm>(with_steps(of_changed_variance, images, channels, channels)) == 0);
static_assert(count<ops::BatchNorm>(with_steps([](auto x) { return batch_statistics(x).second; }, images)) == 0);

// A weight that depends on the variance is not known where the step would stand.
constexpr auto with_variance_in_weight = [](auto x, auto bias) {
  const auto [mean, variance] = batch_statistics(x);
  return batch_norm(x, mean, variance, variance + 1, bias);
};
static_assert(count<ops::BatchNorm>(with_steps(with_variance_in_weight, images, channels)) == 0);

// One step for each array, in the order in which they are normalised.
constexpr auto twice = [](auto x, auto weight, auto bias) {
  return normalised(normalised(x, weight, bias), weight, bias);
};
static_assert(count<ops::BatchNorm>(with_steps(twice, images, channels, channels)) == 2);

// A graph without any stays what it was.
constexpr auto other = [](auto x) { return sum(tanh(x) * x); };
static_assert(
    with_steps(other, images).size ==
    Pipeline<FunctionSource<std::remove_const_t<decltype(other)>, std::remove_const_t<decltype(images)>>>::traced()
        .size);

}  // namespace

BOOST_AUTO_TEST_CASE(as_text) {
  BOOST_TEST(to_string(alone) ==
             "%0 = input 0 : float32[batch, 4, 5, 6]\n"
             "%1 = input 1 : float32[4]\n"
             "%2 = input 2 : float32[4]\n"
             "%3 = batch_norm(%0, %1, %2, epsilon 0.001) : float32[batch, 4, 5, 6]\n"
             "result 0 = %3\n");
}

// What a device makes of a step with two arrays: both are written, and only the second is small.
BOOST_AUTO_TEST_CASE(the_side_result_has_a_place) {
  using Stages = Pipeline<AsSteps<std::remove_const_t<decltype(with_statistics)>, std::remove_const_t<decltype(images)>,
                                  std::remove_const_t<decltype(channels)>, std::remove_const_t<decltype(channels)>>>;
  constexpr ScheduleView schedule = Stages::view();
  BOOST_TEST(count(schedule, StepKind::batch_norm) == 1);
  const Step& step = schedule.steps[0];
  BOOST_TEST(step.input_count == 3);
  BOOST_TEST(step.operand_count == 5);
  const StepOperand& side = schedule.operands[step.first_operand + 4];
  BOOST_TEST(side.rank == 2);
  BOOST_TEST(side.stride[0] == static_cast<Extent>(ops::BatchNormStatistics::rows));
  BOOST_TEST(side.stride[1] == 4);
  const std::string text = to_string(schedule, Stages::legal(), Stages::fusion());
  BOOST_TEST(text.find("shape [5, 4]") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
