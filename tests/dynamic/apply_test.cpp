// SPDX-License-Identifier: BSL-1.0
#include "ctgrad/dynamic/apply.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>

#include "ctgrad/dynamic/eager.hpp"

namespace {

using namespace ctgrad;

// Odd on purpose: the last vector of a loop is not full.
constexpr int n = 37;
using Vector = Tensor<float, Shape<n>>;

/// Compares an expression with a plain loop over the same elements, allowing for rounding.
template <class E, class F>
void check_elements(const E& expression, F&& expected, double tolerance = 2e-6) {
  const Tensor<typename E::element_type, typename E::shape_type> got(expression);
  for (std::int64_t i = 0; i < got.size(); ++i) {
    const auto wanted = static_cast<double>(expected(i));
    BOOST_TEST(std::abs(static_cast<double>(got.data()[i]) - wanted) <= tolerance * (1 + std::abs(wanted)),
               "element " << i << ": " << got.data()[i] << " instead of " << wanted);
  }
}

struct Data {
  Vector x = Vector::uniform(1, -3, 3);
  Vector y = Vector::uniform(2, 0.5F, 3);
};

}  // namespace

BOOST_AUTO_TEST_SUITE(dynamic_apply)

BOOST_FIXTURE_TEST_CASE(binary_operations_are_those_of_a_plain_loop, Data) {
  auto at = [&](auto f) { return [this, f](std::int64_t i) { return f(x.data()[i], y.data()[i]); }; };
  check_elements(x + y, at([](float a, float b) { return a + b; }));
  check_elements(x - y, at([](float a, float b) { return a - b; }));
  check_elements(x * y, at([](float a, float b) { return a * b; }));
  check_elements(x / y, at([](float a, float b) { return a / b; }));
  check_elements(maximum(x, y), at([](float a, float b) { return a > b ? a : b; }));
  check_elements(minimum(x, y), at([](float a, float b) { return a < b ? a : b; }));
  check_elements(pow(y, x), at([](float a, float b) { return std::pow(b, a); }), 1e-5);
}

BOOST_FIXTURE_TEST_CASE(unary_operations_are_those_of_a_plain_loop, Data) {
  auto at = [](const Vector& v, auto f) { return [&v, f](std::int64_t i) { return f(v.data()[i]); }; };
  check_elements(-x, at(x, [](float a) { return -a; }));
  check_elements(abs(x), at(x, [](float a) { return std::abs(a); }));
  check_elements(cos(x), at(x, [](float a) { return std::cos(a); }));
  check_elements(sin(x), at(x, [](float a) { return std::sin(a); }));
  check_elements(exp(x), at(x, [](float a) { return std::exp(a); }));
  check_elements(log(y), at(y, [](float a) { return std::log(a); }));
  check_elements(relu(x), at(x, [](float a) { return a > 0 ? a : 0; }));
  check_elements(sigmoid(x), at(x, [](float a) { return 1 / (1 + std::exp(-a)); }));
  check_elements(sqrt(y), at(y, [](float a) { return std::sqrt(a); }));
  check_elements(square(x), at(x, [](float a) { return a * a; }));
  check_elements(tanh(x), at(x, [](float a) { return std::tanh(a); }));
  check_elements(stop_gradient(x), at(x, [](float a) { return a; }));
}

BOOST_FIXTURE_TEST_CASE(comparisons_give_booleans_and_where_chooses, Data) {
  auto at = [&](auto f) { return [this, f](std::int64_t i) { return f(x.data()[i], y.data()[i]); }; };
  x(3) = y(3);
  static_assert(std::is_same_v<decltype(x < y)::element_type, bool>);
  check_elements(x == y, at([](float a, float b) { return a == b; }));
  check_elements(x != y, at([](float a, float b) { return a != b; }));
  check_elements(x < y, at([](float a, float b) { return a < b; }));
  check_elements(x <= y, at([](float a, float b) { return a <= b; }));
  check_elements(x > y, at([](float a, float b) { return a > b; }));
  check_elements(x >= y, at([](float a, float b) { return a >= b; }));
  check_elements(x > 0 && x < y, at([](float a, float b) { return a > 0 && a < b; }));
  check_elements(x > 1 || !(y > 1), at([](float a, float b) { return a > 1 || !(b > 1); }));
  check_elements(where(x > 0, x, 2), at([](float a, float) { return a > 0 ? a : 2; }));
  check_elements(where(x > y, x * y, y), at([](float a, float b) { return a > b ? a * b : b; }));
}

