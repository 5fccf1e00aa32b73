// SPDX-License-Identifier: BSL-1.0
/// \file
/// Derivatives of operations from a user's header: rules with broadcasting, rules that use matrix products and other
/// kernels, and rules that apply their own operation.
#include "check_gradient.hpp"

BOOST_AUTO_TEST_SUITE(user_gradient)

using namespace ctgrad;
using ctgrad_test::check_gradient;

struct Hypotenuse {
  static constexpr std::string_view name = "hypotenuse";
  template <class T>
  CTGRAD_FUNCTION static T value(T a, T b) {
    return math::sqrt(a * a + b * b);
  }
  // In terms of itself, not of the result.
  static constexpr auto derivative(auto t, auto a, auto b, auto) {
    return partials(t * a / elementwise<Hypotenuse>(a, b), t * b / elementwise<Hypotenuse>(a, b));
  }
};

/// A rule written as the library's own are: one type for all, whatever the shapes.
struct Product {
  static constexpr std::string_view name = "product";
  template <class T>
  CTGRAD_FUNCTION static T value(T a, T b) {
    return a * b;
  }
  template <class V>
  static constexpr auto derivative(V t, V a, V b, V) {
    return partials(t * b, t * a);
  }
};

constexpr auto elementwise_of_two = [](auto a, auto b) {
  return std::tuple{elementwise<Hypotenuse>(a, b), elementwise<Product>(a, b), elementwise<Product>(b, a)};
};

BOOST_AUTO_TEST_CASE(elementwise_operands_broadcast) {
  check_gradient<Shape<3, 4>, Shape<4>>(elementwise_of_two, {0.3, 2, 1});
}

/// x^T A x for a symmetric A.
struct QuadraticRule {
  static constexpr std::string_view name = "quadratic";
  static constexpr auto derivative(auto t, auto x, auto a, auto) {
    return partials(2 * t * matmul(a, x), t * matmul(x, transpose(x)));
  }
};
constexpr auto quadratic = [](auto x, auto b) {
  const auto a = b + transpose(b);
  return std::tuple{custom_derivative<QuadraticRule>(matmul(transpose(x), matmul(a, x)), x, a)};
};

BOOST_AUTO_TEST_CASE(a_custom_derivative_with_matrix_products) {
  check_gradient<Shape<4, 1>, Shape<4, 4>>(quadratic, {-1, 1, 2});
}

/// A derivative by the first operand only, and not the one that the value has.
struct ThriceRule {
  static constexpr std::string_view name = "thrice";
  static constexpr auto derivative(auto t, auto, auto, auto) { return partials(3 * t, NoDerivative{}); }
};

BOOST_AUTO_TEST_CASE(a_custom_derivative_replaces_the_true_one) {
  constexpr auto f = [](auto x, auto y) { return sum(custom_derivative<ThriceRule>(x * y, x, y)); };
  const Tensor<double, Shape<2>> x{1, 2};
  const Tensor<double, Shape<2>> y{5, 7};
  const auto [by_x, by_y] = gradient(f, wrt<0, 1>)(x, y);
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST(by_x(i) == 3);
    BOOST_TEST(by_y(i) == 0);
  }
}

/// The sum of each row's elements, or one number repeated along a row of four: each is the derivative of the other.
template <bool Repeat>
struct RowSum {
  static constexpr std::string_view name = "row_sum";
  static constexpr ShapeValue shape(ShapeValue x) {
    x[x.rank - 1] = Repeat ? 4 : 1;
    return x;
  }
  template <class T>
  static void cpu(T* result, const T* x, const KernelShape* shapes) {
    const std::int64_t rows = shapes[1][0];
    for (std::int64_t i = 0; i < 4 * rows; ++i) {
      if (Repeat) {
        result[i] = x[i / 4];
      } else {
        result[i / 4] = (i % 4 == 0 ? 0 : result[i / 4]) + x[i];
      }
    }
  }
  static constexpr auto derivative(auto t, auto, auto) { return partials(user_kernel<RowSum<!Repeat>>(t)); }
};
constexpr auto row_sums = [](auto x) {
  return std::tuple{square(user_kernel<RowSum<false>>(x)), sin(user_kernel<RowSum<true>>(sum(x, axis<1>, keepdims)))};
};

BOOST_AUTO_TEST_CASE(a_kernel_whose_derivative_is_a_kernel) { check_gradient<Shape<3, 4>>(row_sums, {-1, 1, 3}); }

BOOST_AUTO_TEST_SUITE_END()
