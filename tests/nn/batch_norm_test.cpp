// SPDX-License-Identifier: BSL-1.0
/// \file
/// Batch normalisation as a layer: its buffers while training, at inference, and in files.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <ctgrad/nn/checkpoint.hpp>

#include "../devices.hpp"
#include "../io/temporary_directory.hpp"
#include "../ops/reference/images.hpp"

BOOST_AUTO_TEST_SUITE(batch_norm_layer)

using namespace ctgrad;

namespace {

struct Model {
  nn::BatchNorm2d norm;
  constexpr auto operator()(const auto& x) const { return norm(x); }
};
constexpr auto loss = [](const auto& model, auto x) { return mean(square(model(x))); };
constexpr auto apply = [](const auto& model, auto x) { return model(x); };

template <class T>
using Images = Tensor<T, Shape<batch, 4, 5, 6>>;

/// The inputs that images.py uses.
template <class T>
Images<T> images(bool ties) {
  Images<T> x({2, 4, 5, 6});
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const T eighths = static_cast<T>((7 * i) % 33 - 16) / 8;
    x.data()[i] = ties ? std::nearbyint(eighths / 4) : eighths;
  }
  return x;
}

template <class T, std::size_t N>
void check(std::span<const T> found, const double (&wanted)[N], const char* what) {
  const double tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-14;
  BOOST_REQUIRE(found.size() == N);
  for (std::size_t i = 0; i < N; ++i)
    BOOST_TEST(std::abs(static_cast<double>(found[i]) - wanted[i]) <= tolerance * (1 + std::abs(wanted[i])),
               what << " element " << i << ": " << found[i] << ", PyTorch " << wanted[i]);
}

template <class T, class Device = Cpu>
auto make_trainer_for() {
  // A step size of 0: only the buffers change.
  return make_trainer<Device>(Model{}, loss, optim::Sgd{.learning_rate = 0}, Spec<T, Shape<batch, 4, 5, 6>>{});
}

