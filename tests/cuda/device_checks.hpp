// SPDX-License-Identifier: BSL-1.0
/// \file
/// What a device with memory of its own must do, on a GPU and on the emulated runtime.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "ctgrad/cuda.hpp"

namespace ctgrad_test {

using namespace ctgrad;

struct LeNet {
  nn::Conv2d<3, KernelSize<5>, Padding<2>> first;
  nn::BatchNorm2d normalise;
  nn::Conv2d<4, KernelSize<5>> second;
  nn::Linear<16> hidden;
  nn::Dropout dropout{0.3};
  nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const {
    const auto a = max_pool2d(relu(normalise(first(x))), kernel_size<2>);
    const auto b = avg_pool2d(relu(second(a)), kernel_size<2>);
    return output(dropout(relu(hidden(flatten<1>(b)))));
  }
};

struct Loss {
  constexpr auto operator()(const auto& model, auto x, auto y) const {
    const auto logits = model(x);
    return std::tuple{cross_entropy(logits, y), sum(cast<std::int64_t>(argmax(logits, axis<1>) == y))};
  }
};

struct Logits {
  constexpr auto operator()(const auto& model, auto x) const { return model(x); }
};
struct ProductAndSum {
  constexpr auto operator()(auto x, auto y) const { return std::pair{x * y, sum(x + y)}; }
};
struct Rows {
  constexpr auto operator()(auto table, auto index) const { return take(table, index); }
};

using Images = Tensor<float, Shape<batch, 1, 28, 28>>;
using Labels = Tensor<std::int64_t, Shape<batch>>;
inline constexpr auto images = spec<float, batch, 1, 28, 28>;
inline constexpr auto labels = spec<std::int64_t, batch>;

inline Images make_images(int number, std::int64_t size) {
  Images x(Extents<4>{size, 1, 28, 28});
  RandomStream(static_cast<std::uint64_t>(number)).fill_uniform(x.span());
  return x;
}
inline Labels make_labels(int number, std::int64_t size) {
  Labels y(Extents<1>{size});
  for (std::int64_t i = 0; i < size; ++i) y(i) = (7 * i + number) % 10;
  return y;
}

/// Trains on both devices with batches of changing sizes and compares.
template <class Device>
void check_training(const Device& device = {}) {
  auto expected =
      make_trainer<Cpu>(LeNet{}, Loss{}, optim::Momentum{.learning_rate = 0.05}, manual_seed(3), images, labels);
  auto found =
      make_trainer(device, LeNet{}, Loss{}, optim::Momentum{.learning_rate = 0.05}, manual_seed(3), images, labels);
  const std::int64_t sizes[] = {8, 8, 8, 8, 8, 3, 8, 3, 8, 3, 3, 8};
  int number = 0;
  for (const std::int64_t size : sizes) {
    auto x = make_images(number, size);
    auto y = make_labels(number, size);
    const auto [loss, right] = found.step(x, y);
    const auto [expected_loss, expected_right] = expected.step(x, y);
    // The call is over: its arguments may change.
    x.fill(std::numeric_limits<float>::quiet_NaN());
    y.fill(-1);
    BOOST_TEST(static_cast<float>(loss) == expected_loss, boost::test_tools::tolerance(1e-4F));
    BOOST_TEST(static_cast<std::int64_t>(right) == expected_right);
    ++number;
  }
  const auto& a = found.parameters().parameters();
  const auto& b = expected.parameters().parameters();
  for (std::size_t p = 0; p < b.size(); ++p)
    for (std::size_t i = 0; i < b[p].elements.size(); ++i)
      BOOST_TEST(std::abs(a[p].elements[i] - b[p].elements[i]) <= 2e-3F, a[p].name << " " << i);
}

/// Hidden layers are products with a bias and relu, which a library may compute in one call.
struct ReluMlp {
  nn::Linear<24> first;
  nn::LinearNoBias<17> second;
  nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const { return output(relu(second(relu(first(x))))); }
};

/// Trains on both devices with batches of changing sizes and compares, parameters and logits.
template <class... Policy>
void check_relu_layers(const Cuda& device, float tolerance, Policy... policy) {
  constexpr auto vectors = spec<float, batch, 30>;
  auto expected =
      make_trainer<Cpu>(ReluMlp{}, Loss{}, optim::Momentum{.learning_rate = 0.05}, policy..., vectors, labels);
  auto found =
      make_trainer(device, ReluMlp{}, Loss{}, optim::Momentum{.learning_rate = 0.05}, policy..., vectors, labels);
  auto logits = found.inference(Logits{}, vectors);
  auto expected_logits = expected.inference(Logits{}, vectors);
  int number = 0;
  for (const std::int64_t size : {8, 8, 8, 8, 1, 1, 1, 8, 0, 3}) {
    Tensor<float, Shape<batch, 30>> x(Extents<2>{size, 30});
    RandomStream(static_cast<std::uint64_t>(++number)).fill_uniform(x.span(), 0, -1, 1);
    if (size > 0) {
      const auto y = make_labels(number, size);
      const float loss = std::get<0>(found.step(x, y));
      BOOST_TEST(loss == std::get<0>(expected.step(x, y)), boost::test_tools::tolerance(tolerance));
    }
    const Tensor<float, Shape<batch, 10>> a = logits(x).cpu();
    const auto b = expected_logits(x);
    for (std::int64_t i = 0; i < b.size(); ++i) BOOST_TEST(std::abs(a.data()[i] - b.data()[i]) <= tolerance);
  }
  const auto& a = found.parameters().parameters();
  const auto& b = expected.parameters().parameters();
  for (std::size_t p = 0; p < b.size(); ++p)
    for (std::size_t i = 0; i < b[p].elements.size(); ++i)
      BOOST_TEST(std::abs(a[p].elements[i] - b[p].elements[i]) <= tolerance, a[p].name << " " << i);
}

inline void check_steps_that_nobody_waits_for_add_up_the_same() {
  auto expected = make_trainer<Cpu>(LeNet{}, Loss{}, optim::Sgd{.learning_rate = 0.1}, images, labels);
  auto found = make_trainer<Cuda>(LeNet{}, Loss{}, optim::Sgd{.learning_rate = 0.1}, images, labels);
  for (int i = 0; i < 9; ++i) {
    // 500 images are staged through the second stream.
    const std::int64_t size = i % 2 == 0 ? 100 : 4;
    auto x = make_images(i, size);
    found.optimizer.learning_rate = expected.optimizer.learning_rate = 0.1 / (i + 1);
    found.step(x, make_labels(i, size));
    expected.step(x, make_labels(i, size));
    x.fill(std::numeric_limits<float>::quiet_NaN());
  }
  const auto& a = found.parameters().parameters();
  const auto& b = expected.parameters().parameters();
  for (std::size_t p = 0; p < b.size(); ++p)
    for (std::size_t i = 0; i < b[p].elements.size(); ++i)
      BOOST_TEST(std::abs(a[p].elements[i] - b[p].elements[i]) <= 1e-3F, a[p].name << " " << i);
}

/// Moves the trainer after every step: what is on its way to the GPU must not be lost or overwritten.
inline void check_a_trainer_can_be_moved_between_steps() {
  auto expected = make_trainer<Cpu>(LeNet{}, Loss{}, optim::Sgd{.learning_rate = 0.1}, images, labels);
  auto found = make_trainer<Cuda>(LeNet{}, Loss{}, optim::Sgd{.learning_rate = 0.1}, images, labels);
  for (int i = 0; i < 7; ++i) {
    // Large enough for the second stream.
    found.step(make_images(i, 100), make_labels(i, 100));
    expected.step(make_images(i, 100), make_labels(i, 100));
    auto moved = std::move(found);
    found = std::move(moved);
  }
  const auto& a = found.parameters().parameters();
  const auto& b = expected.parameters().parameters();
  for (std::size_t p = 0; p < b.size(); ++p)
    for (std::size_t i = 0; i < b[p].elements.size(); ++i)
      BOOST_TEST(std::abs(a[p].elements[i] - b[p].elements[i]) <= 1e-3F, a[p].name << " " << i);
}

inline void check_parameters_go_both_ways() {
  auto trainer = make_trainer<Cuda>(LeNet{}, Loss{}, optim::Sgd{.learning_rate = 0.1}, images, labels);
  auto logits = trainer.inference(Logits{}, images);
  const auto x = make_images(1, 4);
  const Tensor<float, Shape<batch, 10>> before = logits(x).cpu();
  trainer.step(x, make_labels(1, 4));
  const Tensor<float, Shape<batch, 10>> after = logits(x).cpu();
  BOOST_TEST(before(0, 0) != after(0, 0));
  auto bias = trainer.parameters().view<Shape<10>>("output.bias");
  for (float& b : bias) b += 1;
  const Tensor<float, Shape<batch, 10>> moved = logits(x).cpu();
  for (int i = 0; i < 10; ++i) BOOST_TEST(moved(0, i) == after(0, i) + 1, boost::test_tools::tolerance(1e-5F));
  trainer.step(x, make_labels(1, 4));
  const float written = std::as_const(trainer).parameters().view<Shape<10>>("output.bias")(0);
  BOOST_TEST(std::abs(written - 1) < 0.8F);
}

inline void check_arrays_on_the_gpu_are_arguments_and_results() {
  auto program = compile<Cuda>(
      [](auto x, auto y) {
        return std::pair{x * y, sum(x + y)};
      },
      spec<float, batch, 3>, spec<float, 3>);
  const Tensor<float, Shape<3>> y({1, 2, 3});
  for (int i = 0; i < 5; ++i) {
    Tensor<float, Shape<batch, 3>> host(Extents<2>{2, 3});
    host.fill(static_cast<float>(i));
    Tensor<float, Shape<batch, 3>, Cuda> x(host.view());
    const auto [product, total] = program(x, y);
    const auto found = product.cpu();
    BOOST_TEST(found(1, 2) == 3.0F * static_cast<float>(i));
    BOOST_TEST(total.item() == 6.0F * static_cast<float>(i) + 12);
    // A result is an argument of the next call.
    const auto [again, more] = program(product, y);
    BOOST_TEST(again.cpu()(0, 1) == 4.0F * static_cast<float>(i));
  }
}

inline void check_a_wrong_index_throws_when_the_result_is_read() {
  auto program = compile<Cuda>(Rows{}, spec<float, 5, 2>, spec<std::int32_t, 3>);
  const auto table = Tensor<float, Shape<5, 2>>::arange();
  const auto wrong = program(table, Tensor<std::int32_t, Shape<3>>({0, 5, 1}));
  BOOST_CHECK_EXCEPTION(wrong.cpu(), Error, [](const Error& e) {
    return std::string(e.what()).find("take was given the index 5, but the axis has the length 5") != std::string::npos;
  });
  BOOST_TEST(program(table, Tensor<std::int32_t, Shape<3>>({4, 0, 1})).cpu()(0, 1) == 9);
}

}  // namespace ctgrad_test
