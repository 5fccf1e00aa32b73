// SPDX-License-Identifier: BSL-1.0
/// \file
/// Batch normalisation as a step of its own: on devices that ask for it, training gives what the ordinary operations
/// give on the CPU.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <ctgrad/ctgrad.hpp>

#include "emulated_gpu.hpp"

namespace ctgrad_test {

/// Asks for such steps, and has no library for them.
struct BatchNormLibraries {
  static constexpr bool batch_norms = true;
};
template <class Base>
class Norming : public Base {
public:
  using Libraries = BatchNormLibraries;
  template <class Source, int Inputs>
  using Executor = ctgrad::detail::HostExecutor<Norming, Source, Inputs>;
  Norming for_another_program() const { return {}; }
};
using NormingHost = Norming<ThrustHost>;
using NormingGpu = Norming<EmulatedGpu>;

}  // namespace ctgrad_test

namespace ctgrad {

template <class Source, class Base>
void run_program(const RunContext<ctgrad_test::Norming<Base>>& context) {
  parallel::run<Source>(context, *context.device);
}

}  // namespace ctgrad

BOOST_AUTO_TEST_SUITE(batch_norm_steps)

using namespace ctgrad;
using ctgrad_test::NormingGpu;
using ctgrad_test::NormingHost;

namespace {

struct SquaredError {
  constexpr auto operator()(const auto& model, auto x) const { return mean(square(model(x) - 0.3)); }
};

template <class S>
Tensor<double, S> random_batch(std::uint64_t seed, std::int64_t size) {
  Dimensions dimensions;
  dimensions[batch] = size;
  Tensor<double, S> x(ctgrad::detail::evaluate_extents<S>(dimensions));
  RandomStream(seed).fill_uniform(x.span(), 0, -1, 1);
  return x;
}

/// The same training on the CPU and on a device: losses, parameters and buffers.
template <class Device, class S, class Loss = SquaredError, class Model>
void compare(const Model& model) {
  const optim::Momentum optimizer{.learning_rate = 0.1};
  auto expected = make_trainer<Cpu>(model, Loss{}, optimizer, Spec<double, S>{});
  auto found = make_trainer<Device>(model, Loss{}, optimizer, Spec<double, S>{});
  auto close = [](double a, double b) { return std::abs(a - b) <= 1e-11 * (1 + std::abs(b)) || (a != a && b != b); };
  std::uint64_t step = 0;
  for (const std::int64_t size : {4, 4, 1, 7, 2, 0}) {
    const auto x = random_batch<S>(++step, size);
    const double loss = found.step(x);
    const double wanted = expected.step(x);
    BOOST_TEST(close(loss, wanted), "step " << step << ": " << loss << ", on the CPU " << wanted);
  }
  const auto& a = found.parameters().parameters();
  const auto& b = expected.parameters().parameters();
  BOOST_REQUIRE(a.size() == b.size());
  for (std::size_t p = 0; p < b.size(); ++p)
    for (std::size_t i = 0; i < b[p].elements.size(); ++i)
      BOOST_TEST(close(a[p].elements[i], b[p].elements[i]),
                 b[p].name << " " << i << ": " << a[p].elements[i] << ", on the CPU " << b[p].elements[i]);
}

template <class Device, class Model, class S>
constexpr int steps_of(StepKind kind) {
  using Trainer = decltype(make_trainer<Device>(Model{}, SquaredError{}, optim::Momentum{}, Spec<double, S>{}));
  constexpr ScheduleView schedule = Trainer::Stages::view();
  int count = 0;
  for (int i = 0; i < schedule.step_count; ++i) count += schedule.steps[i].kind == kind ? 1 : 0;
  return count;
}

/// A norm in front of relu and one in front of a shortcut, a layer that is used twice, and statistics that are used,
/// and differentiated, beside the normalisation.
struct Everything {
  nn::Conv2dNoBias<3, KernelSize<3>, Padding<1>> first;
  nn::BatchNorm2d norm;
  nn::Conv2dNoBias<3, KernelSize<3>, Padding<1>> second;
  nn::BatchNorm2d other_norm;
  nn::Linear<4> hidden;
  nn::BatchNorm1d row_norm;
  nn::Linear<4> last;
  nn::Parameter weight, bias;
  constexpr auto operator()(const auto& x) const {
    const auto h = relu(norm(first(x)));
    const auto rows = flatten<1>(relu(other_norm(second(h)) + h));
    const auto r = last(row_norm(tanh(row_norm(hidden(rows)))));
    const auto w = weight.get<Shape<4>>(r, nn::init::ones());
    const auto b = bias.get<Shape<4>>(r, nn::init::zeros());
    const auto [mean, variance] = batch_statistics(r);
    return batch_norm(r, mean, variance, w, b) * (mean + exp(variance)) + variance * mean;
  }
};
using ImageShape = Shape<batch, 2, 5, 4>;

struct Rows {
  nn::LinearNoBias<4> first;
  nn::BatchNorm1d norm;
  nn::Linear<2> output;
  constexpr auto operator()(const auto& x) const { return output(tanh(norm(first(x)))); }
};

/// Only the input is normalised: nobody needs what the reverse pass would.
struct OfInput {
  nn::Linear<2> output;
  constexpr auto operator()(const auto& x) const {
    const auto one = sum(x * 0, axis<0>) + 1;
    const auto two = 2 * one;
    const auto [mean, variance] = batch_statistics(x);
    return output(batch_norm(x, mean, variance, one, two));
  }
};

/// A penalty on the gradient by the input, so that the normalisation is differentiated twice.
struct Penalty {
  constexpr auto operator()(const auto& model, auto x) const {
    const auto error = [&](auto y) { return mean(square(model(y) - 0.3)); };
    return error(x) + sum(square(gradient(error)(x)));
  }
};

/// An operation with a rule of its own, for many points, behind a norm that is a step; and norms of many points, which
/// are none.
struct Cube {
  static constexpr std::string_view name = "cube";
  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return x * x * x;
  }
  static constexpr auto derivative(auto t, auto x, auto) { return partials(3 * t * x * x); }
};
struct Points {
  nn::Linear<6> first;
  nn::BatchNorm1d norm;
  constexpr auto operator()(const auto& x) const {
    const auto cubes = vmap([](auto row) { return elementwise<Cube>(tanh(row)) * 0.5; })(norm(first(x)));
    const auto normalised = [](auto rows) {
      const auto weight = tanh(sum(rows, axis<0>));
      const auto [mean, variance] = batch_statistics(rows);
      return batch_norm(rows, mean, variance, weight, weight);
    };
    return reshape(vmap(normalised)(reshape(cubes, shape<batch, 3, 2>)), shape<batch, 6>);
  }
};

