// SPDX-License-Identifier: BSL-1.0
/// \file
/// Functions of one point on many: every rule against a loop over the points, and derivatives inside and outside.
#include "ctgrad/autodiff/vmap.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_vmap)

using namespace ctgrad;
using namespace ctgrad_test;

BOOST_AUTO_TEST_CASE(of_numbers_and_arrays) {
  const auto wave = [](auto x) { return sin(x) * exp(-x); };
  const auto points = Tensor<double, Shape<50>>::uniform(1, -2, 2);
  const auto values = vmap(wave)(points);
  static_assert(std::is_same_v<std::remove_const_t<decltype(values)>, Tensor<double, Shape<50>>>);
  const auto slopes = vmap(gradient(wave))(points);
  const auto curvatures = vmap(hessian(wave))(points);
  for (int i = 0; i < 50; ++i) {
    const double x = points(i);
    BOOST_TEST(std::abs(values(i) - std::sin(x) * std::exp(-x)) < 1e-14);
    BOOST_TEST(std::abs(slopes(i) - (std::cos(x) - std::sin(x)) * std::exp(-x)) < 1e-13);
    BOOST_TEST(std::abs(curvatures(i) + 2 * std::cos(x) * std::exp(-x)) < 1e-13);
  }
}

// A length known at run time, structures, and an argument that is the same for all points.
BOOST_AUTO_TEST_CASE(of_structures_and_shared_arguments) {
  using Points = Tensor<double, Shape<batch, 3>>;
  using Numbers = Tensor<double, Shape<batch>>;
  const auto f = [](auto p, auto w) {
    const auto& [x, scale] = p;
    return std::pair{sum(matvec(w, x)) * scale, tanh(x)};
  };
  Points x({7, 3});
  Numbers scale({7});
  RandomStream(3).fill_uniform(x.span(), 0, -1.0, 1.0);
  RandomStream(4).fill_uniform(scale.span(), 0, 1.0, 2.0);
  const auto [sums, arrays] = vmap(f, mapped<0>)(std::pair{x, scale}, point_w);
  static_assert(std::is_same_v<std::remove_cvref_t<decltype(arrays)>, Points>);
  for (int i = 0; i < 7; ++i) {
    double expected = 0;
    for (int r = 0; r < 3; ++r)
      for (int c = 0; c < 3; ++c) expected += point_w(r, c) * x(i, c) * scale(i);
    BOOST_TEST(std::abs(sums(i) - expected) < 1e-14);
    BOOST_TEST(std::abs(arrays(i, 1) - std::tanh(x(i, 1))) < 1e-15);
  }
}

namespace {

struct Cube {
  static constexpr std::string_view name = "cube";
  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    return x * x * x;
  }
  static constexpr auto derivative(auto t, auto x, auto) { return partials(t * 3 * x * x); }
};

/// The product of x and a second operand of fewer axes, with a rule that sums.
struct ScaledRule {
  static constexpr std::string_view name = "scaled";
  static constexpr auto derivative(auto t, auto x, auto) { return partials(t * 2 * x + sum(t * x)); }
};
constexpr auto custom = [](auto x) { return custom_derivative<ScaledRule>(x * x, x); };

constexpr auto first = [](auto x) { return reshape(slice<0, 0, 6>(x), shape<2, 3>); };
constexpr auto second = [](auto x) { return reshape(slice<0, 6, 12>(x), shape<2, 3>); };
constexpr auto whole = [](auto x) { return cast<std::int64_t>(slice<0, 0, 2>(x) * 0 + 1.5); };

/// Every kind of operation, on twelve numbers.
constexpr auto zoo = [](auto x) {
  const auto a = first(x);
  const auto b = second(x);
  const auto row = reshape(slice<0, 1, 2>(a), shape<3>);
  const auto index = whole(x) * cast<std::int64_t>(slice<0, 0, 2>(x) > slice<0, 2, 4>(x));
  const auto wide = broadcast_to(reshape(index, shape<1, 2>), shape<3, 2>);
  return std::tuple{
      a + row * 2,
      sum(a * b, axis<0>),
      max(a, axis<1>),
      permute(concat(axis<0>, a, b), axis<1, 0>),
      matmul(a, transpose(b)),
      matmul(transpose(a), b),
      reshape(slice<0, 0, 6, 2>(concat(axis<0>, row, row * row)), shape<3, 1>),
      where(a > b, a, b * b),
      take(a, index),
      take(concat(axis<0>, a, a), cast<std::int64_t>(row * 0) + 3),
      gather(transpose(a), axis<1>, wide),
      cast<double>(argmax(a, axis<1>)),
      elementwise<Cube>(a + row),
      custom(row),
      log_softmax(b, axis<-1>),
      mean(x),
  };
};

