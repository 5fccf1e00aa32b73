// SPDX-License-Identifier: BSL-1.0
/// \file
/// Programs in a source that nvcc compiles: they run on the CPU, and the types of their kernels on the GPU.
#include <cmath>
#include <tuple>

#include "ctgrad/ctgrad.hpp"
#include "kernel_body.hpp"

BOOST_AUTO_TEST_SUITE(cuda_program)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

struct Snake {
  static constexpr std::string_view name = "snake";
  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    const T s = math::sin(x);
    return math::fma(s, s, x);
  }
  static constexpr auto derivative(auto t, auto x, auto) { return partials(t * (1 + sin(2 * x))); }
};

// Two results, a value that both use, and an operation from a user's header.
struct Fused {
  constexpr auto operator()(auto x, auto y) const {
    const auto t = tanh(x);
    return std::tuple{t * y, elementwise<Snake>(t) - y};
  }
};
constexpr int size = 1000;

}  // namespace

BOOST_AUTO_TEST_CASE(a_gradient_runs_on_the_cpu) {
  const Tensor<double, Shape<3>> x{1, 2, 3};
  const auto [value, gradient] = value_and_grad([](auto v) { return sum(square(tanh(v))); })(x);
  double sum_of_squares = 0;
  for (int i = 0; i < 3; ++i) {
    const double t = std::tanh(x(i));
    sum_of_squares += t * t;
    BOOST_TEST(gradient(i) == 2 * t * (1 - t * t), boost::test_tools::tolerance(1e-14));
  }
  BOOST_TEST(value == sum_of_squares, boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(a_fused_loop_of_a_program_gives_the_results_of_the_cpu, *needs_gpu()) {
  auto program = compile<Cpu>(Fused{}, spec<float, size>, spec<float, size>);
  using Stages = typename decltype(program)::Stages;
  static_assert(Stages::view().kernel_count == 1);
  using Body = kernels::kernel_of<Stages, 0>;
  static_assert(Body::input_count == 2 && Body::output_count == 2);

  Tensor<float, Shape<size>> x, y;
  RandomStream(1).fill_uniform(x.span(), 0, -3, 3);
  RandomStream(2).fill_uniform(y.span(), 0, -3, 3);
  const auto [product, difference] = program(x, y);

  const SharedArray<float> a(size), b(size), first(size), second(size), host_first(size), host_second(size);
  std::copy(x.begin(), x.end(), a.data());
  std::copy(y.begin(), y.end(), b.data());
  run_on_device<Body>({{a.data(), b.data()}, {first.data(), second.data()}}, size, "a fused loop");
  for (int i = 0; i < size; ++i) {
    BOOST_TEST(std::abs(first[i] - product(i)) <= 2e-6F);
    BOOST_TEST(std::abs(second[i] - difference(i)) <= 2e-6F);
  }
}

BOOST_AUTO_TEST_SUITE_END()
