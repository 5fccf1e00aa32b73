// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sparsity patterns found at compile time: of known matrices, through every kind of operation, and their colours.
#include "ctgrad/autodiff/sparsity.hpp"

#include <boost/test/unit_test.hpp>
#include <ctgrad/ctgrad.hpp>
#include <sstream>

BOOST_AUTO_TEST_SUITE(autodiff_sparsity)

using namespace ctgrad;

namespace {

/// The pattern as its picture shows it.
template <class P>
std::string picture(const P& pattern) {
  std::ostringstream out;
  out << pattern;
  return out.str();
}

using Five = Tensor<double, Shape<5>>;
using Matrix = Tensor<double, Shape<2, 3>>;

// f_i = (3 - 2 x_i) x_i - x_{i-1} - 2 x_{i+1} + 1 (C. G. Broyden, 1965).
constexpr auto broyden = [](auto x) {
  constexpr auto n = decltype(x)::shape_type::value[0];
  const auto zero = slice<0, 0, 1>(x) * 0;
  const auto before = concat(axis<0>, zero, slice<0, 0, n - 1>(x));
  const auto after = concat(axis<0>, slice<0, 1, n>(x), zero);
  return (3 - 2 * x) * x - before - 2 * after + 1;
};

constexpr auto rosenbrock = [](auto x) {
  constexpr auto n = decltype(x)::shape_type::value[0];
  const auto a = slice<0, 0, n - 1>(x);
  const auto b = slice<0, 1, n>(x);
  return sum(100 * square(b - square(a)) + square(1 - a));
};

constexpr auto arrow = [](auto x) { return sum(square(x)) + sum(slice<0, 0, 1>(x) * x); };

template <class X, class D>
constexpr auto pattern_of(const D& derivative) {
  return sparsity_pattern<X>(derivative);
}

}  // namespace

BOOST_AUTO_TEST_CASE(tridiagonal) {
  constexpr auto p = sparsity_pattern<Five>(sparse_jacobian(broyden));
  static_assert(p.rows() == 5 && p.columns() == 5 && p.nonzeros() == 13 && p.colours() == 3);
  static_assert(p.contains(0, 1) && !p.contains(0, 2) && p.find(1, 0) == 2);
  static_assert(p.row_offsets()[4] == 11 && p.column_indices()[12] == 4);
  BOOST_TEST(picture(p) == "xx...\nxxx..\n.xxx.\n..xxx\n...xx\n");

  constexpr auto h = sparsity_pattern<Five>(sparse_hessian(rosenbrock));
  static_assert(h.nonzeros() == 13 && h.colours() == 3);
  BOOST_TEST(picture(h) == picture(p));

  // The number of colours does not grow with the size.
  static_assert(sparsity_pattern<Tensor<float, Shape<200>>>(sparse_hessian(rosenbrock)).colours() == 3);
}

// A row and a column full: columns would need five colours, the symmetric matrix needs two.
BOOST_AUTO_TEST_CASE(an_arrow) {
  constexpr auto h = sparsity_pattern<Five>(sparse_hessian(arrow));
  static_assert(h.nonzeros() == 13 && h.colours() == 2);
  BOOST_TEST(picture(h) == "xxxxx\nxx...\nx.x..\nx..x.\nx...x\n");
  constexpr auto j = sparsity_pattern<Five>(sparse_jacobian(gradient(arrow)));
  static_assert(j.nonzeros() == 13 && j.colours() == 5);
}

// One full row: forward mode takes a pass for each column, reverse mode two in all.
BOOST_AUTO_TEST_CASE(the_mode_with_fewer_colours) {
  constexpr auto f = [](auto x) { return concat(axis<0>, sum(x, axis<0>, keepdims), slice<0, 0, 4>(x) * 2); };
  constexpr auto best = sparsity_pattern<Five>(sparse_jacobian(f));
  static_assert(!best.by_forward() && best.colours() == 2);
  constexpr auto forward = sparsity_pattern<Five>(sparse_jacobian<Mode::forward>(f));
  static_assert(forward.by_forward() && forward.colours() == 5);
  constexpr auto reverse = sparsity_pattern<Five>(sparse_jacobian<Mode::reverse>(broyden));
  static_assert(!reverse.by_forward() && reverse.colours() == 3);
  BOOST_TEST(picture(best) == "xxxxx\nx....\n.x...\n..x..\n...x.\n");
}

BOOST_AUTO_TEST_CASE(empty_diagonal_and_full) {
  constexpr auto constant = pattern_of<Five>(sparse_jacobian([](auto x) { return cast<double>(x > 0) + 1; }));
  static_assert(constant.nonzeros() == 0 && constant.colours() == 0 && constant.rows() == 5);
  constexpr auto linear = pattern_of<Five>(sparse_hessian([](auto x) { return sum(x * 2); }));
  static_assert(linear.nonzeros() == 0);
  constexpr auto diagonal = pattern_of<Five>(sparse_hessian([](auto x) { return sum(exp(x)); }));
  static_assert(diagonal.nonzeros() == 5 && diagonal.colours() == 1);
  constexpr auto full = pattern_of<Five>(sparse_hessian([](auto x) { return square(sum(x)); }));
  static_assert(full.nonzeros() == 25 && full.colours() == 5);
}

// Two blocks that have nothing to do with each other.
BOOST_AUTO_TEST_CASE(blocks) {
  constexpr auto f = [](auto x) { return sum(exp(sum(x, axis<1>))); };
  constexpr auto h = sparsity_pattern<Matrix>(sparse_hessian(f));
  static_assert(h.nonzeros() == 18 && h.colours() == 3);
  BOOST_TEST(picture(h) == "xxx...\nxxx...\nxxx...\n...xxx\n...xxx\n...xxx\n");
}