BOOST_FIXTURE_TEST_CASE(numbers_take_the_element_type_beside_them, Data) {
  static_assert(std::is_same_v<decltype(x * 2)::element_type, float>);
  static_assert(std::is_same_v<decltype(0.1 + x)::element_type, float>);
  check_elements(2 * x - 0.1, [&](std::int64_t i) { return 2 * x.data()[i] - 0.1F; });
  const auto integers = Tensor<std::int64_t, Shape<5>>::arange();
  const std::int64_t large = (std::int64_t{1} << 60) + 1;
  const Tensor<std::int64_t, Shape<5>> moved = integers + large;
  BOOST_TEST(moved(4) == large + 4);
}

BOOST_FIXTURE_TEST_CASE(cast_mixes_element_types_in_one_expression, Data) {
  const auto count = Tensor<std::int32_t, Shape<n>>::arange();
  const Tensor<double, Shape<n>> wide = cast<double>(x) * cast<double>(count);
  for (int i = 0; i < n; ++i) BOOST_TEST(wide(i) == static_cast<double>(x(i)) * i);
  const Tensor<std::int32_t, Shape<n>> whole = cast<std::int32_t>(x * 10);
  for (int i = 0; i < n; ++i) BOOST_TEST(whole(i) == static_cast<std::int32_t>(x(i) * 10));
  const Tensor<float, Shape<n>> positive = cast<float>(x > 0);
  for (int i = 0; i < n; ++i) BOOST_TEST(positive(i) == (x(i) > 0 ? 1.0F : 0.0F));
}

BOOST_FIXTURE_TEST_CASE(scalars_are_numbers, Data) {
  float total = 0;
  for (const float value : x) total += value;
  const float sum_of_x = sum(x);
  BOOST_TEST(sum_of_x == total, boost::test_tools::tolerance(1e-5F));
  const double half = sum(x) / 2;
  BOOST_TEST(half == static_cast<double>(sum_of_x / 2));
  BOOST_TEST(mean(x).item() == total / n, boost::test_tools::tolerance(1e-5F));
  const Tensor<float, Shape<>> named = sum(x);
  const float read = named;
  BOOST_TEST(read == sum_of_x);
  if (named > 1e9F) BOOST_FAIL("a comparison of scalars is a boolean");
}

BOOST_FIXTURE_TEST_CASE(an_expression_is_computed_when_it_is_assigned, Data) {
  const auto later = x + y;
  x.fill(1);
  check_elements(later, [&](std::int64_t i) { return 1 + y.data()[i]; });
}

BOOST_FIXTURE_TEST_CASE(results_of_the_library_live_as_long_as_the_expression, Data) {
  // Each operand on the right is an unnamed result; the expression holds it.
  const auto make = [this] {
    const Tensor<float, Shape<n, 1>> column = reshape(x, shape<n, 1>);
    return matmul(column, reshape(y, shape<1, n>)) + sum(column * 2);
  };
  const auto expression = make();
  const auto copy = expression;
  const Tensor<float, Shape<n, n>> result = copy;
  const float twice = 2 * sum(x);
  BOOST_TEST(result(3, 5) == x(3) * y(5) + twice, boost::test_tools::tolerance(1e-5F));
}

namespace user_operations {

struct Softplus {
  static constexpr std::string_view name = "softplus";
  template <class T>
  static T value(T x) {
    return std::log1p(std::exp(x));
  }
};
struct Hypotenuse {
  static constexpr std::string_view name = "hypotenuse";
  template <class T>
  static T value(T x, T y) {
    return std::sqrt(x * x + y * y);
  }
};
struct Reverse {
  static constexpr std::string_view name = "reverse";
  static constexpr ShapeValue shape(const ShapeValue& x) { return x; }
  template <class T>
  static void cpu(T* y, const T* x, const KernelShape* shapes) {
    for (std::int64_t i = 0; i < shapes[1].size(); ++i) y[i] = x[shapes[1].size() - 1 - i];
  }
};
struct NoRule {
  static constexpr std::string_view name = "no_rule";
};

}  // namespace user_operations

BOOST_FIXTURE_TEST_CASE(user_operations_run_on_tensors, Data) {
  check_elements(elementwise<user_operations::Softplus>(x) + 1,
                 [&](std::int64_t i) { return std::log1p(std::exp(x.data()[i])) + 1; });
  check_elements(elementwise<user_operations::Hypotenuse>(x, y + 1),
                 [&](std::int64_t i) { return std::hypot(x.data()[i], y.data()[i] + 1); });
  check_elements(user_kernel<user_operations::Reverse>(x * 2), [&](std::int64_t i) { return 2 * x.data()[n - 1 - i]; });
  check_elements(custom_derivative<user_operations::NoRule>(x * y, x),
                 [&](std::int64_t i) { return x.data()[i] * y.data()[i]; });
}

BOOST_AUTO_TEST_SUITE_END()
