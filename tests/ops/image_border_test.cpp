// SPDX-License-Identifier: BSL-1.0
/// \file
/// Infinities and NaN at the borders of images reach what they are part of, and nothing else.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "../devices.hpp"

BOOST_AUTO_TEST_SUITE(image_border)

using namespace ctgrad;

namespace {

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();
template <class T>
constexpr T nan = std::numeric_limits<T>::quiet_NaN();

struct Lengths {
  std::int64_t images, channels, height, width;
};

/// Two images have one hard number each, at the end of a row and at the beginning of one. Another has three.
template <class Tensor>
void harden_borders(Tensor& x, const Lengths& s) {
  using T = typename Tensor::element_type;
  const auto at = [&](std::int64_t n, std::int64_t c, std::int64_t i, std::int64_t j) -> T& {
    return x.data()[((n * s.channels + c) * s.height + i) * s.width + j];
  };
  at(0, 0, 1, s.width - 1) = infinity<T>;
  if (s.images < 3) return;
  at(1, s.channels - 1, s.height - 2, 0) = nan<T>;
  at(2, 0, 0, 0) = -infinity<T>;
  at(2, 0, s.height - 1, s.width - 1) = nan<T>;
  at(2, s.channels - 1, 0, s.width - 1) = infinity<T>;
}

template <class View>
void compare(const View& view, const std::vector<double>& wanted, const char* what) {
  const auto& found = ctgrad_test::on_host(view);
  BOOST_REQUIRE(found.size() == static_cast<std::int64_t>(wanted.size()));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double x = static_cast<double>(found.data()[i]);
    const double w = wanted[i];
    const bool same = std::isnan(w) ? std::isnan(x) : x == w || std::abs(x - w) <= 1e-4 * (1 + std::abs(w));
    BOOST_TEST(same, what << " element " << i << " is " << x << " and should be " << w);
  }
}

/// Calls visit(place in x, in w, in y) for every product that is part of a convolution.
template <class Visit>
void for_each_product(const Lengths& x, const Lengths& w, const Lengths& y, const Window& window, const Visit& visit) {
  for (std::int64_t n = 0; n < x.images; ++n)
    for (std::int64_t o = 0; o < w.images; ++o)
      for (std::int64_t c = 0; c < w.channels; ++c)
        for (std::int64_t k = 0; k < w.height; ++k)
          for (std::int64_t l = 0; l < w.width; ++l)
            for (std::int64_t i = 0; i < y.height; ++i)
              for (std::int64_t j = 0; j < y.width; ++j) {
                const std::int64_t row = i * window.stride[0] - window.padding[0] + k * window.dilation[0];
                const std::int64_t column = j * window.stride[1] - window.padding[1] + l * window.dilation[1];
                if (row < 0 || row >= x.height || column < 0 || column >= x.width) continue;
                const std::int64_t channel = o / (w.images / window.groups) * w.channels + c;
                visit(static_cast<std::size_t>(((n * x.channels + channel) * x.height + row) * x.width + column),
                      static_cast<std::size_t>(((o * w.channels + c) * w.height + k) * w.width + l),
                      static_cast<std::size_t>(((n * w.images + o) * y.height + i) * y.width + j));
              }
}

template <class S>
Lengths lengths_of(std::int64_t images) {
  return {S::value.is_static() ? S::value.extent[0] : images, S::value.extent[1], S::value.extent[2],
          S::value.extent[3]};
}

/// Value and derivatives of a convolution against the sums of its products, where images or, for the derivative along
/// the images, weights are not finite.
template <class T, class X, class W, class... Arguments>
void check_convolution(std::int64_t images, const Window& window, Arguments...) {
  using Y =
      typename decltype(conv2d(std::declval<Symbol<T, X>>(), std::declval<Symbol<T, W>>(), Arguments{}...))::shape_type;
  const auto f = [](auto x, auto w, auto t) {
    const auto products = [t](auto a, auto b) { return sum(conv2d(a, b, Arguments{}...) * t); };
    return std::tuple{conv2d(x, w, Arguments{}...), gradient(products, wrt<0, 1>)(x, w)};
  };
  const Lengths xs = lengths_of<X>(images);
  const Lengths ws = lengths_of<W>(images);
  const Lengths ys = lengths_of<Y>(images);
  Tensor<T, X> x({xs.images, xs.channels, xs.height, xs.width});
  Tensor<T, W> w;
  Tensor<T, Y> t({ys.images, ys.channels, ys.height, ys.width});
  const RandomStream random(3);
  random.fill_uniform(x.span(), 0, -1, 1);
  random.fill_uniform(w.span(), 0, -1, 1);
  random.fill_uniform(t.span(), 0, -1, 1);

  for (const bool hard_weights : {false, true}) {
    if (hard_weights) {
      w.data()[0] = infinity<T>;
      w.data()[w.size() - 1] = nan<T>;
    } else {
      harden_borders(x, xs);
    }
    std::vector<double> y(static_cast<std::size_t>(t.size()));
    std::vector<double> dx(static_cast<std::size_t>(x.size()));
    std::vector<double> dw(static_cast<std::size_t>(w.size()));
    for_each_product(xs, ws, ys, window, [&](std::size_t in_x, std::size_t in_w, std::size_t in_y) {
      y[in_y] += static_cast<double>(x.data()[in_x]) * static_cast<double>(w.data()[in_w]);
      dx[in_x] += static_cast<double>(t.data()[in_y]) * static_cast<double>(w.data()[in_w]);
      dw[in_w] += static_cast<double>(t.data()[in_y]) * static_cast<double>(x.data()[in_x]);
    });
    ctgrad_test::for_each_device([&](auto tag) {
      auto program = compile<typename decltype(tag)::type>(f, Spec<T, X>{}, Spec<T, W>{}, Spec<T, Y>{});
      const auto [value, slopes] = program(x, w, t);
      if (!hard_weights) compare(value, y, "the convolution's");
      compare(std::get<0>(slopes), dx, "the images' adjoint's");
      compare(std::get<1>(slopes), dw, "the weights' adjoint's");
    });
  }
}

