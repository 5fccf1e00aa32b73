// SPDX-License-Identifier: BSL-1.0
/// \file
/// Whole programs and training steps on the devices of many threads, against the CPU.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "emulated_gpu.hpp"

BOOST_AUTO_TEST_SUITE(parallel_program)

using namespace ctgrad;
using ctgrad_test::EmulatedGpu;

namespace {

struct LeNet {
  nn::Conv2d<6, KernelSize<5>, Padding<2>> first;
  nn::BatchNorm2d normalise;
  nn::Conv2d<16, KernelSize<5>> second;
  nn::Linear<32> hidden;
  nn::Dropout dropout{0.3};
  nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const {
    const auto a = max_pool2d(relu(normalise(first(x))), kernel_size<2>);
    const auto b = avg_pool2d(relu(second(a)), kernel_size<2>);
    return output(dropout(relu(hidden(flatten<1>(b)))));
  }
};

struct Mlp {
  nn::Linear<65> hidden;
  nn::Dropout dropout{0.25};
  nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const { return output(dropout(tanh(hidden(flatten<1>(x))))); }
};

struct Loss {
  constexpr auto operator()(const auto& model, auto x, auto y) const {
    const auto logits = model(x);
    return std::tuple{cross_entropy(logits, y), sum(cast<std::int64_t>(argmax(logits, axis<1>) == y))};
  }
};

template <class Device, class Model, class Optimizer>
void check_training(Model model, Optimizer optimizer) {
  constexpr auto images = spec<float, batch, 1, 28, 28>;
  constexpr auto labels = spec<std::int64_t, batch>;
  auto expected = make_trainer<Cpu>(model, Loss{}, optimizer, manual_seed(3), images, labels);
  auto found = make_trainer<Device>(model, Loss{}, optimizer, manual_seed(3), images, labels);
  for (int step = 0; step < 4; ++step) {
    const std::int64_t size = step == 3 ? 3 : 8;
    Tensor<float, Shape<batch, 1, 28, 28>> x(Extents<4>{size, 1, 28, 28});
    RandomStream(static_cast<std::uint64_t>(step)).fill_uniform(x.span());
    Tensor<std::int64_t, Shape<batch>> y(Extents<1>{size});
    for (std::int64_t i = 0; i < size; ++i) y(i) = (7 * i + step) % 10;
    const auto [loss, right] = found.step(x, y);
    const auto [expected_loss, expected_right] = expected.step(x, y);
    BOOST_TEST(loss == expected_loss, boost::test_tools::tolerance(1e-4F));
    BOOST_TEST(right == expected_right);
  }
  const auto& a = found.parameters().parameters();
  const auto& b = expected.parameters().parameters();
  for (std::size_t p = 0; p < b.size(); ++p)
    for (std::size_t i = 0; i < b[p].elements.size(); ++i)
      BOOST_TEST(std::abs(a[p].elements[i] - b[p].elements[i]) <= 2e-3F, a[p].name << " " << i);
}

}  // namespace

BOOST_AUTO_TEST_CASE(training_on_thrust_host) {
  check_training<ThrustHost>(LeNet{}, optim::Momentum{.learning_rate = 0.05});
  check_training<ThrustHost>(Mlp{}, optim::Adam{.learning_rate = 1e-3});
}
BOOST_AUTO_TEST_CASE(training_on_an_emulated_gpu) {
  check_training<EmulatedGpu>(LeNet{}, optim::Momentum{.learning_rate = 0.05});
  check_training<EmulatedGpu>(Mlp{}, optim::Adam{.learning_rate = 1e-3});
}

BOOST_AUTO_TEST_CASE(rows_of_a_table_and_their_adjoint) {
  const auto f = [](auto table, auto index, auto weight) {
    const auto loss = [=](auto t) { return sum(take(t, index) * weight); };
    return std::pair{take(table, index), gradient(loss)(table)};
  };
  const auto table = Tensor<float, Shape<50, 40>>::uniform(1, -1, 1);
  const auto weight = Tensor<float, Shape<200, 40>>::uniform(2, -1, 1);
  Tensor<std::int64_t, Shape<200>> index;
  for (int i = 0; i < 200; ++i) index(i) = i * i % 50;
  auto expected = compile<Cpu>(f, spec<float, 50, 40>, spec<std::int64_t, 200>, spec<float, 200, 40>);
  auto found = compile<EmulatedGpu>(f, spec<float, 50, 40>, spec<std::int64_t, 200>, spec<float, 200, 40>);
  const auto [rows, slope] = found(table, index, weight);
  const auto [expected_rows, expected_slope] = expected(table, index, weight);
  for (int i = 0; i < rows.size(); ++i) BOOST_TEST(rows.data()[i] == expected_rows.data()[i]);
  // Both add in the order of the indices.
  for (int i = 0; i < slope.size(); ++i) BOOST_TEST(slope.data()[i] == expected_slope.data()[i]);
}

BOOST_AUTO_TEST_CASE(an_index_out_of_range_throws_and_the_next_call_is_right) {
  auto program = compile<ThrustHost>([](auto table, auto index) { return take(table, index); }, spec<float, 5, 2>,
                                     spec<std::int32_t, 3>);
  const auto table = Tensor<float, Shape<5, 2>>::arange();
  BOOST_CHECK_EXCEPTION(program(table, Tensor<std::int32_t, Shape<3>>({0, 5, 1})), Error, [](const Error& e) {
    const std::string text = e.what();
    return text.find("take was given the index 5, but the axis has the length 5") != std::string::npos &&
           text.find("(step 0, take of [5, 2] and [3])") != std::string::npos;
  });
  BOOST_TEST(program(table, Tensor<std::int32_t, Shape<3>>({4, 0, 1}))(0, 1) == 9);
}

BOOST_AUTO_TEST_CASE(random_numbers_are_those_of_the_cpu) {
  const auto f = [](auto x) { return dropout(x, 0.5); };
  auto expected = compile<Cpu>(f, spec<double, 1001>);
  auto found = compile<ThrustHost>(f, spec<double, 1001>);
  const auto x = Tensor<double, Shape<1001>>::full(1);
  for (const std::uint64_t seed : {0U, 1U, 77U}) {
    expected.seed(seed);
    found.seed(seed);
    const auto a = found(x);
    const auto b = expected(x);
    for (int i = 0; i < 1001; ++i) BOOST_TEST(a(i) == b(i));
  }
}

BOOST_AUTO_TEST_CASE(integers_are_multiplied_as_integers) {
  const auto f = [](auto a, auto b) { return matmul(a, b); };
  Tensor<std::int64_t, Shape<3, 4>> a;
  Tensor<std::int64_t, Shape<4, 2>> b;
  for (int i = 0; i < 12; ++i) a.data()[i] = i - 5;
  for (int i = 0; i < 8; ++i) b.data()[i] = 3 * i - 7;
  auto expected = compile<Cpu>(f, spec<std::int64_t, 3, 4>, spec<std::int64_t, 4, 2>);
  auto found = compile<ThrustHost>(f, spec<std::int64_t, 3, 4>, spec<std::int64_t, 4, 2>);
  const auto x = found(a, b);
  const auto y = expected(a, b);
  for (int i = 0; i < 6; ++i) BOOST_TEST(x.data()[i] == y.data()[i]);
}

BOOST_AUTO_TEST_SUITE_END()
