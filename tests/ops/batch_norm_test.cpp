// SPDX-License-Identifier: BSL-1.0
/// \file
/// Batch normalisation: values with a large mean, derivatives, and what the compiler makes of it.
#include "check_gradient.hpp"
#include "check_values.hpp"

BOOST_AUTO_TEST_SUITE(batch_norm_operation)

using namespace ctgrad;
using ctgrad_test::check_gradient;
using ctgrad_test::check_values;
using ctgrad_test::Fill;

constexpr auto normalised = [](auto x, auto weight, auto bias) {
  const auto [mean, variance] = batch_statistics(x);
  return std::tuple{batch_norm(x, mean, variance, weight, bias)};
};
constexpr auto with_statistics = [](auto x, auto weight, auto bias) {
  const auto [mean, variance] = batch_statistics(x);
  return std::tuple{batch_norm(x, mean, variance, weight, bias), mean * variance, variance};
};
constexpr auto evaluated = [](auto x, auto mean, auto variance, auto weight, auto bias) {
  return std::tuple{batch_norm(x, mean, exp(variance), weight, bias)};
};

BOOST_AUTO_TEST_CASE(derivatives_of_images) {
  check_gradient<Shape<3, 2, 2, 3>, Shape<2>, Shape<2>>(with_statistics, {-1, 1, 7});
}
BOOST_AUTO_TEST_CASE(derivatives_of_rows) {
  check_gradient<Shape<5, 3>, Shape<3>, Shape<3>>(with_statistics, {-1, 1, 8});
}
BOOST_AUTO_TEST_CASE(derivatives_of_one_channel) {
  check_gradient<Shape<2, 1, 3>, Shape<1>, Shape<1>>(with_statistics, {-1, 1, 9});
}
BOOST_AUTO_TEST_CASE(derivatives_of_one_value) { check_gradient<Shape<1, 3, 1, 1>, Shape<3>, Shape<3>>(normalised); }
BOOST_AUTO_TEST_CASE(derivatives_of_no_images) { check_gradient<Shape<0, 2, 3, 3>, Shape<2>, Shape<2>>(normalised); }
BOOST_AUTO_TEST_CASE(derivatives_with_given_statistics) {
  check_gradient<Shape<2, 3, 2, 2>, Shape<3>, Shape<3>, Shape<3>, Shape<3>>(evaluated, {-1, 1, 10});
}

BOOST_AUTO_TEST_CASE(batches_of_all_sizes) {
  const auto f = [](auto x, auto weight, auto bias) {
    const auto g = [](auto... y) { return sum(square(std::get<0>(normalised(y...)))); };
    return std::tuple{normalised(x, weight, bias), gradient(g, wrt<1, 2>)(x, weight, bias)};
  };
  check_values<Spec<double, Shape<batch, 3, 5, 4>>, Spec<double, Shape<3>>, Spec<double, Shape<3>>>(f, Fill::ordinary,
                                                                                                    {2, 5, 17});
}

// The mean of the squares minus the square of the mean would leave no digit here.
BOOST_AUTO_TEST_CASE(a_large_mean_costs_no_accuracy) {
  auto program = compile<Cpu>([](auto x) { return batch_statistics(x).second; }, spec<float, batch, 1, 8, 8>);
  Tensor<float, Shape<batch, 1, 8, 8>> x({4, 1, 8, 8});
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = 4096 + static_cast<float>(i % 2);
  BOOST_TEST(program(x)(0) == 0.25F);
}

BOOST_AUTO_TEST_CASE(of_tensors) {
  const auto x = Tensor<double, Shape<4, 3, 2, 2>>::uniform(1, -1, 1);
  const auto weight = Tensor<double, Shape<3>>::uniform(2, -1, 1);
  const auto bias = Tensor<double, Shape<3>>::uniform(3, -1, 1);
  const auto [mean, variance] = batch_statistics(x);
  const Tensor y = batch_norm(x, mean, variance, weight, bias);
  auto program = compile<Cpu>(normalised, spec<double, 4, 3, 2, 2>, spec<double, 3>, spec<double, 3>);
  const auto wanted = std::get<0>(program(x, weight, bias));
  for (std::int64_t i = 0; i < y.size(); ++i) BOOST_TEST(std::abs(y.data()[i] - wanted.data()[i]) < 1e-14);
}

// Forward: mean, variance, result. Reverse: one loop for all sums, one for the images' derivative.
BOOST_AUTO_TEST_CASE(five_passes_over_the_images) {
  constexpr auto f = [](auto x, auto weight, auto bias, auto t) {
    return sum(std::get<0>(normalised(x, weight, bias)) * t);
  };
  auto program = compile<Cpu>(value_and_grad(f, wrt<0, 1, 2>), spec<float, batch, 4, 8, 8>, spec<float, 4>,
                              spec<float, 4>, spec<float, batch, 4, 8, 8>);
  constexpr ScheduleView schedule = decltype(program)::Stages::view();
  int over_images = 0;
  for (int i = 0; i < schedule.step_count; ++i) over_images += is_static(schedule.steps[i].space.size()) ? 0 : 1;
  BOOST_TEST(over_images <= 5);
}

constexpr auto convolved = [](auto x, auto w) { return conv2d(x, w, padding<1>); };
constexpr auto between_convolutions = [](auto x, auto v, auto w, auto, auto, auto t) {
  return sum(convolved(convolved(x, v), w) * t);
};
constexpr auto alone = [](auto x, auto v, auto w, auto weight, auto bias, auto t) {
  return sum(convolved(std::get<0>(normalised(convolved(x, v), weight, bias)), w) * t);
};
constexpr auto with_relu = [](auto x, auto v, auto w, auto weight, auto bias, auto t) {
  return sum(convolved(relu(std::get<0>(normalised(convolved(x, v), weight, bias))), w) * t);
};
constexpr auto with_shortcut_and_relu = [](auto x, auto v, auto w, auto weight, auto bias, auto t) {
  return sum(convolved(relu(std::get<0>(normalised(convolved(x, v), weight, bias)) + x), w) * t);
};

/// How often the loops of a gradient read or write an array of the images' size.
template <class F>
constexpr int arrays_of_loops(const F& f) {
  using Program =
      decltype(compile<Cpu>(value_and_grad(f, wrt<0, 1, 2, 3, 4>), spec<float, batch, 4, 8, 8>, spec<float, 4, 4, 3, 3>,
                            spec<float, 4, 4, 3, 3>, spec<float, 4>, spec<float, 4>, spec<float, batch, 4, 8, 8>));
  constexpr ScheduleView schedule = Program::Stages::view();
  int arrays = 0;
  for (int i = 0; i < schedule.step_count; ++i) {
    const Step& step = schedule.steps[i];
    if (step.kind != StepKind::kernel) continue;
    for (int k = 0; k < step.operand_count; ++k)
      for (int axis = 0; axis < step.space.rank; ++axis)
        if (!is_static(step.space[axis]) && schedule.operands[step.first_operand + k].stride[axis] != 0) ++arrays;
  }
  return arrays;
}

// The table of docs/gpu.md: what follows a batch norm joins its loops.
BOOST_AUTO_TEST_CASE(arrays_read_and_written) {
  constexpr int others = arrays_of_loops(between_convolutions);
  BOOST_TEST(arrays_of_loops(alone) - others == 4 + 5);
  BOOST_TEST(arrays_of_loops(with_relu) - others == 4 + 7);
  BOOST_TEST(arrays_of_loops(with_shortcut_and_relu) - others == 5 + 11);
}

BOOST_AUTO_TEST_SUITE_END()