/// Value and derivative of a mean or maximum of windows: `average` says which.
template <class T, class X, class F>
void check_pooling(std::int64_t images, bool average, const Window& window, const F&) {
  using Y = typename decltype(F{}(std::declval<Symbol<T, X>>()))::shape_type;
  const auto f = [](auto x, auto t) {
    const auto products = [t](auto a) { return sum(F{}(a)*t); };
    return std::tuple{F{}(x), gradient(products)(x)};
  };
  const Lengths xs = lengths_of<X>(images);
  const Lengths ys = lengths_of<Y>(images);
  Tensor<T, X> x({xs.images, xs.channels, xs.height, xs.width});
  Tensor<T, Y> t({ys.images, ys.channels, ys.height, ys.width});
  const RandomStream random(4);
  random.fill_uniform(x.span(), 0, -1, 1);
  random.fill_uniform(t.span(), 0, -1, 1);
  harden_borders(x, xs);

  // The places in x that each window sees, in order.
  std::vector<std::vector<std::size_t>> seen(static_cast<std::size_t>(t.size()));
  const std::int64_t planes = xs.images * xs.channels;
  for_each_product({planes, 1, xs.height, xs.width}, {1, 1, window.kernel[0], window.kernel[1]},
                   {planes, 1, ys.height, ys.width}, window,
                   [&](std::size_t in_x, std::size_t, std::size_t in_y) { seen[in_y].push_back(in_x); });
  const double count = window.kernel[0] * window.kernel[1];
  std::vector<double> y(static_cast<std::size_t>(t.size()));
  std::vector<double> dx(static_cast<std::size_t>(x.size()));
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double slope = static_cast<double>(t.data()[i]);
    std::size_t largest = seen[i].front();
    for (const std::size_t place : seen[i]) {
      y[i] += static_cast<double>(x.data()[place]) / count;
      if (average) dx[place] += slope / count;
      if (!std::isnan(x.data()[largest]) && !(x.data()[place] <= x.data()[largest])) largest = place;
    }
    if (average) continue;
    y[i] = static_cast<double>(x.data()[largest]);
    dx[largest] += slope;
  }
  ctgrad_test::for_each_device([&](auto tag) {
    auto program = compile<typename decltype(tag)::type>(f, Spec<T, X>{}, Spec<T, Y>{});
    const auto [value, slope] = program(x, t);
    compare(value, y, average ? "the average's" : "the maximum's");
    compare(slope, dx, average ? "the average's adjoint's" : "the maximum's adjoint's");
  });
}

}  // namespace

// Neighbouring windows without a matrix of them, where the processor's registers are wide: a few small images, and
// many.
BOOST_AUTO_TEST_CASE(neighbouring_windows) {
  for (const std::int64_t images : {1, 3, 19})
    check_convolution<float, Shape<batch, 3, 9, 11>, Shape<7, 3, 3, 5>>(images, Window{.padding = {1, 2}},
                                                                        padding<1, 2>);
  check_convolution<double, Shape<batch, 2, 6, 7>, Shape<3, 2, 3, 3>>(5, Window{.padding = {1, 1}}, padding<1>);
  check_convolution<float, Shape<batch, 2, 6, 7>, Shape<4, 1, 3, 3>>(5, Window{.groups = 2}, groups<2>);
}
// Through a matrix of windows: they are apart, or the image is large.
BOOST_AUTO_TEST_CASE(windows_as_columns) {
  check_convolution<float, Shape<batch, 2, 9, 10>, Shape<4, 2, 3, 3>>(5, Window{.stride = {2, 2}, .padding = {1, 1}},
                                                                      stride<2>, padding<1>);
  check_convolution<float, Shape<batch, 1, 300, 310>, Shape<2, 1, 3, 3>>(3, Window{.padding = {1, 1}}, padding<1>);
  check_convolution<float, Shape<batch, 3, 5, 6>, Shape<2, 3, 1, 1>>(3, Window{}, groups<1>);
}

BOOST_AUTO_TEST_CASE(pooling) {
  constexpr auto pairs = [](auto x) { return max_pool2d(x, kernel_size<2>); };
  constexpr auto overlapping = [](auto x) { return max_pool2d(x, kernel_size<3>, stride<2>, padding<1>); };
  constexpr auto means = [](auto x) { return avg_pool2d(x, kernel_size<3>, stride<2>, padding<1>); };
  const Window wide{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}};
  check_pooling<float, Shape<batch, 2, 7, 10>>(3, false, Window{.kernel = {2, 2}, .stride = {2, 2}}, pairs);
  check_pooling<double, Shape<batch, 2, 7, 10>>(3, false, wide, overlapping);
  check_pooling<float, Shape<batch, 2, 7, 10>>(3, true, wide, means);
}

BOOST_AUTO_TEST_SUITE_END()
