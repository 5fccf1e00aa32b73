// SPDX-License-Identifier: BSL-1.0
/// \file
/// Power series along a line against closed forms, nested forward mode, and differences.
#include "ctgrad/autodiff/taylor.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_taylor)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

template <std::size_t N>
constexpr bool close(const std::array<double, N>& found, const std::array<double, N>& expected, double tolerance) {
  for (std::size_t i = 0; i < N; ++i) {
    const double error = found[i] - expected[i];
    if (!((error < 0 ? -error : error) <= tolerance * (1 + (expected[i] < 0 ? -expected[i] : expected[i]))))
      return false;
  }
  return true;
}

constexpr double e = 2.718281828459045;
static_assert(close(taylor<5>([](auto x) { return exp(x); })(1.0, 1.0), {e, e, e / 2, e / 6, e / 24, e / 120}, 1e-15));
static_assert(close(taylor<6>([](auto x) { return sin(x); })(0.0, 2.0), {0, 2, 0, -8.0 / 6, 0, 32.0 / 120, 0}, 1e-15));
static_assert(close(taylor<4>([](auto x) { return 1 / (1 - x); })(0.0, 1.0), {1, 1, 1, 1, 1}, 1e-15));
static_assert(close(taylor<4>([](auto x) { return log(1 + x); })(0.0, 1.0), {0, 1, -0.5, 1.0 / 3, -0.25}, 1e-15));
static_assert(close(taylor<4>([](auto x) { return sqrt(1 + x); })(0.0, 1.0), {1, 0.5, -0.125, 0.0625, -5.0 / 128},
                    1e-15));
static_assert(close(taylor<5>([](auto x) { return tanh(x); })(0.0, 1.0), {0, 1, 0, -1.0 / 3, 0, 2.0 / 15}, 1e-15));
static_assert(close(taylor<3>([](auto x) { return pow(x, 2.5); })(1.0, 1.0), {1, 2.5, 1.875, 0.3125}, 1e-14));
static_assert(close(taylor<3>([](auto x) { return square(square(x)); })(2.0, 1.0), {16, 32, 24, 8}, 1e-15));
static_assert(close(taylor<2>([](auto x) { return where(x > 1, x * x, x); })(2.0, 1.0), {4, 4, 1}, 1e-15));
static_assert(close(taylor<3>([](auto x) { return x * 0 + 5; })(2.0, 1.0), {5, 0, 0, 0}, 1e-15));
// A number for a direction, among symbols.
constexpr auto along_a_number = [](auto x) { return taylor<2>([](auto z) { return z * z * z; })(x, 2.0); };
static_assert(close(compiled(along_a_number)(3.0), {27, 54, 36}, 1e-15));
static_assert(taylor<0>([](auto x) { return x * x; })(3.0, 1.0)[0] == 9);

constexpr auto mixture = [](auto x) {
  const auto a = slice<0, 0, 3>(x);
  const auto b = slice<0, 3, 6>(x);
  const auto m = reshape(x, shape<2, 3>);
  const auto product = matmul(transpose(m), tanh(m));
  return std::tuple{sum(sigmoid(a) * softplus(b) / (2 + cos(a))), max(product, axis<0>),
                    permute(concat(axis<0>, a, a), axis<0>) * abs(x) + relu(x) * log_softmax(x, axis<0>),
                    elementwise<NormalDistribution>(a * b), sum(maximum(a, b) * exp(-a * a)) * mean(x)};
};
template <int Part>
constexpr auto part = [](auto x) { return std::get<Part>(mixture(x)); };

/// The third derivative by forward mode thrice.
template <int Part>
constexpr auto third = [](auto x, auto v) {
  const auto first = [v](auto y) { return directional_derivative(part<Part>)(y, v); };
  const auto second = [=](auto y) { return directional_derivative(first)(y, v); };
  return std::tuple{first(x), second(x), directional_derivative(second)(x, v)};
};

}  // namespace

// Traced and evaluated at run time: the graph of the nested derivatives is large.
BOOST_AUTO_TEST_CASE(agrees_with_nested_forward_mode) {
  const double numbers[] = {0.3, -0.7, 1.1, 0.9, -0.2, 0.4, 1, 0.5, -0.3, 0.2, -1, 0.7};
  GraphBuilder builder;
  std::array<Symbol<double, Shape<1>>, 12> inputs;
  for (int i = 0; i < 12; ++i)
    inputs[static_cast<std::size_t>(i)] = reshape(detail::record_input<Spec<double, Shape<>>>(builder, i), shape<1>);
  const auto join = [&](std::size_t first) {
    return concat(axis<0>, inputs[first], inputs[first + 1], inputs[first + 2], inputs[first + 3], inputs[first + 4],
                  inputs[first + 5]);
  };
  const auto x = join(0);
  const auto v = join(6);
  const auto series = taylor<3>([](auto y) { return mixture(y); })(x, v);
  const std::tuple nested{third<0>(x, v), third<1>(x, v), third<2>(x, v), third<3>(x, v), third<4>(x, v)};
  auto output = [&](const auto& symbol) { builder.outputs.push_back({symbol.id, OutputKind::result, 0}); };
  auto output_part = [&]<std::size_t P>(std::integral_constant<std::size_t, P>) {
    const auto& [first, second, last] = std::get<P>(nested);
    output(std::get<P>(series[1]));
    output(first);
    output(std::get<P>(series[2]) * 2);
    output(second);
    output(std::get<P>(series[3]) * 6);
    output(last);
  };
  [&]<std::size_t... P>(std::index_sequence<P...>) { (output_part(std::integral_constant<std::size_t, P>{}), ...); }
  (std::make_index_sequence<5>{});

  const auto values = interpret(builder.view(), numbers);
  const double* at = values.data();
  int compared = 0;
  for (int k = 0; k < builder.outputs.size(); k += 2) {
    const auto size = builder.shape(builder.outputs[k].node).size();
    for (std::int64_t i = 0; i < size; ++i, ++compared)
      BOOST_TEST(std::abs(at[i] - at[size + i]) < 1e-12 * (1 + std::abs(at[i])));
    at += 2 * size;
  }
  BOOST_TEST(compared == 3 * (1 + 3 + 6 + 3 + 1));
}

// The nodes of a series grow with the square of the order, and not with its power of two.
BOOST_AUTO_TEST_CASE(costs_the_square_of_the_order) {
  auto nodes = [](auto derivative) {
    return simplify(trace<Spec<double, Shape<>>, Spec<double, Shape<>>>(derivative).view()).nodes.size();
  };
  constexpr auto f = [](auto x) { return sin(exp(x) / (1 + x * x)); };
  const int four = nodes(taylor<4>(f));
  const int eight = nodes(taylor<8>(f));
  const int sixteen = nodes(taylor<16>(f));
  BOOST_TEST(four > 30);
  BOOST_TEST(eight < 4 * four);
  BOOST_TEST(sixteen < 4 * eight);
}

BOOST_AUTO_TEST_SUITE_END()
