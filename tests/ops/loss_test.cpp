// SPDX-License-Identifier: BSL-1.0
/// \file
/// Softmax, losses and matrix products against PyTorch's numbers (reference/losses.py).
#include <ctgrad/ctgrad.hpp>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "reference/losses.hpp"

BOOST_AUTO_TEST_SUITE(losses)

using namespace ctgrad;

namespace {

/// The inputs that losses.py uses.
template <class T, class S>
Tensor<T, S> eighths(int factor, int modulus, int shift) {
  Tensor<T, S> x;
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<T>((factor * i) % modulus - shift) / 8;
  return x;
}

template <class View, std::size_t N>
void check(const View& found, const double (&wanted)[N], const char* what) {
  using T = typename View::element_type;
  const double tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-14;
  BOOST_REQUIRE(found.size() == static_cast<std::int64_t>(N));
  for (std::size_t i = 0; i < N; ++i)
    BOOST_TEST(std::abs(static_cast<double>(found.data()[i]) - wanted[i]) <= tolerance * (1 + std::abs(wanted[i])),
               what << " element " << i << ": " << found.data()[i] << ", PyTorch " << wanted[i]);
}

constexpr auto everything = [](auto x, auto y, auto w, auto target) {
  const auto far = [](auto a, auto t) { return cross_entropy(a * 1000, t); };
  return std::tuple{softmax(x, axis<1>),
                    gradient([](auto a, auto b) { return sum(softmax(a, axis<1>) * b); })(x, y),
                    log_softmax(x, axis<0>),
                    gradient([](auto a, auto b) { return sum(log_softmax(a, axis<0>) * b); })(x, y),
                    value_and_grad([](auto a, auto t) { return cross_entropy(a, t); })(x, target),
                    value_and_grad(far)(x, target),
                    value_and_grad([](auto a, auto b) { return mse_loss(a, b); })(x, y),
                    matmul(x, w),
                    gradient([](auto a, auto b) { return mean(square(matmul(a, b))); }, wrt<0, 1>)(x, w)};
};

template <class T>
void compare_with_pytorch() {
  using Rows = Shape<batch, 4>;
  auto program = compile<Cpu>(everything, Spec<T, Rows>{}, Spec<T, Rows>{}, Spec<T, Shape<4, 5>>{},
                              Spec<std::int64_t, Shape<batch>>{});
  Tensor<T, Rows> x(Extents<2>{3, 4});
  Tensor<T, Rows> y(Extents<2>{3, 4});
  x.assign(eighths<T, Shape<12>>(7, 33, 16).span());
  y.assign(eighths<T, Shape<12>>(5, 17, 8).span());
  Tensor<std::int64_t, Shape<batch>> target(Extents<1>{3});
  target(0) = 3;
  target(2) = 2;
  const auto [soft, soft_gradient, logs, logs_gradient, entropy, far, mse, product, product_gradient] =
      program(x, y, eighths<T, Shape<4, 5>>(11, 19, 9), target);
  check(soft, reference::softmax, "softmax");
  check(soft_gradient, reference::softmax_gradient, "gradient of softmax");
  check(logs, reference::log_softmax, "log_softmax");
  check(logs_gradient, reference::log_softmax_gradient, "gradient of log_softmax");
  check(std::get<0>(entropy), reference::cross_entropy, "cross_entropy");
  check(std::get<1>(entropy), reference::cross_entropy_gradient, "gradient of cross_entropy");
  check(std::get<0>(far), reference::far_cross_entropy, "cross_entropy of distant scores");
  check(std::get<1>(far), reference::far_cross_entropy_gradient, "gradient of cross_entropy of distant scores");
  check(std::get<0>(mse), reference::mse, "mse_loss");
  check(std::get<1>(mse), reference::mse_gradient, "gradient of mse_loss");
  check(product, reference::product, "matmul");
  check(std::get<0>(product_gradient), reference::product_gradient_x, "gradient of matmul by the first operand");
  check(std::get<1>(product_gradient), reference::product_gradient_w, "gradient of matmul by the second operand");
}

constexpr auto activations = [](auto x, auto tied) {
  return std::tuple{sigmoid(x), gradient([](auto a) { return sum(sigmoid(a)); })(x), tanh(x),
                    gradient([](auto a) { return sum(tanh(a)); })(x),
                    gradient([](auto a) { return sum(max(a, axis<1>)); })(tied)};
};

}  // namespace

BOOST_AUTO_TEST_CASE(doubles_agree_with_pytorch) { compare_with_pytorch<double>(); }
BOOST_AUTO_TEST_CASE(floats_agree_with_pytorch) { compare_with_pytorch<float>(); }

BOOST_AUTO_TEST_CASE(activations_agree_with_pytorch) {
  auto program = compile<Cpu>(activations, spec<double, 15>, spec<double, 3, 4>);
  const auto x = eighths<double, Shape<12>>(7, 33, 16);
  Tensor<double, Shape<15>> values;
  std::copy(x.begin(), x.end(), values.begin());
  values(13) = 30;
  values(14) = -30;
  auto tied = eighths<double, Shape<3, 4>>(7, 33, 16);
  tied(0, 1) = tied(0, 3);
  const auto [s, sg, t, tg, amax] = program(values, tied);
  check(s, reference::sigmoid, "sigmoid");
  check(sg, reference::sigmoid_gradient, "gradient of sigmoid");
  check(t, reference::tanh, "tanh");
  check(tg, reference::tanh_gradient, "gradient of tanh");
  check(amax, reference::amax_gradient, "gradient of max");
}

constexpr auto two_classes = [](auto x, auto t) { return cross_entropy(x, t); };

BOOST_AUTO_TEST_CASE(a_class_outside_adds_nothing) {
  auto program = compile<Cpu>(two_classes, spec<double, 2, 2>, spec<std::int32_t, 2>);
  const Tensor<double, Shape<2, 2>> x({0, 0, 0, 0});
  BOOST_TEST(program(x, Tensor<std::int32_t, Shape<2>>({0, 1})).item() == std::log(2.0),
             boost::test_tools::tolerance(1e-15));
  BOOST_TEST(program(x, Tensor<std::int32_t, Shape<2>>({0, 7})).item() == std::log(2.0) / 2,
             boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_SUITE_END()