// Structures and arrays stand side by side, in the order of their leaves.
BOOST_AUTO_TEST_CASE(structures) {
  constexpr auto f = [](auto p, auto scale) {
    const auto [a, b] = p;
    return std::tuple{b * a, a * scale};
  };
  using P = std::tuple<double, Tensor<double, Shape<2>>>;
  constexpr auto p = sparsity_pattern<P, double>(sparse_jacobian(f));
  BOOST_TEST(picture(p) == "xx.\nx.x\nx..\n");
  constexpr auto both = sparsity_pattern<P, double>(sparse_jacobian(f, wrt<1, 0>));
  BOOST_TEST(picture(both) == ".xx.\n.x.x\nxx..\n");
  constexpr auto numbers = [](auto x) { return std::array{x[0] * x[1], x[1] + 1, sin(x[2])}; };
  constexpr auto q = sparsity_pattern<std::array<double, 3>>(sparse_jacobian(numbers));
  BOOST_TEST(picture(q) == "xx.\n.x.\n..x\n");
}

BOOST_AUTO_TEST_CASE(views_and_reductions) {
  constexpr auto turned = [](auto x) { return transpose(x); };
  BOOST_TEST(picture(sparsity_pattern<Matrix>(sparse_jacobian(turned))) ==
             "x.....\n...x..\n.x....\n....x.\n..x...\n.....x\n");
  constexpr auto rows = [](auto x) { return max(x, axis<1>); };
  BOOST_TEST(picture(sparsity_pattern<Matrix>(sparse_jacobian(rows))) == "xxx...\n...xxx\n");
  constexpr auto columns = [](auto x) {
    return sum(x, axis<0>) * reshape(slice<1, 0, 1>(slice<0, 1, 2>(x)), shape<1>);
  };
  BOOST_TEST(picture(sparsity_pattern<Matrix>(sparse_jacobian(columns))) == "x..x..\n.x.xx.\n..xx.x\n");
  constexpr auto every_second = [](auto x) { return slice<0, 1, 5, 2>(x); };
  BOOST_TEST(picture(sparsity_pattern<Five>(sparse_jacobian(every_second))) == ".x...\n...x.\n");
}

// Row i of a product depends on row i of the first matrix and on the columns of the second.
BOOST_AUTO_TEST_CASE(products) {
  constexpr auto f = [](auto x, auto w) { return matmul(x, w); };
  using W = Tensor<double, Shape<3, 2>>;
  BOOST_TEST(picture(sparsity_pattern<Matrix, W>(sparse_jacobian(f))) == "xxx...\nxxx...\n...xxx\n...xxx\n");
  BOOST_TEST(picture(sparsity_pattern<Matrix, W>(sparse_jacobian(f, wrt<1>))) == "x.x.x.\n.x.x.x\nx.x.x.\n.x.x.x\n");
}

// An index that is known only at run time may choose any element.
BOOST_AUTO_TEST_CASE(indices) {
  constexpr auto f = [](auto x, auto i) { return gather(x, axis<1>, i); };
  using I = Tensor<std::int32_t, Shape<2, 1>>;
  BOOST_TEST(picture(sparsity_pattern<Matrix, I>(sparse_jacobian(f))) == "xxx...\n...xxx\n");
  // The entries of a Jacobian stand where its pattern says, so the pattern of its derivative is exact.
  constexpr auto inner = [](auto x) { return sparse_jacobian([](auto v) { return v * v * v; })(x).values; };
  constexpr auto p = sparsity_pattern<Five>(sparse_jacobian(inner));
  static_assert(p.nonzeros() == 5 && p.colours() == 1);
}

BOOST_AUTO_TEST_CASE(windows) {
  using Image = Tensor<float, Shape<1, 1, 1, 4>>;
  using Kernel = Tensor<float, Shape<1, 1, 1, 2>>;
  constexpr auto convolved = [](auto x, auto w) { return conv2d(x, w); };
  constexpr auto c = sparsity_pattern<Image, Kernel>(sparse_jacobian(convolved));
  BOOST_TEST(picture(c) == "xx..\n.xx.\n..xx\n");
  constexpr auto pooled = [](auto x) { return max_pool2d(x, kernel_size<1, 2>); };
  BOOST_TEST(picture(sparsity_pattern<Image>(sparse_jacobian(pooled))) == "xx..\n..xx\n");
  constexpr auto energy = [](auto x, auto w) { return sum(square(conv2d(x, w))); };
  constexpr auto h = sparsity_pattern<Image, Kernel>(sparse_hessian(energy));
  BOOST_TEST(picture(h) == "xx..\nxxx.\n.xxx\n..xx\n");
}

BOOST_AUTO_TEST_CASE(without_derivative) {
  constexpr auto f = [](auto x) {
    const auto chosen = where(x > 0, x, stop_gradient(sum(x)));
    return chosen + x * 0 + cast<double>(argmax(x, axis<0>));
  };
  static_assert(sparsity_pattern<Five>(sparse_jacobian(f)).nonzeros() == 5);
}

// What the library cannot look into counts as full.
BOOST_AUTO_TEST_CASE(operations_of_users) {
  constexpr auto f = [](auto a, auto b) { return linalg::solve(a, b); };
  using A = Tensor<double, Shape<2, 2>>;
  using B = Tensor<double, Shape<2>>;
  static_assert(sparsity_pattern<A, B>(sparse_jacobian(f, wrt<1>)).nonzeros() == 4);
}

BOOST_AUTO_TEST_SUITE_END()