template <class T>
void compare_with_pytorch() {
  ctgrad_test::for_each_level([](auto tag) {
    auto trainer = make_trainer_for<T, typename decltype(tag)::type>();
    BOOST_TEST(trainer.parameters().size() == 8);
    BOOST_REQUIRE(trainer.parameters().parameters().size() == 4U);
    for (const T& x : trainer.parameters()["norm.running_var"].elements) BOOST_TEST(x == T(1));
    trainer.step(images<T>(false));
    trainer.step(images<T>(true));
    const auto& parameters = trainer.parameters();
    check<T>(parameters["norm.running_mean"].elements, reference::running_mean, "running_mean");
    check<T>(parameters["norm.running_var"].elements, reference::running_var, "running_var");
    for (const T& x : parameters["norm.weight"].elements) BOOST_TEST(x == T(1));
    auto predict = trainer.inference(apply, Spec<T, Shape<batch, 4, 5, 6>>{});
    const auto view = predict(images<T>(false));
    const auto& found = ctgrad_test::on_host(view);
    check<T>(std::span<const T>(found.data(), static_cast<std::size_t>(found.size())), reference::norm_evaluated,
             "evaluation");
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(floats_agree_with_pytorch) { compare_with_pytorch<float>(); }
BOOST_AUTO_TEST_CASE(doubles_agree_with_pytorch) { compare_with_pytorch<double>(); }

BOOST_AUTO_TEST_CASE(buffers_are_saved_and_loaded) {
  const ctgrad_test::TemporaryDirectory directory;
  const auto path = directory.path() / "model.safetensors";
  auto trainer = make_trainer_for<float>();
  trainer.step(images<float>(false));
  nn::save(path, trainer.parameters());
  BOOST_TEST(load_safetensors(path).contains("norm.running_mean"));
  auto other = make_trainer_for<float>();
  nn::load(path, other.parameters());
  for (const char* name : {"norm.running_mean", "norm.running_var", "norm.weight"}) {
    const auto a = trainer.parameters()[name].elements;
    const auto b = other.parameters()[name].elements;
    BOOST_TEST(std::equal(a.begin(), a.end(), b.begin(), b.end()), name);
  }
  BOOST_TEST(other.parameters()["norm.running_mean"].elements[1] != 0.0F);

  // PyTorch also counts the batches; any other name is still refused.
  const auto with_more = [&](const std::string& name) {
    std::vector<NamedArray> arrays;
    for (const auto& p : trainer.parameters().parameters())
      arrays.push_back(
          named_array<float>(p.name, std::vector<std::size_t>(p.shape.begin(), p.shape.end()), p.elements));
    static const std::int64_t batches[] = {1};
    arrays.push_back(named_array<std::int64_t>(name, std::vector<std::size_t>{}, batches));
    save_safetensors(path, arrays);
  };
  with_more("norm.num_batches_tracked");
  nn::load(path, other.parameters());
  with_more("norm.other");
  BOOST_CHECK_THROW(nn::load(path, other.parameters()), Error);
}

// Optimizer state, parameters and buffers in one program.
struct Deep {
  nn::Conv2dNoBias<4, KernelSize<3>, Padding<1>> conv;
  nn::BatchNorm2d norm;
  nn::Linear<3> output;
  constexpr auto operator()(const auto& x) const {
    const auto h = relu(norm(conv(x)));
    return output(flatten<1>(h));
  }
};
constexpr auto deep_loss = [](const auto& model, auto x, auto y) { return mean(square(model(x) - y)); };

BOOST_AUTO_TEST_CASE(trains_with_an_optimizer_that_has_state) {
  auto trainer = make_trainer<Cpu>(Deep{}, deep_loss, optim::Adam{.learning_rate = 1e-2}, spec<float, batch, 4, 5, 6>,
                                   spec<float, batch, 3>);
  const auto x = images<float>(false);
  Tensor<float, Shape<batch, 3>> y({2, 3});
  y(0, 1) = y(1, 2) = 1;
  const float first = trainer.step(x, y);
  float last = first;
  for (int i = 0; i < 60; ++i) last = trainer.step(x, y);
  BOOST_TEST(last < 0.05F * first);
  for (const float v : trainer.parameters()["norm.running_var"].elements) BOOST_TEST(v > 0.0F);
}

struct Twice {
  nn::BatchNorm2d norm;
  constexpr auto operator()(const auto& x) const { return norm(norm(x)); }
};

// The second use moves what the first has left; the mean of what it sees is 0.
BOOST_AUTO_TEST_CASE(a_layer_used_twice_moves_its_buffers_twice) {
  auto trainer = make_trainer<Cpu>(Twice{}, loss, optim::Sgd{.learning_rate = 0}, spec<double, batch, 4, 5, 6>);
  auto once = make_trainer_for<double>();
  const auto x = images<double>(false);
  trainer.step(x);
  once.step(x);
  for (std::size_t c = 0; c < 4; ++c) {
    const double found = trainer.parameters()["norm.running_mean"].elements[c];
    BOOST_TEST(std::abs(found - 0.9 * once.parameters()["norm.running_mean"].elements[c]) < 1e-14);
  }
}

BOOST_AUTO_TEST_CASE(less_than_two_values_leave_the_statistics_as_they_are) {
  auto trainer = make_trainer<Cpu>(nn::BatchNorm1d{}, loss, optim::Sgd{}, spec<float, batch, 3>);
  for (const std::int64_t count : {0, 1}) {
    Tensor<float, Shape<batch, 3>> x({count, 3});
    std::fill(x.begin(), x.end(), 5.0F);
    trainer.step(x);
    for (const float v : trainer.parameters()["running_mean"].elements) BOOST_TEST(v == 0.0F);
    for (const float v : trainer.parameters()["running_var"].elements) BOOST_TEST(v == 1.0F);
  }
  // The same where the number is known at compile time.
  auto alone = make_trainer<Cpu>(nn::BatchNorm1d{}, loss, optim::Sgd{}, spec<float, 1, 3>);
  alone.step(Tensor<float, Shape<1, 3>>{5, 5, 5});
  for (const float v : alone.parameters()["running_var"].elements) BOOST_TEST(v == 1.0F);
}

// An index outside of the table throws in the middle of the step, behind the batch norm.
BOOST_AUTO_TEST_CASE(a_step_that_throws_leaves_the_buffers_untouched) {
  const auto picked = [](const auto& model, auto x, auto index) { return mean(take(square(model(x)), index)); };
  auto trainer = make_trainer<Cpu>(nn::BatchNorm1d{}, picked, optim::Sgd{}, spec<float, 4, 3>, spec<std::int64_t, 2>);
  const Tensor<float, Shape<4, 3>> x{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  BOOST_CHECK_THROW(trainer.step(x, Tensor<std::int64_t, Shape<2>>{0, 4}), Error);
  for (const float v : trainer.parameters()["running_mean"].elements) BOOST_TEST(v == 0.0F);
  for (const float v : trainer.parameters()["running_var"].elements) BOOST_TEST(v == 1.0F);
  trainer.step(x, Tensor<std::int64_t, Shape<2>>{0, 3});
  for (const float v : trainer.parameters()["running_mean"].elements) BOOST_TEST(v > 0.0F);
}

BOOST_AUTO_TEST_SUITE_END()
