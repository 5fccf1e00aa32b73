// SPDX-License-Identifier: BSL-1.0
/// \file
/// Operations on bfloat16 and float16: what they give is the float result, rounded where it is stored.
#include <boost/test/unit_test.hpp>

#include <boost/mpl/list.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>

#include <ctgrad/ctgrad.hpp>

#include "../sanitized.hpp"

using namespace ctgrad;

namespace {

using Halves = boost::mpl::list<bfloat16, float16>;
// Where the two types differ by their conversions alone, the sanitizers look at one.
using EitherHalf = std::conditional_t<ctgrad_test::sanitized, boost::mpl::list<bfloat16>, Halves>;

/// Elements of type H, as they are rounded, and the same numbers as float.
template <class H, class S>
struct Both {
  Tensor<H, S> half;
  Tensor<float, S> full;
};

template <class H, class S>
Both<H, S> random(std::uint64_t seed, float low = -3, float high = 3) {
  Both<H, S> result{Tensor<H, S>(), Tensor<float, S>::uniform(seed, low, high)};
  result.half = cast<H>(result.full);
  result.full = cast<float>(result.half);
  return result;
}

template <class T>
std::string text_of_element(T x) {
  return std::to_string(static_cast<float>(x));
}

/// What is wrong with element `i`, as text.
std::string complaint(std::int64_t i, const std::string& found, const std::string& wanted) {
  return "element " + std::to_string(i) + ": " + found + ", not " + wanted + "; ";
}
void check_none(const std::string& complaints, const std::string& what) {
  BOOST_TEST(complaints.empty(), what << ", " << complaints);
}

/// Checks that `found` is `expected` rounded to H, bit by bit.
template <class H, class S>
void check_rounded(const TensorView<const H, S>& found, const TensorView<const float, S>& expected,
                   const std::string& what) {
  std::string complaints;
  for (std::int64_t i = 0; i < found.size(); ++i) {
    const H wanted = expected.data()[i];
    const bool both_nan = std::isnan(expected.data()[i]) && std::isnan(static_cast<float>(found.data()[i]));
    if (!both_nan && found.data()[i].bits != wanted.bits)
      complaints += complaint(i, text_of_element(found.data()[i]), text_of_element(wanted));
  }
  check_none(complaints, what);
}

/// Calls f, which returns a tuple, with 16-bit operands, at once and compiled, and with float ones: each result of the
/// former must be the latter, rounded.
template <class H, class F, class... S>
void check(const F& f, const Both<H, S>&... x) {
  const auto expected = evaluate(f, x.full...);
  const auto at_once = evaluate(f, x.half...);
  auto program = compile<Cpu>(f, Spec<H, S>{}...);
  const auto compiled = program(x.half...);
  const auto check_one = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
    const std::string what = "result " + std::to_string(I);
    check_rounded<H>(std::get<I>(at_once).view(), std::get<I>(expected).view(), what + " at once");
    check_rounded<H>(std::get<I>(compiled), std::get<I>(expected).view(), what + " compiled");
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) { (check_one(std::integral_constant<std::size_t, I>{}), ...); }
  (std::make_index_sequence<std::tuple_size_v<std::remove_const_t<decltype(expected)>>>{});
}

