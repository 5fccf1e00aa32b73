// SPDX-License-Identifier: BSL-1.0
/// \file
/// Reductions as groups of threads fold them, and how their work is shared out.
#include "ctgrad/device/parallel/reduction.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "emulated_gpu.hpp"

BOOST_AUTO_TEST_SUITE(parallel_reduction)

using namespace ctgrad;
using ctgrad_test::EmulatedGpu;

namespace {

/// Every element belongs to one part, and parts begin at multiples of what is read at once.
void check_plan(std::int64_t results, std::int64_t length, bool folds_innermost, int v, std::int64_t threads) {
  const parallel::ReductionPlan plan = parallel::plan_reduction(results, length, folds_innermost, v, threads);
  BOOST_TEST_CONTEXT("results " << results << ", length " << length << ", v " << v << ", threads " << threads) {
    BOOST_TEST((plan.group == 1 || plan.group == 32 || plan.group == parallel::block_threads));
    BOOST_TEST(plan.parts >= 1);
    BOOST_TEST(plan.part_length % v == 0);
    BOOST_TEST(plan.parts * plan.part_length >= length);
    if (length > 0) BOOST_TEST((plan.parts - 1) * plan.part_length < length);
    if (length == 0) BOOST_TEST(plan.parts == 1);
  }
}

template <class A, class B>
void check_close(const A& a, const B& b, double tolerance) {
  BOOST_REQUIRE(a.size() == b.size());
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a.data()[i]);
    const double y = static_cast<double>(b.data()[i]);
    BOOST_TEST((x == y || std::abs(x - y) <= tolerance * (1 + std::abs(y))), "element " << i << ": " << x << ", " << y);
  }
}

/// Sums and maxima over every set of axes, a stored result beside them, and an expression before and after.
struct Reductions {
  constexpr auto operator()(auto x, auto scale) const {
    const auto y = x * scale;
    return std::tuple{
        sum(y), sum(y, axis<0>),  sum(y, axis<1>),    max(y, axis<1>),   min(y, axis<0>), max(y), exp(sum(y, axis<1>)),
        y + 1,  mean(y, axis<0>), argmax(x, axis<1>), argmin(x, axis<0>)};
  }
};

template <int Rows, int Columns, class T = float>
void check_reductions() {
  const auto x = Tensor<T, Shape<Rows, Columns>>::uniform(1, -1, 1);
  const auto scale = Tensor<T, Shape<Columns>>::uniform(2, 0, T(0.01));
  auto expected = compile<Cpu>(Reductions{}, spec<T, Rows, Columns>, spec<T, Columns>);
  auto found = compile<EmulatedGpu>(Reductions{}, spec<T, Rows, Columns>, spec<T, Columns>);
  const auto a = found(x, scale);
  const auto b = expected(x, scale);
  BOOST_TEST_CONTEXT(Rows << " x " << Columns) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (check_close(std::get<I>(a), std::get<I>(b), sizeof(T) == 4 ? 2e-5 : 1e-13), ...);
    }
    (std::make_index_sequence<11>{});
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(parts_cover_every_element_once) {
  for (const std::int64_t results : {1, 2, 31, 1000, 100000})
    for (const std::int64_t length : {0, 1, 3, 63, 64, 1000, 4097, 1000003})
      for (const int v : {1, 2, 4, 8})
        for (const std::int64_t threads : {1, 2048, 270336}) {
          check_plan(results, length, true, v, threads);
          check_plan(results, length, false, v, threads);
        }
}

BOOST_AUTO_TEST_CASE(every_shape_of_reduction) {
  check_reductions<1, 1>();
  check_reductions<3, 5>();
  check_reductions<7, 300>();
  check_reductions<5, 1024>();
  check_reductions<300, 7>();
  check_reductions<2, 40000>();
  check_reductions<1, 100001>();
  check_reductions<5, 1024, double>();
}

BOOST_AUTO_TEST_CASE(axes_in_the_middle_and_around_it) {
  const auto f = [](auto x) {
    return std::tuple{sum(x, axis<1>), sum(x, axis<0, 2>), sum(x, axis<0, 3>), max(x, axis<1, 2>),
                      sum(permute(x, axis<0, 2, 1, 3>) * 2, axis<1>)};
  };
  const auto x = Tensor<double, Shape<4, 33, 6, 10>>::uniform(1, -1, 1);
  auto expected = compile<Cpu>(f, spec<double, 4, 33, 6, 10>);
  auto found = compile<EmulatedGpu>(f, spec<double, 4, 33, 6, 10>);
  const auto a = found(x);
  const auto b = expected(x);
  check_close(std::get<0>(a), std::get<0>(b), 1e-13);
  check_close(std::get<1>(a), std::get<1>(b), 1e-13);
  check_close(std::get<2>(a), std::get<2>(b), 1e-13);
  check_close(std::get<3>(a), std::get<3>(b), 0);
  check_close(std::get<4>(a), std::get<4>(b), 1e-13);
}

BOOST_AUTO_TEST_CASE(of_nothing_the_identity) {
  const auto f = [](auto x) { return std::tuple{sum(x, axis<0>), max(x, axis<0>), sum(x, axis<1>), sum(x)}; };
  auto program = compile<EmulatedGpu>(f, spec<float, batch, 3>);
  for (const std::int64_t length : {0, 40000, 0, 2}) {
    Tensor<float, Shape<batch, 3>> x(Extents<2>{length, 3});
    x.fill(1);
    const auto [sums, largest, rows, total] = program(x);
    for (int i = 0; i < 3; ++i) {
      BOOST_TEST(sums(i) == static_cast<float>(length));
      BOOST_TEST(largest(i) == (length == 0 ? -std::numeric_limits<float>::infinity() : 1));
    }
    BOOST_TEST(rows.size() == length);
    for (std::int64_t i = 0; i < length; ++i) BOOST_TEST(rows(i) == 3);
    BOOST_TEST(total.item() == static_cast<float>(3 * length));
  }
}

BOOST_AUTO_TEST_CASE(the_same_bits_on_every_run) {
  auto program = compile<EmulatedGpu>([](auto x) { return sum(sin(x)); }, spec<float, 100003>);
  const auto x = Tensor<float, Shape<100003>>::uniform(5, -3, 3);
  const float first = program(x).item();
  for (int i = 0; i < 3; ++i) BOOST_TEST(program(x).item() == first);
}

BOOST_AUTO_TEST_SUITE_END()
