// SPDX-License-Identifier: BSL-1.0
/// \file
/// Places of the largest elements as groups find them, sums at indices, and indices out of range.
#include "ctgrad/device/parallel/indexing.hpp"

#include <limits>
#include <string>

#include "compare.hpp"

BOOST_AUTO_TEST_SUITE(parallel_indexing)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

struct Places {
  constexpr auto operator()(auto x) const {
    return std::tuple{argmax(x, axis<1>), argmin(x, axis<1>), argmax(x, axis<0>), argmin(x, axis<0>)};
  }
};

/// Few different values, so that there are ties in every thread's share.
Tensor<float, Shape<5, batch>> steps_of(std::int64_t length, int modulus) {
  Tensor<float, Shape<5, batch>> x(Extents<2>{5, length});
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i * i % modulus);
  return x;
}

struct Sums {
  constexpr auto operator()(auto x, auto i, auto t) const {
    const auto gathered = [=](auto a) { return sum(gather(a, axis<1>, i) * t); };
    const auto taken = [=](auto a) {
      return sum(take(a, reshape(slice<0, 0, 1>(i), shape<300>)) * reshape(t, shape<300, 4>));
    };
    return std::pair{gradient(gathered)(x), gradient(taken)(x)};
  }
};

/// Sums of hundreds of elements in one place.
template <class Device, class T, class Index>
void check_sums() {
  auto programs = on_both<Device>(Sums{}, spec<T, 4, 4>, spec<Index, 4, 300>, spec<T, 4, 300>);
  Tensor<T, Shape<4, 4>> x;
  Tensor<Index, Shape<4, 300>> index;
  Tensor<T, Shape<4, 300>> t;
  for (int i = 0; i < 16; ++i) x.data()[i] = static_cast<T>(1.0F);
  for (int i = 0; i < 1200; ++i) {
    index.data()[i] = static_cast<Index>(i * i % 11 % 4);
    t.data()[i] = static_cast<T>(static_cast<float>(i % 17) / 16);
  }
  programs.compare(0, x, index, t);
}

constexpr auto taken_rows = [](auto x, auto i) { return take(x, i); };
constexpr auto gathered_columns = [](auto x, auto i) { return gather(x, axis<1>, i); };

/// Calls the program with wrong indices, each time followed by a right one, whose result must be that of the CPU.
template <class T, class S, class I, class IS, class F>
void check_wrong_indices(const F& f, const Tensor<T, S>& x, const Tensor<I, IS>& index, int length, const char* name) {
  auto program = compile<ThrustHost>(f, Spec<T, S>{}, Spec<I, IS>{});
  auto expected = compile<Cpu>(f, Spec<T, S>{}, Spec<I, IS>{});
  for (const int wrong : {length, -1, length + 1000}) {
    Tensor<I, IS> bad = index;
    bad.data()[bad.size() - 1] = static_cast<I>(wrong);
    const std::string text = std::string(name) + " was given the index " + std::to_string(wrong) +
                             ", but the axis has the length " + std::to_string(length);
    BOOST_CHECK_EXCEPTION(program(x, bad), Error,
                          [&](const Error& e) { return std::string(e.what()).find(text) != std::string::npos; });
    BOOST_CHECK_EXCEPTION(expected(x, bad), Error,
                          [&](const Error& e) { return std::string(e.what()).find(text) != std::string::npos; });
    compare_results(program(x, index), expected(x, index), 0);
  }
}

}  // namespace

// A thread for a line, groups of 32 and of 256, with and without a tail.
BOOST_AUTO_TEST_CASE(the_first_of_equals_and_nan_before_all) {
  auto programs = on_both<EmulatedGpu>(Places{}, spec<float, 5, batch>);
  for (const int length : {1, 3, 8, 9, 100, 1024, 1025, 3000})
    for (const int modulus : {1, 3, 97}) {
      auto x = steps_of(length, modulus);
      programs.compare(0, x);
      const float nan = std::numeric_limits<float>::quiet_NaN();
      x(1, length - 1) = nan;
      x(2, length / 2) = nan;
      x(2, length - 1) = nan;
      x(3, 0) = -std::numeric_limits<float>::infinity();
      programs.compare(0, x);
    }
}

BOOST_AUTO_TEST_CASE(no_lines_and_no_elements) {
  auto places = on_both<EmulatedGpu>([](auto x) { return argmax(x, axis<1>); }, spec<float, batch, 7>);
  places.compare(0, Tensor<float, Shape<batch, 7>>(Extents<2>{0, 7}));
  auto none = compile<EmulatedGpu>([](auto x) { return argmax(x, axis<1>); }, spec<float, 5, batch>);
  BOOST_CHECK_THROW(none(Tensor<float, Shape<5, batch>>(Extents<2>{5, 0})), Error);
}

BOOST_AUTO_TEST_CASE(sums_are_added_in_the_order_of_the_indices) {
  check_sums<EmulatedGpu, float, std::int64_t>();
  check_sums<ThrustHost, double, std::int32_t>();
}
// They are added in float and rounded once.
BOOST_AUTO_TEST_CASE(sums_of_16_bits) { check_sums<ThrustHost, ctgrad::bfloat16, std::int32_t>(); }

BOOST_AUTO_TEST_CASE(an_index_out_of_range_is_an_error_and_the_next_call_is_right) {
  const auto table = Tensor<float, Shape<4, 3>>::uniform(1, -1, 1);
  const Tensor<std::int64_t, Shape<5>> rows{3, 0, 1, 1, 2};
  const Tensor<std::int32_t, Shape<4, 2>> columns{0, 1, 2, 0, 1, 1, 0, 2};
  check_wrong_indices(taken_rows, table, rows, 4, "take");
  check_wrong_indices(gathered_columns, table, columns, 3, "gather");
  // Their derivatives read the indices alone.
  check_wrong_indices([](auto x, auto i) { return gradient([=](auto a) { return sum(taken_rows(a, i)); })(x); }, table,
                      rows, 4, "take (adjoint)");
  check_wrong_indices([](auto x, auto i) { return gradient([=](auto a) { return sum(gathered_columns(a, i)); })(x); },
                      table, columns, 3, "scatter_add");
}

BOOST_AUTO_TEST_SUITE_END()