template <class F>
struct Weighted {
  template <class X>
  constexpr auto operator()(const X& x) const {
    return std::apply([&](const auto&... y) { return (weigh(y, x) + ...); }, F{}(x));
  }
  template <class Y, class X>
  static constexpr auto weigh(const Y& y, const X& x) {
    constexpr int size = static_cast<int>(Y::shape_type::value.size());
    return sum(reshape(y, shape<size>) * sin(ctgrad_arange<double, size>(x) + 1));
  }
};
constexpr Weighted<std::remove_const_t<decltype(zoo)>> weighted;

constexpr auto of_point = [](auto x) { return std::tuple{zoo(x), gradient(weighted)(x), hvp(weighted)(x, sin(x))}; };
constexpr auto of_points = [](auto x) {
  const auto total = [](auto all) { return sum(vmap(weighted)(all)); };
  return std::tuple{vmap(zoo)(x), gradient(total)(x), hvp(total)(x, sin(x))};
};
constexpr auto mapped_inside = [](auto x) { return vmap([](auto one) { return hvp(weighted)(one, sin(one)); })(x); };

}  // namespace

// The graph for all points must compute what the graph for one does for each, also when it is differentiated after it
// was made.
BOOST_AUTO_TEST_CASE(agrees_with_a_loop_over_the_points) {
  constexpr int n = 5;
  const auto points = Tensor<double, Shape<n, 12>>::uniform(7, -1, 1);
  auto single = compile<Cpu>(of_point, spec<double, 12>);
  auto several = compile<Cpu>(of_points, spec<double, batch, 12>);
  auto inside = compile<Cpu>(mapped_inside, spec<double, n, 12>);
  Tensor<double, Shape<batch, 12>> all({n, 12});
  all.assign(points.span());
  const auto found = several(all);
  const auto nested = inside(points);
  for (int i = 0; i < n; ++i) {
    Tensor<double, Shape<12>> point;
    for (int k = 0; k < 12; ++k) point(k) = points(i, k);
    const auto expected = single(point);
    auto compare = [&](const auto& of_all, const auto& of_one) {
      BOOST_REQUIRE(of_all.size() == n * of_one.size());
      for (std::int64_t k = 0; k < of_one.size(); ++k)
        BOOST_TEST(std::abs(of_all.data()[i * of_one.size() + k] - of_one.data()[k]) < 1e-12);
    };
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      (compare(std::get<K>(std::get<0>(found)), std::get<K>(std::get<0>(expected))), ...);
    }
    (std::make_index_sequence<16>{});
    compare(std::get<1>(found), std::get<1>(expected));
    compare(std::get<2>(found), std::get<2>(expected));
    compare(nested, std::get<2>(expected));
  }
}

BOOST_AUTO_TEST_CASE(of_images) {
  const auto f = [](auto image, auto weight) { return max_pool2d(conv2d(image, weight), kernel_size<2>); };
  const auto images = Tensor<double, Shape<3, 1, 2, 6, 6>>::uniform(1, -1, 1);
  const auto weight = Tensor<double, Shape<2, 2, 3, 3>>::uniform(2, -1, 1);
  const auto all = vmap(f, mapped<0>)(images, weight);
  for (int i = 0; i < 3; ++i) {
    Tensor<double, Shape<1, 2, 6, 6>> image;
    std::copy_n(images.begin() + i * image.size(), image.size(), image.begin());
    const auto one = compiled(f)(image, weight);
    for (std::int64_t k = 0; k < one.size(); ++k)
      BOOST_TEST(std::abs(all.data()[i * one.size() + k] - one.data()[k]) < 1e-14);
  }
}

BOOST_AUTO_TEST_SUITE_END()
