// SPDX-License-Identifier: BSL-1.0
/// \file
/// Averages of optimizers after their gradient has become zero.
#include <ctgrad/ctgrad.hpp>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <tuple>

using namespace ctgrad;

namespace {

template <class T>
using Numbers = Tensor<T, Shape<4>>;

constexpr auto adam_step = [](const auto& p, const auto& g, const auto& m, const auto& v) {
  // Those of optim::Adam{} after many steps.
  constexpr std::array<double, 8> scalars{1e-3, 1, 0.9, 0.1, 0.999, 0.001, 1e-8, 0};
  const auto [next, state] = optim::Adam::update(p, g, std::array{m, v}, scalars);
  return std::tuple{next, state[0], state[1]};
};
constexpr auto momentum_step = [](const auto& p, const auto& g, const auto& v) {
  constexpr std::array<double, 3> scalars{1e-2, 0.9, 0};
  const auto [next, state] = optim::Momentum::update(p, g, std::array{v}, scalars);
  return std::tuple{next, state[0]};
};

using Types = std::tuple<float, double>;

}  // namespace

BOOST_AUTO_TEST_SUITE(subnormal)

BOOST_AUTO_TEST_CASE_TEMPLATE(averages_fade_to_zero, T, Types) {
  auto program = compile<Cpu>(adam_step, spec<T, 4>, spec<T, 4>, spec<T, 4>, spec<T, 4>);
  const Numbers<T> no_gradient{};
  Numbers<T> p{T(1), T(-2), T(0.5), T(0)};
  Numbers<T> m{T(1e-3), T(-1e-9), T(1e-30), T(0)};
  Numbers<T> v{T(1e-6), T(1e-10), T(1e-4), T(4) * std::numeric_limits<T>::min()};
  // The same in numbers, with nothing made zero.
  std::array<T, 4> expected{}, mean{}, square_mean{};
  for (std::size_t i = 0; i < 4; ++i) {
    expected[i] = p.data()[i];
    mean[i] = m.data()[i];
    square_mean[i] = v.data()[i];
  }
  const int steps = std::numeric_limits<T>::digits == 24 ? 2000 : 8000;
  for (int step = 0; step < steps; ++step) {
    auto [next, next_m, next_v] = program(p, no_gradient, m, v);
    p = next;
    m = next_m;
    v = next_v;
    for (std::size_t i = 0; i < 4; ++i) {
      mean[i] *= T(0.9);
      square_mean[i] *= T(0.999);
      expected[i] -= T(1e-3) * mean[i] / (std::sqrt(square_mean[i]) + T(1e-8));
    }
  }
  for (std::size_t i = 0; i < 4; ++i) {
    BOOST_TEST(m.data()[i] == T(0));
    BOOST_TEST(p.data()[i] == expected[i], boost::test_tools::tolerance(T(steps) * std::numeric_limits<T>::epsilon()));
  }
  // Left alone, averages never become zero.
  BOOST_TEST(std::fpclassify(mean[0]) == FP_SUBNORMAL);
  BOOST_TEST(std::fpclassify(square_mean[3]) == FP_SUBNORMAL);
  BOOST_TEST(v.data()[0] > T(0));
  BOOST_TEST(v.data()[3] == T(0));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_becomes_zero, T, Types) {
  constexpr T smallest = std::numeric_limits<T>::min(), nan = std::numeric_limits<T>::quiet_NaN();
  const Numbers<T> zero{};
  const Numbers<T> v{smallest, T(4) * smallest, -smallest / T(2), nan};
  auto momentum = compile<Cpu>(momentum_step, spec<T, 4>, spec<T, 4>, spec<T, 4>);
  const auto [p, next] = momentum(zero, zero, v);
  BOOST_TEST(next.data()[0] == T(0));  // 0.9 of it is subnormal
  BOOST_TEST(next.data()[1] == T(0.9) * (T(4) * smallest));
  BOOST_TEST(next.data()[2] == T(0));
  BOOST_TEST(std::isnan(next.data()[3]));
  BOOST_TEST(p.data()[0] == T(0));
  BOOST_TEST(std::isnan(p.data()[3]));

  auto adam = compile<Cpu>(adam_step, spec<T, 4>, spec<T, 4>, spec<T, 4>, spec<T, 4>);
  const auto [q, m, w] = adam(zero, zero, v, Numbers<T>{smallest / T(2), nan, T(1), T(0)});
  BOOST_TEST(m.data()[0] == T(0));
  BOOST_TEST(w.data()[0] == T(0));
  BOOST_TEST(std::isnan(w.data()[1]));
  BOOST_TEST(q.data()[0] == T(0));
  // The squares of a gradient that is not zero add up, however small they are.
  const auto [r, n, squares] = adam(zero, Numbers<T>::full(std::sqrt(smallest / T(2))), zero, zero);
  BOOST_TEST(n.data()[0] > T(0));
  BOOST_TEST(squares.data()[0] > T(0));
  BOOST_TEST(r.data()[0] < T(0));
}

/// float16's subnormals begin at 6.1e-5: an optimizer needs them.
BOOST_AUTO_TEST_CASE(half_numbers) {
  const Tensor<float16, Shape<2>> zero{};
  Tensor<float16, Shape<2>> v{};
  v.data()[0] = float16(4e-5F);
  v.data()[1] = float16(1.0F);
  auto in_float16 = compile<Cpu>(momentum_step, spec<float16, 2>, spec<float16, 2>, spec<float16, 2>);
  const auto [p, next] = in_float16(zero, zero, v);
  BOOST_TEST(static_cast<float>(next.data()[0]) > 3e-5F);

  const Tensor<bfloat16, Shape<2>> none{};
  Tensor<bfloat16, Shape<2>> w{};
  w.data()[0] = bfloat16(1e-38F);
  w.data()[1] = bfloat16(2e-38F);
  auto in_bfloat16 = compile<Cpu>(momentum_step, spec<bfloat16, 2>, spec<bfloat16, 2>, spec<bfloat16, 2>);
  const auto [q, faded] = in_bfloat16(none, none, w);
  BOOST_TEST(static_cast<float>(faded.data()[0]) == 0.0F);
  BOOST_TEST(static_cast<float>(faded.data()[1]) > 0.0F);
}

BOOST_AUTO_TEST_SUITE_END()
