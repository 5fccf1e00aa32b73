// SPDX-License-Identifier: BSL-1.0
#include <boost/test/unit_test.hpp>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "../devices.hpp"

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

BOOST_AUTO_TEST_CASE(make_trainer_takes_a_seed) {
  const auto x = some_inputs(20);
  const auto label = some_labels(20);
  // The parameters before and after two steps with dropout.
  auto numbers = [&](const auto&... seed) {
    auto trainer = make_trainer<Cpu>(Mlp{}, cross_entropy_loss, optim::Sgd{}, seed..., spec<float, batch, 200>,
                                     spec<std::int64_t, batch>);
    const auto elements = trainer.parameters().elements();
    std::vector<float> all(elements.begin(), elements.end());
    trainer.step(x, label);
    trainer.step(x, label);
    all.insert(all.end(), elements.begin(), elements.end());
    return all;
  };
  const auto seven = numbers(manual_seed(7));
  const auto eight = numbers(manual_seed(8));
  BOOST_TEST((seven == numbers(manual_seed(7))));
  BOOST_TEST((numbers() == numbers(manual_seed(0))));
  std::size_t different = 0;
  for (std::size_t i = 0; i < seven.size(); ++i) different += seven[i] != eight[i] ? 1 : 0;
  BOOST_TEST(different > seven.size() * 99 / 100);
}

BOOST_AUTO_TEST_CASE(the_seed_decides_what_is_dropped_too) {
  const auto x = some_inputs(20);
  const auto label = some_labels(20);
  auto first_loss = [&](std::uint64_t seed) {
    auto trainer = make_trainer<Cpu>(Mlp{}, cross_entropy_loss, optim::Sgd{}, manual_seed(seed),
                                     spec<float, batch, 200>, spec<std::int64_t, batch>);
    for (float& parameter : trainer.parameters().elements()) parameter = 0.01F;
    trainer.parameters().view<Shape<10, 300>>("output.weight")(3, 4) = 1;
    return trainer.step(x, label);
  };
  BOOST_TEST(first_loss(1) == first_loss(1));
  BOOST_TEST(first_loss(1) != first_loss(2));
}

BOOST_AUTO_TEST_CASE(a_parameter_is_seen_and_set_as_an_array_of_its_name) {
  auto trainer = make_mlp(1);
  auto& parameters = trainer.parameters();
  auto weight = parameters.view<Shape<300, 200>>("hidden.weight");
  auto bias = parameters.view<Shape<10>>("output.bias");
  static_assert(std::is_same_v<decltype(weight), TensorView<float, Shape<300, 200>>>);
  BOOST_TEST(weight.data() == parameters["hidden.weight"].elements.data());
  BOOST_TEST(bias.data() == parameters["output.bias"].elements.data());
  BOOST_TEST(&weight(2, 5) == parameters.data() + 2 * 200 + 5);

  const auto& constant = std::as_const(trainer).parameters();
  auto seen = constant.view<Shape<300, 200>>("hidden.weight");
  static_assert(std::is_same_v<decltype(seen), TensorView<const float, Shape<300, 200>>>);
  weight = 0 * weight + 2;
  BOOST_TEST(seen(299, 199) == 2.0F);
  BOOST_TEST(constant["hidden.bias"].elements[0] != 2.0F);
  trainer.step(some_inputs(8), some_labels(8));
  BOOST_TEST(seen(299, 199) != 2.0F);
}

BOOST_AUTO_TEST_CASE(a_view_of_a_parameter_that_is_not_there_lists_those_that_are) {
  auto trainer = make_mlp(1);
  BOOST_CHECK_EXCEPTION(trainer.parameters().view<Shape<10>>("output.bais"), Error, [](const Error& error) {
    return std::string(error.what()) ==
           "ctgrad: the model has no parameter \"output.bais\"; it has hidden.weight, hidden.bias, output.weight, "
           "output.bias";
  });
}

BOOST_AUTO_TEST_CASE(a_view_of_a_parameter_has_the_parameters_shape) {
  auto trainer = make_mlp(1);
  auto refused = [&](auto shape, std::string_view name, std::string_view sentence) {
    BOOST_CHECK_EXCEPTION(trainer.parameters().template view<decltype(shape)>(name), Error,
                          [&](const Error& error) { return error.what() == sentence; });
  };
  // The same number of elements is not enough, nor a shape that would stretch.
  refused(Shape<200, 300>{}, "hidden.weight",
          "ctgrad: the parameter \"hidden.weight\" has the shape [300, 200], not [200, 300]; ask for a view of its own "
          "shape");
  refused(Shape<1, 10>{}, "output.bias",
          "ctgrad: the parameter \"output.bias\" has the shape [10], not [1, 10]; ask for a view of its own shape");
  refused(Shape<>{}, "output.bias",
          "ctgrad: the parameter \"output.bias\" has the shape [10], not []; ask for a view of its own shape");
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
  ctgrad_test::for_each_device([&](auto tag) {
    using Device = typename decltype(tag)::type;
    auto trainer =
        make_trainer<Device>(Lookup{}, loss, optim::Momentum{}, spec<std::int64_t, batch>, spec<float, batch, 3>);
    Tensor<std::int64_t, Shape<batch>> index(Extents<1>{4});
    const Tensor<float, Shape<batch, 3>> target({4, 3});
    trainer.step(index, target);
    const std::vector<float> start(trainer.parameters().elements().begin(), trainer.parameters().elements().end());
    index(3) = 5;
    BOOST_CHECK_EXCEPTION(trainer.step(index, target), Error, [](const Error& error) {
      return std::string(error.what()).find("take was given the index 5") != std::string::npos;
    });
    const auto same = trainer.parameters().elements();
    BOOST_TEST(std::equal(start.begin(), start.end(), same.begin()), Device::name);
    index(3) = 4;
    BOOST_TEST(trainer.step(index, target) > 0.0F);
  });
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
