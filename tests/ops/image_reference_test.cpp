// SPDX-License-Identifier: BSL-1.0
/// \file
/// Convolution and pooling against PyTorch's numbers (reference/images.py).
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "../devices.hpp"
#include "reference/images.hpp"

BOOST_AUTO_TEST_SUITE(image_reference)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

/// The inputs that images.py uses.
template <class T, class S>
Tensor<T, S> eighths(int factor, int modulus, int shift) {
  Tensor<T, S> x;
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<T>((factor * i) % modulus - shift) / 8;
  return x;
}

template <class View, std::size_t N>
void check(const View& view, const double (&wanted)[N], const char* what) {
  const auto& found = on_host(view);
  using T = typename View::element_type;
  const double tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-14;
  BOOST_REQUIRE(found.size() == static_cast<std::int64_t>(N));
  for (std::size_t i = 0; i < N; ++i)
    BOOST_TEST(std::abs(static_cast<double>(found.data()[i]) - wanted[i]) <= tolerance * (10 + std::abs(wanted[i])),
               what << " element " << i << ": " << found.data()[i] << ", PyTorch " << wanted[i]);
}

using X = Shape<2, 4, 5, 6>;

template <class T, class W, std::size_t N, std::size_t NX, std::size_t NW, class... Arguments>
void check_convolution(const Tensor<T, X>& x, const Tensor<T, W>& w, const double (&value)[N],
                       const double (&x_gradient)[NX], const double (&w_gradient)[NW], Arguments...) {
  constexpr auto f = [](auto a, auto b) {
    const auto g = [](auto c, auto d) { return sum(square(conv2d(c, d, Arguments{}...))); };
    return std::tuple{conv2d(a, b, Arguments{}...), gradient(g, wrt<0, 1>)(a, b)};
  };
  for_each_level([&](auto tag) {
    using Device = typename decltype(tag)::type;
    auto program = compile<Device>(f, Spec<T, X>{}, Spec<T, W>{});
    const auto [found, slopes] = program(x, w);
    check(found, value, "conv2d");
    check(std::get<0>(slopes), x_gradient, "gradient of the images");
    check(std::get<1>(slopes), w_gradient, "gradient of the weights");
  });
}

template <class T, class F, std::size_t N, std::size_t NX>
void check_pooling(const Tensor<T, X>& x, const double (&value)[N], const double (&x_gradient)[NX], const F&) {
  constexpr auto f = [](auto a) { return std::tuple{F{}(a), gradient([](auto c) { return sum(square(F{}(c))); })(a)}; };
  for_each_level([&](auto tag) {
    using Device = typename decltype(tag)::type;
    auto program = compile<Device>(f, Spec<T, X>{});
    const auto [found, slope] = program(x);
    check(found, value, "pooling");
    check(slope, x_gradient, "gradient of pooling");
  });
}

constexpr auto norm = [](auto x, auto weight, auto bias) {
  const auto statistics = batch_statistics(x);
  return batch_norm(x, statistics.first, statistics.second, weight, bias);
};
constexpr auto norm_with_gradients = [](auto x, auto weight, auto bias) {
  const auto f = [](auto... y) { return sum(square(norm(y...))); };
  return std::tuple{norm(x, weight, bias), gradient(f, wrt<0, 1, 2>)(x, weight, bias)};
};

template <class T>
void compare_with_pytorch() {
  const auto x = eighths<T, X>(7, 33, 16);
  const auto w = eighths<T, Shape<3, 4, 3, 2>>(5, 17, 8);
  const auto grouped = eighths<T, Shape<4, 2, 2, 2>>(11, 19, 9);
  Tensor<T, X> ties;
  for (std::int64_t i = 0; i < x.size(); ++i) ties.data()[i] = std::nearbyint(x.data()[i] / 4);
  namespace r = reference;
  check_convolution(x, w, r::conv, r::conv_gradient_0, r::conv_gradient_1);
  check_convolution(x, w, r::conv_padded, r::conv_padded_gradient_0, r::conv_padded_gradient_1, stride<2, 1>,
                    padding<1, 2>, dilation<1, 3>);
  check_convolution(x, grouped, r::conv_grouped, r::conv_grouped_gradient_0, r::conv_grouped_gradient_1, groups<2>,
                    stride<2>, padding<1>);
  check_pooling(ties, r::max_pool, r::max_pool_gradient_0, [](auto a) { return max_pool2d(a, kernel_size<2>); });
  check_pooling(ties, r::max_pool_padded, r::max_pool_padded_gradient_0,
                [](auto a) { return max_pool2d(a, kernel_size<3>, stride<2, 1>, padding<1>); });
  check_pooling(x, r::avg_pool, r::avg_pool_gradient_0, [](auto a) { return avg_pool2d(a, kernel_size<2, 3>); });
  check_pooling(x, r::avg_pool_padded, r::avg_pool_padded_gradient_0,
                [](auto a) { return avg_pool2d(a, kernel_size<3>, stride<2>, padding<1>); });

  using C = Shape<4>;
  for_each_device([&](auto tag) {
    using Device = typename decltype(tag)::type;
    auto program = compile<Device>(norm_with_gradients, Spec<T, X>{}, Spec<T, C>{}, Spec<T, C>{});
    const auto [found, slopes] = program(x, eighths<T, C>(3, 11, 4), eighths<T, C>(5, 7, 3));
    check(found, r::norm, "batch norm");
    check(std::get<0>(slopes), r::norm_gradient_0, "batch norm, gradient of the images");
    check(std::get<1>(slopes), r::norm_gradient_1, "batch norm, gradient of the weight");
    check(std::get<2>(slopes), r::norm_gradient_2, "batch norm, gradient of the bias");
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(floats) { compare_with_pytorch<float>(); }
BOOST_AUTO_TEST_CASE(doubles) { compare_with_pytorch<double>(); }

BOOST_AUTO_TEST_SUITE_END()