// Outside of the tests, so that their float programs are compiled once.
constexpr auto of_each_element = [](auto a, auto b) {
  return std::tuple{a + b,         a - b,      a * b,       a / b,   maximum(a, b),
                    minimum(a, b), pow(b, a),  -a,          abs(a),  square(a),
                    sqrt(b),       exp(a),     log(b),      sin(a),  cos(a),
                    tanh(a),       sigmoid(a), softplus(a), relu(a), where(a > b, a, b * 2)};
};
constexpr auto reductions = [](auto a) {
  return std::tuple{sum(tanh(a), axis<1>), sum(a * a, axis<0>), mean(a, axis<0>),       max(a, axis<1>),
                    min(a, axis<0>),       softmax(a, axis<1>), log_softmax(a, axis<1>)};
};
// The last is of a part of an array that begins where the array does.
constexpr auto products = [](auto x, auto y, auto z) {
  return std::tuple{matmul(x, y), matmul(x, transpose(z)), matmul(x, transpose(x)),
                    matmul(slice<0, 0, 4>(x), transpose(x))};
};
constexpr auto windows = [](auto a, auto b) {
  return std::tuple{conv2d(a, b, padding<1>), conv2d(a, b, stride<2>), max_pool2d(a, kernel_size<2>),
                    max_pool2d(a, kernel_size<3>, stride<2>, padding<1>), avg_pool2d(a, kernel_size<2>)};
};
constexpr auto moved = [](auto a) {
  return std::tuple{concat(axis<0>, a, a * 2), transpose(a) + 0.5, reshape(slice<1, 1, 3>(a), shape<10>)};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(half_operations)

BOOST_AUTO_TEST_CASE_TEMPLATE(elementwise_operations_are_those_of_float, H, EitherHalf) {
  // Not a multiple of any register's lanes.
  const auto x = random<H, Shape<3, 37>>(1);
  const auto y = random<H, Shape<3, 37>>(2, 0.1F, 4);
  check<H>(of_each_element, x, y);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(values_inside_a_loop_keep_the_precision_of_float, H, Halves) {
  const auto x = random<H, Shape<50>>(3, 1, 2);
  // Rounded in between, the first would be 0. A number is a float beside 16-bit elements: the one in the second
  // vanishes as a float16.
  check<H>([](auto a) { return std::tuple{((a * 1e-4 + 1) - 1) * 1e4, 1 / (a * 0 + 1e-8) * 1e-8}; }, x);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_cast_rounds, H, Halves) {
  const auto x = random<H, Shape<50>>(4, 1, 2);
  auto rounded = compile<Cpu>([](auto a) { return cast<float>(cast<H>(a * 1.2345)) - cast<float>(a); }, spec<H, 50>);
  const auto result = rounded(x.half);
  const Tensor<float, Shape<50>> at_once = cast<float>(cast<H>(x.half * 1.2345)) - cast<float>(x.half);
  for (int i = 0; i < 50; ++i) {
    const float expected = static_cast<float>(H(x.full(i) * 1.2345F)) - x.full(i);
    BOOST_TEST(result(i) == expected);
    BOOST_TEST(at_once(i) == expected);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(casts_to_and_from_all_types, H, Halves) {
  const Tensor<H, Shape<7>> x{0, -0.5, 1.5, -2.75, 100, 1024, -3};
  const auto check_to = [&]<class T>(T) {
    const auto f = [](auto a) { return cast<T>(a); };
    auto program = compile<Cpu>(f, spec<H, 7>);
    const Tensor<T, Shape<7>> at_once = f(x);
    for (int i = 0; i < 7; ++i) {
      BOOST_TEST(program(x)(i) == static_cast<T>(static_cast<float>(x(i))));
      BOOST_TEST(at_once(i) == static_cast<T>(static_cast<float>(x(i))));
    }
  };
  check_to(1.0F);
  check_to(1.0);
  check_to(std::int32_t{1});
  check_to(std::int64_t{1});
  check_to(true);
  const auto check_from = [&]<class T>(T) {
    const Tensor<T, Shape<5>> from{T(0), T(1), T(-3), T(257), T(2049)};
    auto program = compile<Cpu>([](auto a) { return cast<H>(a); }, spec<T, 5>);
    const Tensor<H, Shape<5>> at_once = cast<H>(from);
    for (int i = 0; i < 5; ++i) {
      BOOST_TEST(program(from)(i).bits == H(from(i)).bits);
      BOOST_TEST(at_once(i).bits == H(from(i)).bits);
    }
  };
  check_from(1.0F);
  check_from(1.0);
  check_from(std::int32_t{1});
  check_from(std::int64_t{1});
  check_from(true);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(reductions_add_in_float, H, EitherHalf) {
  // Added in 16 bits, ones would stop at 256 or 2048.
  Tensor<H, Shape<4096, 3>> ones;
  ones.fill(1);
  auto program = compile<Cpu>(
      [](auto x) {
        return std::tuple{sum(x), sum(x, axis<0>), sum(x, axis<1>), mean(x), mean(x, axis<0>)};
      },
      spec<H, 4096, 3>);
  const auto [all, columns, rows, average, averages] = program(ones);
  BOOST_TEST(static_cast<float>(all.item()) == 12288);
  BOOST_TEST(static_cast<float>(average.item()) == 1);
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(static_cast<float>(columns(i)) == 4096);
    BOOST_TEST(static_cast<float>(averages(i)) == 1);
  }
  BOOST_TEST(static_cast<float>(rows(4095)) == 3);
  const Tensor<H, Shape<3>> at_once = sum(ones, axis<0>);
  BOOST_TEST(static_cast<float>(at_once(2)) == 4096);
  BOOST_TEST(static_cast<float>(static_cast<H>(sum(ones * 0.5))) == 6144);

  const auto x = random<H, Shape<65, 37>>(5);
  check<H>(reductions, x);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_reduction_stays_float_in_a_program, H, Halves) {
  const auto x = random<H, Shape<65, 37>>(5);
  const auto norm = [](auto a) { return sqrt(sum(square(a), axis<1>)); };
  auto program = compile<Cpu>(norm, spec<H, 65, 37>);
  const auto expected = evaluate(norm, x.full);
  check_rounded<H>(program(x.half), expected.view(), "norm");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_mean_of_more_elements_than_the_type_can_count, H, Halves) {
  Tensor<H, Shape<batch>> x(Extents<1>{100001});
  x.fill(0.5);
  auto program = compile<Cpu>([](auto a) { return mean(a); }, spec<H, batch>);
  BOOST_TEST(static_cast<float>(program(x).item()) == 0.5F);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(matrix_products_add_in_float, H, EitherHalf) {
  const auto a = random<H, Shape<33, 500>>(6);
  const auto b = random<H, Shape<500, 17>>(7);
  const auto c = random<H, Shape<17, 500>>(8);
  check<H>(products, a, b, c);
  const auto batches = random<H, Shape<3, 4, 5>>(9);
  const auto shared = random<H, Shape<5, 6>>(10);
  check<H>([](auto x, auto y) { return std::tuple{matmul(x, y)}; }, batches, shared);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(convolution_and_pooling_are_those_of_float, H, EitherHalf) {
  const auto x = random<H, Shape<2, 3, 9, 8>>(11);
  const auto w = random<H, Shape<4, 3, 3, 3>>(12);
  check<H>(windows, x, w);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(elements_are_moved_as_they_are, H, Halves) {
  const auto x = random<H, Shape<5, 4>>(13);
  check<H>(moved, x);
  const Tensor<std::int64_t, Shape<3>> index{4, 0, 4};
  auto rows = compile<Cpu>([](auto a, auto i) { return take(a, i); }, spec<H, 5, 4>, spec<std::int64_t, 3>);
  const auto taken = rows(x.half, index);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 4; ++j) BOOST_TEST(taken(i, j).bits == x.half(index(i), j).bits);
  auto largest = compile<Cpu>([](auto a) { return argmax(a, axis<1>); }, spec<H, 5, 4>);
  const Tensor<std::int64_t, Shape<5>> expected = argmax(x.full, axis<1>);
  for (int i = 0; i < 5; ++i) BOOST_TEST(largest(x.half)(i) == expected(i));
}

namespace {

/// Checks the gradient of f by its first operand against that of float, within a few roundings.
template <class H, class F, class... S>
void check_gradient(const char* what, const F& f, const Both<H, S>&... x) {
  const auto [value, found] = value_and_grad(f)(x.half...);
  const auto [float_value, expected] = value_and_grad(f)(x.full...);
  const float unit = static_cast<float>(std::numeric_limits<H>::epsilon());
  BOOST_TEST(std::fabs(static_cast<float>(value) - float_value) <= 2 * unit * (1 + std::fabs(float_value)), what);
  float largest = 0;
  for (const float e : expected) largest = std::max(largest, std::fabs(e));
  for (std::int64_t i = 0; i < expected.size(); ++i)
    BOOST_TEST(std::fabs(static_cast<float>(found.data()[i]) - expected.data()[i]) <= 4 * unit * largest,
               what << ", element " << i << ": " << static_cast<float>(found.data()[i]) << ", of float "
                    << expected.data()[i]);
}

}  // namespace

namespace {

// Outside of the test, so that their float programs are compiled once.
constexpr auto tanh_layer = [](auto a, auto b) { return mean(tanh(matmul(a, b))); };
constexpr auto softmax_layer = [](auto a, auto b) { return mean(square(softmax(matmul(a, b), axis<1>))); };
constexpr auto norm_of_rows = [](auto a, auto b) { return mean(sqrt(sum(square(matmul(a, b)), axis<1>))); };
constexpr auto max_pooled = [](auto a, auto b) {
  return mean(max_pool2d(relu(conv2d(a, b, padding<1>)), kernel_size<2>));
};
constexpr auto average_pooled = [](auto a, auto b) { return mean(square(avg_pool2d(conv2d(a, b), kernel_size<2>))); };
constexpr auto largest_of_rows = [](auto a) { return sum(max(exp(a * 0.3), axis<1>)); };

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(gradients_are_close_to_those_of_float, H, EitherHalf) {
  const auto x = random<H, Shape<6, 20>>(14);
  const auto w = random<H, Shape<20, 5>>(15, -0.5F, 0.5F);
  check_gradient<H>("tanh", tanh_layer, x, w);
  check_gradient<H>("softmax", softmax_layer, x, w);
  check_gradient<H>("norm", norm_of_rows, x, w);
  const auto images = random<H, Shape<2, 2, 6, 6>>(16);
  const auto kernels = random<H, Shape<3, 2, 3, 3>>(17);
  check_gradient<H>("max_pool2d", max_pooled, images, kernels);
  check_gradient<H>("avg_pool2d", average_pooled, images, kernels);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_derivative_of_max_finds_the_largest_element, H, EitherHalf) {
  // The elements that max compares are computed in the loop, in float, and stored nowhere.
  const auto x = random<H, Shape<8, 40>>(18);
  const auto found = gradient(largest_of_rows)(x.half);
  const auto expected = gradient(largest_of_rows)(x.full);
  for (std::int64_t i = 0; i < 8; ++i) {
    float sum_of_row = 0;
    float expected_of_row = 0;
    for (std::int64_t j = 0; j < 40; ++j) {
      sum_of_row += static_cast<float>(found(i, j));
      expected_of_row += expected(i, j);
    }
    BOOST_TEST(sum_of_row == expected_of_row, boost::test_tools::tolerance(0.02F));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(losses_of_16_bits_are_float, H, EitherHalf) {
  const auto logits = random<H, Shape<16, 10>>(19);
  Tensor<std::int64_t, Shape<16>> label;
  for (int i = 0; i < 16; ++i) label(i) = 3 * i % 10;
  auto entropy =
      compile<Cpu>([](auto x, auto i) { return cross_entropy(x, i); }, spec<H, 16, 10>, spec<std::int64_t, 16>);
  auto expected =
      compile<Cpu>([](auto x, auto i) { return cross_entropy(x, i); }, spec<float, 16, 10>, spec<std::int64_t, 16>);
  const float found = entropy(logits.half, label);
  BOOST_TEST(found == static_cast<float>(expected(logits.full, label)), boost::test_tools::tolerance(1e-6F));
  const auto target = random<H, Shape<16, 10>>(20);
  const float error = mse_loss(logits.half, target.full);
  BOOST_TEST(error == static_cast<float>(mse_loss(logits.full, target.full)), boost::test_tools::tolerance(1e-6F));
}

namespace {

/// A user's functor: it is called with floats.
struct Cube {
  static constexpr std::string_view name = "cube";
  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    static_assert(std::is_floating_point_v<T>);
    return x * x * x;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(operations_of_a_user_take_floats, H, EitherHalf) {
  const auto x = random<H, Shape<37>>(21);
  check<H>([](auto a) { return std::tuple{elementwise<Cube>(a)}; }, x);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(dropout_is_that_of_float, H, EitherHalf) {
  const auto x = random<H, Shape<500>>(22);
  const auto f = [](auto a) { return dropout(a, 0.25); };
  auto half = compile<Cpu>(f, spec<H, 500>);
  auto full = compile<Cpu>(f, spec<float, 500>);
  half.seed(3);
  full.seed(3);
  check_rounded<H>(half(x.half), full(x.full), "dropout");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(large_arrays_go_through_threads_and_past_the_caches, H, Halves) {
  // 32 MB of results of 16 bits, from a place that is no multiple of a register.
  constexpr std::int64_t size = (std::int64_t{32} << 19) + 5;
  Tensor<H, Shape<batch>> x(Extents<1>{size});
  for (std::int64_t i = 0; i < size; ++i) x(i) = static_cast<float>(i % 251);
  auto program = compile<Cpu>([](auto a) { return a * 0.5 + 1; }, spec<H, batch>);
  const auto y = program(x);
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < size; ++i) wrong += y(i).bits == H(static_cast<float>(i % 251) * 0.5F + 1).bits ? 0 : 1;
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_SUITE_END()
