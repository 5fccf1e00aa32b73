// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loops that groups run row by row, against the CPU.
#include "ctgrad/device/parallel/row_chain.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "emulated_gpu.hpp"

BOOST_AUTO_TEST_SUITE(parallel_row_chain)

using namespace ctgrad;
using ctgrad_test::EmulatedGpu;

namespace {

struct Softmaxes {
  constexpr auto operator()(auto x, auto t) const {
    const auto loss = [=](auto a) { return sum(softmax(a, axis<1>) * t) + sum(log_softmax(a, axis<1>)); };
    return std::tuple{softmax(x, axis<1>), log_softmax(x, axis<1>), gradient(loss)(x)};
  }
};

/// Mean and variance of rows, and the rows normalised.
struct Normalised {
  constexpr auto operator()(auto x, auto) const {
    using S = typename decltype(x)::shape_type;
    using Row = Shape<S::value[0], 1>;
    const auto centred = x - reshape(mean(x, axis<1>), Row{});
    const auto variance = mean(square(centred), axis<1>);
    return std::tuple{centred / sqrt(reshape(variance, Row{}) + 1e-5), variance};
  }
};

template <class F, int Rows, int Columns, class Device>
void check() {
  const auto x = Tensor<float, Shape<Rows, Columns>>::uniform(1, -4, 4);
  const auto t = Tensor<float, Shape<Rows, Columns>>::uniform(2, -1, 1);
  auto expected = compile<Cpu>(F{}, spec<float, Rows, Columns>, spec<float, Rows, Columns>);
  auto found = compile<Device>(F{}, spec<float, Rows, Columns>, spec<float, Rows, Columns>);
  static_assert(row_chains<typename decltype(found)::Stages>.kind_count >= 1);
  const auto a = found(x, t);
  const auto b = expected(x, t);
  BOOST_TEST_CONTEXT(Device::name << ", " << Rows << " x " << Columns) {
    std::apply(
        [&](const auto&... of_a) {
          std::apply(
              [&](const auto&... of_b) {
                (
                    [&] {
                      for (std::int64_t i = 0; i < of_a.size(); ++i)
                        BOOST_TEST(std::abs(of_a.data()[i] - of_b.data()[i]) <= 3e-5F * (1 + std::abs(of_b.data()[i])),
                                   "element " << i << ": " << of_a.data()[i] << ", " << of_b.data()[i]);
                    }(),
                    ...);
              },
              b);
        },
        a);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(rows_of_every_length) {
  check<Softmaxes, 5, 3, EmulatedGpu>();
  check<Softmaxes, 3, 100, EmulatedGpu>();
  check<Softmaxes, 2, 2049, EmulatedGpu>();
  check<Softmaxes, 7, 64, ThrustHost>();
  check<Normalised, 3, 77, EmulatedGpu>();
  check<Normalised, 200, 12, ThrustHost>();
}

BOOST_AUTO_TEST_CASE(few_long_rows_are_shared_out_between_groups) { check<Softmaxes, 2, 70000, EmulatedGpu>(); }

BOOST_AUTO_TEST_CASE(no_rows_and_no_columns) {
  auto rows = compile<EmulatedGpu>([](auto x) { return softmax(x, axis<1>); }, spec<float, batch, 3>);
  BOOST_TEST(rows(Tensor<float, Shape<batch, 3>>(Extents<2>{0, 3})).size() == 0);
  const auto f = [](auto x) {
    const auto s = sum(exp(x), axis<1>);
    return std::pair{sum(x * reshape(s, shape<2, 1>), axis<1>), s};
  };
  auto columns = compile<EmulatedGpu>(f, spec<float, 2, batch>);
  const auto [a, b] = columns(Tensor<float, Shape<2, batch>>(Extents<2>{2, 0}));
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST(a(i) == 0);
    BOOST_TEST(b(i) == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
