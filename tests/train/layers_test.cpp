// SPDX-License-Identifier: BSL-1.0
/// \file
/// All layers trained for some steps on every device, with batches of changing sizes: losses, parameters, buffers and
/// predictions are those of the CPU.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "../devices.hpp"

BOOST_AUTO_TEST_SUITE(trained_layers)

using namespace ctgrad;

namespace {

struct Loss {
  constexpr auto operator()(const auto& model, auto x, auto target) const { return mse_loss(model(x), target); }
};
struct Predict {
  constexpr auto operator()(const auto& model, auto x) const { return model(x); }
};

constexpr auto targets = spec<float, batch, 3>;

template <class S>
auto random_batch(std::uint64_t seed, std::int64_t size) {
  auto extents = ctgrad::detail::evaluate_extents<S>([&] {
    Dimensions dimensions;
    dimensions[batch] = size;
    return dimensions;
  }());
  Tensor<float, S> x(extents);
  RandomStream(seed).fill_uniform(x.span(), 0, -1, 1);
  return x;
}

void compare(float found, float wanted, float tolerance, const std::string& where) {
  BOOST_TEST(std::abs(found - wanted) <= tolerance * (1 + std::abs(wanted)),
             where << ": " << found << ", on the CPU " << wanted);
}

/// Trains on the CPU and on the device of the tag, and compares.
template <class S, class Device, class Model, class Optimizer, class... Policy>
void check_on(const Model& model, const Optimizer& optimizer, float tolerance, Policy... policy) {
  constexpr Spec<float, S> inputs{};
  auto expected = make_trainer<Cpu>(model, Loss{}, optimizer, policy..., manual_seed(5), inputs, targets);
  auto found = make_trainer<Device>(model, Loss{}, optimizer, policy..., manual_seed(5), inputs, targets);
  auto expected_prediction = expected.inference(Predict{}, inputs);
  auto prediction = found.inference(Predict{}, inputs);
  const std::string name(Device::name);
  std::uint64_t step = 0;
  for (const std::int64_t size : {6, 6, 6, 6, 2, 6, 9}) {
    ++step;
    const auto x = random_batch<S>(step, size);
    const auto target = random_batch<Shape<batch, 3>>(100 + step, size);
    const float loss = found.step(x, target);
    compare(loss, expected.step(x, target), tolerance, name + ", loss of step " + std::to_string(step));
    if (step % 3 != 0) continue;
    const auto view = prediction(x);
    const auto& values = ctgrad_test::on_host(view);
    const auto wanted = expected_prediction(x);
    for (std::int64_t i = 0; i < wanted.size(); ++i)
      compare(values.data()[i], wanted.data()[i], tolerance, name + ", prediction " + std::to_string(i));
  }
  const auto& a = found.parameters().parameters();
  const auto& b = expected.parameters().parameters();
  BOOST_REQUIRE(a.size() == b.size());
  for (std::size_t p = 0; p < b.size(); ++p)
    for (std::size_t i = 0; i < b[p].elements.size(); ++i)
      compare(a[p].elements[i], b[p].elements[i], tolerance, name + ", " + b[p].name + " " + std::to_string(i));
}

/// Vectors, which all levels of a GPU treat alike.
template <class Model, class Optimizer, class... Policy>
void check(const Model& model, const Optimizer& optimizer, float tolerance, Policy... policy) {
  ctgrad_test::for_each_device([&](auto tag) {
    check_on<Shape<batch, 5>, typename decltype(tag)::type>(model, optimizer, tolerance, policy...);
  });
}
/// Images, which they do not.
template <class Model, class Optimizer>
void check_images(const Model& model, const Optimizer& optimizer) {
  ctgrad_test::for_each_level(
      [&](auto tag) { check_on<Shape<batch, 2, 9, 8>, typename decltype(tag)::type>(model, optimizer, 1e-4F); });
}

/// No bias in front of the batch norm: the gradient of one is 0 but for rounding, of which Adam makes full steps.
struct Dense {
  nn::LinearNoBias<7> first;
  nn::BatchNorm1d norm;
  nn::Linear<6> second;
  nn::Dropout dropout{0.3};
  nn::Linear<3> output;
  constexpr auto operator()(const auto& x) const {
    const auto h = tanh(norm(first(x)));
    return output(dropout(relu(second(sigmoid(h) + h))));
  }
};

/// A batch norm by itself, one in front of a shortcut and relu, and poolings.
struct Residual {
  nn::Conv2d<4, KernelSize<3>, Stride<2>, Padding<1>> first;
  nn::BatchNorm2d norm;
  nn::Conv2dNoBias<4, KernelSize<3, 1>, Padding<2, 0>, Dilation<2, 1>, Groups<2>> second;
  nn::BatchNorm2d other_norm;
  nn::Sequential<nn::Relu, nn::MaxPool2d<KernelSize<3>, Stride<1>, Padding<1>>, nn::AvgPool2d<KernelSize<2>>,
                 nn::Flatten, nn::Linear<3>>
      head;
  constexpr auto operator()(const auto& x) const {
    const auto h = norm(first(x));
    return head(other_norm(second(h)) + h);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(vectors_with_clipped_gradients) {
  check(Dense{}, optim::Adam{.learning_rate = 0.02}, 1e-4F, ClipGradNorm{.max_norm = 0.3});
}
BOOST_AUTO_TEST_CASE(vectors_in_16_bits) {
  check(Dense{}, optim::Momentum{.learning_rate = 0.1}, 2e-2F, autocast<bfloat16>);
}
// Scaled up by more than float16 holds, so that the first steps are left out.
BOOST_AUTO_TEST_CASE(vectors_with_a_scaled_loss) {
  check(Dense{}, optim::Momentum{.learning_rate = 0.1}, 2e-2F, autocast<float16>, GradScaler{.init_scale = 0x1p20});
}
BOOST_AUTO_TEST_CASE(images) { check_images(Residual{}, optim::Momentum{.learning_rate = 0.05}); }

BOOST_AUTO_TEST_SUITE_END()
