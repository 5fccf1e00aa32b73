// SPDX-License-Identifier: BSL-1.0
/// \file
/// A copy of a program has memory of its own.
#include <ctgrad/ctgrad.hpp>

#include <boost/test/unit_test.hpp>
#include <concepts>
#include <memory>

BOOST_AUTO_TEST_SUITE(program_copy)

using namespace ctgrad;

static_assert(std::copyable<cpu::MatmulWorkspace<float>>);

BOOST_AUTO_TEST_CASE(results_of_a_copy_and_of_its_original_lie_apart) {
  auto f = [](auto x, auto w) { return matmul(x, w) + 1; };
  auto program = compile<Cpu>(f, spec<float, batch, 40>, spec<float, 40, 30>);
  static_assert(std::copyable<decltype(program)>);
  const auto w = Tensor<float, Shape<40, 30>>::uniform(1, -1, 1);
  Tensor<float, Shape<batch, 40>> x({20, 40});
  RandomStream(2).fill_uniform(x.span(), 0, -1, 1);

  const auto first = program(x, w);
  const Tensor<float, Shape<batch, 30>> wanted(first);
  auto copy = program;
  BOOST_TEST(copy.memory().total() == program.memory().total());
  Tensor<float, Shape<batch, 40>> zeros({20, 40});
  zeros = x * 0;
  const auto second = copy(zeros, w);
  for (std::int64_t i = 0; i < wanted.size(); ++i) {
    BOOST_TEST(first.data()[i] == wanted.data()[i]);
    BOOST_TEST(second.data()[i] == 1);
  }
  program = copy;
  const auto third = program(x, w);
  for (std::int64_t i = 0; i < wanted.size(); ++i) BOOST_TEST(third.data()[i] == wanted.data()[i]);
}

// A copy works when the original is gone.
BOOST_AUTO_TEST_CASE(a_copy_outlives_its_original) {
  auto f = [](auto x, auto w) { return conv2d(x, w); };
  const auto x = Tensor<float, Shape<2, 1, 8, 8>>::uniform(1, -1, 1);
  const auto w = Tensor<float, Shape<3, 1, 3, 3>>::uniform(2, -1, 1);
  auto original = std::make_unique<decltype(compile<Cpu>(f, spec<float, 2, 1, 8, 8>, spec<float, 3, 1, 3, 3>))>();
  const Tensor<float, Shape<2, 3, 6, 6>> wanted((*original)(x, w));
  auto copy = *original;
  original.reset();
  const auto found = copy(x, w);
  for (std::int64_t i = 0; i < wanted.size(); ++i) BOOST_TEST(found.data()[i] == wanted.data()[i]);
}

BOOST_AUTO_TEST_SUITE_END()
