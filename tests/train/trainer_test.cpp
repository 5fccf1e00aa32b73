// SPDX-License-Identifier: BSL-1.0
#include <boost/test/unit_test.hpp>

#include <cstring>
#include <vector>

#include <ctgrad/ctgrad.hpp>

#if defined(_OPENMP)
#include <omp.h>
#endif

using namespace ctgrad;

namespace {

struct Mlp {
  nn::Linear<300> hidden;
  nn::Dropout dropout{0.25};
  nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const { return output(dropout(tanh(hidden(x)))); }
};

struct OneLayer {
  nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const { return output(x); }
};

/// A table of rows: an index outside of it throws in the middle of a step.
struct Lookup {
  nn::Parameter table;
  constexpr auto operator()(const auto& index, const auto& like) const {
    return take(table.template get<Shape<5, 3>>(like, nn::init::normal(0, 1)), index);
  }
};

constexpr auto cross_entropy_loss = [](const auto& model, auto x, auto label) {
  return cross_entropy(model(x), label);
};

Tensor<float, Shape<batch, 200>> some_inputs(std::int64_t count) {
  Tensor<float, Shape<batch, 200>> x({count, 200});
  RandomStream(5).fill_normal(x.span());
  return x;
}

Tensor<std::int64_t, Shape<batch>> some_labels(std::int64_t count) {
  Tensor<std::int64_t, Shape<batch>> label(Extents<1>{count});
  for (std::int64_t i = 0; i < count; ++i) label(i) = (7 * i) % 10;
  return label;
}

auto make_mlp(std::uint64_t seed) {
  return Trainer<Cpu, Mlp, decltype(cross_entropy_loss), optim::Adam, Spec<float, Shape<batch, 200>>,
                 Spec<std::int64_t, Shape<batch>>>({}, seed);
}

/// The bits of all parameters after a few steps.
std::vector<std::uint32_t> train_bits(int threads, std::uint64_t seed) {
#if defined(_OPENMP)
  const int before = omp_get_max_threads();
  omp_set_num_threads(threads);
#else
  static_cast<void>(threads);
#endif
  auto trainer = make_mlp(seed);
  const auto x = some_inputs(600);
  const auto label = some_labels(600);
  for (int i = 0; i < 3; ++i) trainer.step(x, label);
#if defined(_OPENMP)
  omp_set_num_threads(before);
#endif
  std::vector<std::uint32_t> bits(static_cast<std::size_t>(trainer.parameters().size()));
  std::memcpy(bits.data(), trainer.parameters().data(), bits.size() * sizeof(float));
  return bits;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(trainer)

BOOST_AUTO_TEST_CASE(the_loss_falls) {
  auto trainer = make_mlp(1);
  const auto x = some_inputs(40);
  const auto label = some_labels(40);
  const float first = trainer.step(x, label);
  float last = first;
  for (int i = 0; i < 100; ++i) last = trainer.step(x, label);
  BOOST_TEST(first > 1.5F);
  BOOST_TEST(last < 0.1F * first);
  BOOST_TEST(trainer.steps() == 101);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_bits_whatever_the_number_of_threads) {
  const auto one = train_bits(1, 3);
  BOOST_TEST((one == train_bits(1, 3)));
  BOOST_TEST((one == train_bits(2, 3)));
  BOOST_TEST((one == train_bits(3, 3)));
  BOOST_TEST((one != train_bits(1, 4)));
}

BOOST_AUTO_TEST_CASE(batches_of_any_size_run_without_compiling_again) {
  auto trainer = make_mlp(1);
  for (const std::int64_t count : {64, 7, 1, 64}) {
    const auto x = some_inputs(count);
    const auto label = some_labels(count);
    BOOST_TEST(trainer.step(x, label) > 0.0F);
  }
}

BOOST_AUTO_TEST_CASE(two_halves_of_a_batch_average_to_the_whole) {
  // Plain gradient descent without dropout is linear in the gradient: one step on 8 samples moves the parameters as far
  // as the mean of the steps on each half.
  auto make = [] {
    return make_trainer<Cpu>(OneLayer{}, cross_entropy_loss, optim::Sgd{.learning_rate = 1}, spec<float, batch, 200>,
                             spec<std::int64_t, batch>);
  };
  const auto x = some_inputs(8);
  const auto label = some_labels(8);
  auto whole = make();
  auto left = make();
  auto right = make();
  const std::vector<float> start(whole.parameters().elements().begin(), whole.parameters().elements().end());
  whole.step(x, label);
  using X = TensorView<const float, Shape<batch, 200>>;
  using L = TensorView<const std::int64_t, Shape<batch>>;
  left.step(X(x.data(), {4, 200}), L(label.data(), {4}));
  right.step(X(x.data() + 4 * 200, {4, 200}), L(label.data() + 4, {4}));
  for (std::size_t i = 0; i < start.size(); ++i) {
    const float mean = (left.parameters().elements()[i] + right.parameters().elements()[i]) / 2;
    BOOST_TEST(std::abs(whole.parameters().elements()[i] - mean) < 2e-6F);
  }
}

BOOST_AUTO_TEST_CASE(arguments_that_do_not_fit_change_nothing) {
  auto trainer = make_mlp(1);
  const std::vector<float> start(trainer.parameters().elements().begin(), trainer.parameters().elements().end());
  const auto x = some_inputs(8);
  const auto label = some_labels(9);
  BOOST_CHECK_EXCEPTION(trainer.step(x, label), Error, [](const Error& error) {
    return std::string(error.what()).find("argument 2 has the extents [9]") != std::string::npos;
  });
  const auto same = trainer.parameters().elements();
  BOOST_TEST(std::equal(start.begin(), start.end(), same.begin()));
  BOOST_TEST(trainer.steps() == 0);
}

BOOST_AUTO_TEST_CASE(a_step_that_throws_leaves_the_parameters_untouched) {
  auto loss = [](const auto& model, auto index, auto target) { return mse_loss(model(index, target), target); };
  auto trainer = make_trainer<Cpu>(Lookup{}, loss, optim::Momentum{}, spec<std::int64_t, batch>, spec<float, batch, 3>);
  Tensor<std::int64_t, Shape<batch>> index(Extents<1>{4});
  const Tensor<float, Shape<batch, 3>> target({4, 3});
  trainer.step(index, target);
  const std::vector<float> start(trainer.parameters().elements().begin(), trainer.parameters().elements().end());
  index(3) = 5;
  BOOST_CHECK_EXCEPTION(trainer.step(index, target), Error, [](const Error& error) {
    return std::string(error.what()).find("take was given the index 5") != std::string::npos;
  });
  const auto same = trainer.parameters().elements();
  BOOST_TEST(std::equal(start.begin(), start.end(), same.begin()));
  index(3) = 4;
  BOOST_TEST(trainer.step(index, target) > 0.0F);
}

BOOST_AUTO_TEST_CASE(inference_does_not_drop_out_and_sees_training) {
  auto trainer = make_mlp(1);
  auto logits = trainer.inference([](const auto& model, auto x) { return model(x); }, spec<float, batch, 200>);
  const auto x = some_inputs(5);
  const auto label = some_labels(5);
  const Tensor<float, Shape<batch, 10>> first(logits(x));
  const Tensor<float, Shape<batch, 10>> again(logits(x));
  BOOST_TEST(std::equal(first.begin(), first.end(), again.begin()));
  for (int i = 0; i < 200; ++i) trainer.step(x, label);
  const auto trained = logits(x);
  for (int i = 0; i < 5; ++i) {
    int best = 0;
    for (int k = 1; k < 10; ++k)
      if (trained(i, k) > trained(i, best)) best = k;
    BOOST_TEST(best == label(i));
  }
}

BOOST_AUTO_TEST_SUITE_END()