using RowShape = Shape<batch, 5>;

}  // namespace

BOOST_AUTO_TEST_CASE(images_and_rows) {
  compare<NormingGpu, ImageShape>(Everything{});
  BOOST_TEST((steps_of<NormingGpu, Everything, ImageShape>(StepKind::batch_norm)) == 5);
  BOOST_TEST((steps_of<NormingGpu, Everything, ImageShape>(StepKind::batch_norm_gradient)) == 5);
}
BOOST_AUTO_TEST_CASE(one_row_known_at_compile_time) { compare<NormingHost, Shape<1, 5>>(Rows{}); }
BOOST_AUTO_TEST_CASE(nobody_reads_the_statistics) {
  compare<NormingHost, RowShape>(OfInput{});
  BOOST_TEST((steps_of<NormingHost, OfInput, RowShape>(StepKind::batch_norm)) == 1);
  BOOST_TEST((steps_of<NormingHost, OfInput, RowShape>(StepKind::batch_norm_gradient)) == 0);
}
BOOST_AUTO_TEST_CASE(many_points) {
  compare<NormingHost, RowShape>(Points{});
  BOOST_TEST((steps_of<NormingHost, Points, RowShape>(StepKind::batch_norm)) == 1);
}
BOOST_AUTO_TEST_CASE(differentiated_twice) { compare<NormingHost, RowShape, Penalty>(Rows{}); }

BOOST_AUTO_TEST_CASE(in_16_bits) {
  constexpr Spec<float, RowShape> inputs{};
  const optim::Sgd optimizer{.learning_rate = 0.01};
  auto found_by = make_trainer<NormingHost>(Rows{}, SquaredError{}, optimizer, autocast<bfloat16>, inputs);
  auto expected_by = make_trainer<Cpu>(Rows{}, SquaredError{}, optimizer, autocast<bfloat16>, inputs);
  for (std::uint64_t step = 0; step < 4; ++step) {
    const auto x = random_batch<RowShape>(step, 7);
    Tensor<float, RowShape> floats(x.extents());
    for (std::int64_t i = 0; i < x.size(); ++i) floats.data()[i] = static_cast<float>(x.data()[i]);
    const double found = static_cast<double>(found_by.step(floats));
    const double wanted = static_cast<double>(expected_by.step(floats));
    BOOST_TEST(std::abs(found - wanted) <= 1e-2 * wanted, found << ", on the CPU " << wanted);
  }
}

// A sum of squares less the square of the sum would leave no digit here.
BOOST_AUTO_TEST_CASE(a_large_mean_costs_no_accuracy) {
  auto trainer = make_trainer<NormingHost>(nn::BatchNorm2d{}, SquaredError{}, optim::Sgd{}, spec<float, 4, 1, 8, 8>);
  Tensor<float, Shape<4, 1, 8, 8>> x;
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = 4096 + static_cast<float>(i % 2);
  trainer.step(x);
  BOOST_TEST(std::abs(trainer.parameters()["running_var"].elements[0] - (0.9F + 0.1F * 64 / 255)) < 1e-6F);
}

BOOST_AUTO_TEST_SUITE_END()
