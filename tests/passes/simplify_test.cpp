// SPDX-License-Identifier: BSL-1.0
/// \file
/// What simplification removes, and what it must leave alone.
#include "ctgrad/passes/simplify.hpp"

#include <boost/test/unit_test.hpp>

#include "graph_queries.hpp"

BOOST_AUTO_TEST_SUITE(simplify_pass)

using namespace ctgrad;
using ctgrad_test::count;

namespace {

template <class S = Shape<3>, class T = float, class F>
constexpr GraphBuilder simplified(F f) {
  return simplify(trace<Spec<T, S>, Spec<T, S>>(f).view());
}

/// The number of nodes that are left.
template <class S = Shape<3>, class T = float, class F>
constexpr int size(F f) {
  return simplified<S, T>(f).nodes.size();
}
/// The number of nodes of one operation that are left.
template <class Op, class S = Shape<3>, class T = float, class F>
constexpr int left(F f) {
  return count<Op>(simplified<S, T>(f).view());
}

constexpr auto same = [](auto a, auto) { return a + a; };

}  // namespace

// Common subexpressions stand once, whichever way round a sum is written.
static_assert(size([](auto a, auto b) { return (a + b) * (b + a); }) == 4);
static_assert(size([](auto a, auto b) { return (a - b) * (b - a); }) == 5);
static_assert(left<ops::Tanh>([](auto a, auto) { return tanh(a) + tanh(a) * tanh(a); }) == 1);
// Random numbers that were asked for twice are two.
static_assert(left<ops::RandomUniform>([](auto a, auto) {
                return ctgrad_random_uniform(a) - ctgrad_random_uniform(a);
              }) == 2);

// Dead nodes go, inputs included.
static_assert(size([](auto a, auto b) {
                [[maybe_unused]] auto dead = exp(b);
                return a + a;
              }) == size(same));
static_assert(simplified(same).nodes.size() == 2);

// The identities that hold for every number. The sum keeps the operand from being a result of its own.
static_assert(size([](auto a, auto) { return a * 1 + a; }) == size(same));
static_assert(size([](auto a, auto) { return 1 * a + a; }) == size(same));
static_assert(size([](auto a, auto) { return a / 1 + a; }) == size(same));
static_assert(size([](auto a, auto) { return a - 0 + a; }) == size(same));
static_assert(size([](auto a, auto) { return -(-a) + a; }) == size(same));
static_assert(size([](auto a, auto) { return where(a > 0, a, a) + a; }) == size(same));
static_assert(size([](auto a, auto) { return cast<float>(a) + a; }) == size(same));
static_assert(size([](auto a, auto) { return stop_gradient(a) + a; }) == size(same));
static_assert(size([](auto a, auto) { return reshape(reshape(a, shape<3, 1>), shape<3>) + a; }) == size(same));
static_assert(size<Shape<2, 3, 4>>([](auto a, auto) {
                return permute(permute(a, axis<1, 2, 0>), axis<2, 0, 1>) + a;
              }) == size(same));

constexpr auto negated = [](auto a, auto) { return exp(-a); };
static_assert(size([](auto a, auto) { return exp(a * -1); }) == size(negated));
static_assert(size([](auto a, auto) { return exp(-1 * a); }) == size(negated));
static_assert(size([](auto a, auto) { return exp(a / -1); }) == size(negated));
static_assert(left<ops::Negate>([](auto a, auto) { return a / -1; }) == 1);

static_assert(left<ops::Negate>([](auto a, auto b) { return a + -b; }) == 0);
static_assert(left<ops::Subtract>([](auto a, auto b) { return a + -b; }) == 1);
static_assert(left<ops::Subtract>([](auto a, auto b) { return -a + b; }) == 1);
static_assert(left<ops::Negate>([](auto a, auto b) { return a - -b; }) == 0);
static_assert(left<ops::Add>([](auto a, auto b) { return a - -b; }) == 1);
static_assert(left<ops::Negate>([](auto a, auto b) { return -a * -b; }) == 0);
// Products that differ in the sign are one.
static_assert(left<ops::Multiply>([](auto a, auto b) { return exp(-a * b) + exp(b * -a) + exp(a * b); }) == 1);
static_assert(left<ops::Negate>([](auto a, auto b) { return -a * b + a; }) == 0);
static_assert(left<ops::Subtract>([](auto a, auto) { return -a - a; }) == 0);

// A number stays one in another shape, so that multiplying by 1 is still nothing.
static_assert(left<ops::Reshape>([](auto a, auto) { return sum(gradient([](auto x) { return sum(x); })(a)); }) == 0);
static_assert(left<ops::Multiply>([](auto a, auto) { return gradient([](auto x) { return sum(tanh(x) * x); })(a); }) <=
              3);

// Division by a power of two is multiplication by its inverse; by other numbers it is not.
static_assert(left<ops::Multiply>([](auto a, auto) { return a / 8; }) == 1);
static_assert(left<ops::Multiply>([](auto a, auto) { return a / -0.25; }) == 1);
static_assert(left<ops::Divide>([](auto a, auto) { return a / 3; }) == 1);
static_assert(left<ops::Divide>([](auto a, auto) { return a / 0.0; }) == 1);
static_assert(left<ops::Divide, Shape<3>, std::int32_t>([](auto a, auto) { return a / 8; }) == 1);

// Identities that fail for infinities, NaN or the sign of zero are not applied.
static_assert(left<ops::Add>([](auto a, auto) { return a + 0; }) == 1);
static_assert(left<ops::Add>([](auto a, auto) { return 0 + a; }) == 1);
static_assert(left<ops::Subtract>([](auto a, auto) { return a - a; }) == 1);
static_assert(left<ops::Subtract>([](auto a, auto) { return 0 - a; }) == 1);
static_assert(left<ops::Subtract>([](auto a, auto) { return a - -0.0; }) == 1);
static_assert(left<ops::Multiply>([](auto a, auto) { return a * 0; }) == 1);
static_assert(left<ops::Divide>([](auto a, auto) { return a / a; }) == 1);
static_assert(left<ops::Divide>([](auto a, auto) { return 0 / a; }) == 1);
static_assert(left<ops::Add>([](auto a, auto) { return (a + 1) + 1; }) == 2);
static_assert(left<ops::Log>([](auto a, auto) { return log(exp(a)); }) == 1);
static_assert(left<ops::Subtract>([](auto a, auto b) { return (a + b) - b; }) == 1);
static_assert(left<ops::Negate>([](auto a, auto b) { return -(a - b); }) == 1);

// Constants are folded in the arithmetic of their type, but not into what constant evaluation cannot hold.
namespace {

template <class F>
constexpr double folded(F f) {
  const GraphBuilder graph = simplified(f);
  for (const Node& node : graph.nodes)
    if (node.is<ops::Constant>()) return node.scalar;
  return -1;
}

// A constant as a traced value: the slope of a linear function.
constexpr auto three = [](auto a) { return gradient([](auto x) { return 3 * x; })(sum(a)); };

}  // namespace

static_assert(folded([](auto a, auto) { return a * (three(a) + 4); }) == 7);
static_assert(folded([](auto a, auto) { return a * (1 / three(a)); }) == static_cast<double>(1.0F / 3.0F));
static_assert(left<ops::Divide>([](auto a, auto) { return a * (three(a) / 0.0); }) == 1);
static_assert(left<ops::Multiply>([](auto a, auto) { return a + three(a) * 1e300; }) == 1);
static_assert(left<ops::Log>([](auto a, auto) { return a + log(-three(a)); }) == 1);

// Stretching before an elementwise operation goes; before others it stays.
static_assert(left<ops::BroadcastTo>([](auto a, auto b) {
                return broadcast_to(a, shape<4, 3>) + broadcast_to(tanh(b), shape<4, 3>);
              }) == 0);
static_assert(left<ops::BroadcastTo>([](auto a, auto) { return sum(broadcast_to(a, shape<4, 3>), axis<0>); }) == 1);
static_assert(left<ops::BroadcastTo>([](auto a, auto) {
                return broadcast_to(broadcast_to(a, shape<1, 3>), shape<4, 3>);
              }) == 1);

// Transposes become flags of the product: of either operand, of both, of the product itself.
namespace {

template <class F>
constexpr Node product(F f) {
  const GraphBuilder graph = simplify(trace<Spec<float, Shape<5, 5>>, Spec<float, Shape<5, 5>>>(f).view());
  if (count<ops::Permute>(graph.view()) != 0 || count<ops::MatMul>(graph.view()) != 1) throw "transposes are left";
  for (const Node& node : graph.nodes)
    if (node.is<ops::MatMul>()) return node;
  return Node{};
}

}  // namespace

static_assert(product([](auto a, auto b) { return matmul(transpose(a), b); }).attribute == 1);
static_assert(product([](auto a, auto b) { return matmul(a, transpose(b)); }).attribute == 2);
static_assert(product([](auto a, auto b) { return matmul(transpose(a), transpose(b)); }).attribute == 3);
static_assert(product([](auto a, auto b) { return transpose(matmul(a, b)); }).attribute == 3);
static_assert(product([](auto a, auto b) { return transpose(matmul(a, b)); }).operand[0] == 1);
static_assert(product([](auto a, auto b) { return transpose(matmul(transpose(a), b)); }).attribute == 1);
static_assert(product([](auto a, auto b) { return transpose(matmul(a, transpose(b))); }).attribute == 2);
static_assert(product([](auto a, auto b) { return matmul(transpose(transpose(a)), b); }).attribute == 0);
// A product that others want as it is, is not computed a second time.
static_assert(left<ops::MatMul, Shape<5, 5>>([](auto a, auto b) {
                const auto c = matmul(a, b);
                return std::tuple{c, transpose(c)};
              }) == 1);
static_assert(left<ops::MatMul, Shape<5, 5>>([](auto a, auto b) {
                const auto c = stop_gradient(matmul(a, b));
                return transpose(c) + exp(c);
              }) == 1);
// The gradient of a layer needs no transposed copies.
static_assert(left<ops::Permute, Shape<5, 5>>([](auto a, auto b) {
                return gradient([](auto x, auto w) { return sum(matmul(x, w)); }, wrt<0, 1>)(a, b);
              }) == 0);

// Nor does that of a sum of products need a product: it consists of sums of rows and columns.
static_assert(left<ops::MatMul, Shape<5, 5>>([](auto a, auto b) {
                return gradient([](auto x, auto w) { return 3 * sum(matmul(x, transpose(w))); }, wrt<0, 1>)(a, b);
              }) == 0);

// The exact identities on numbers that break the inexact ones.
constexpr auto on_hard_numbers = [](auto a, auto b) {
  return std::tuple{a * 1, a / -1, -(-a), a - 0, a + -b, a - -b, -a * -b, a / 8, a + 0, a - a, a * 0, -0.0 + a};
};

BOOST_AUTO_TEST_CASE(hard_numbers_keep_their_bits) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor<float, Shape<6>> a({0.0F, -0.0F, infinity, nan, 1e-45F, -3.0F});
  const Tensor<float, Shape<6>> b({0.0F, 0.0F, infinity, 1.0F, -1e38F, -0.0F});
  auto program = compile<Cpu>(on_hard_numbers, spec<float, 6>, spec<float, 6>);
  const auto results = program(a, b);
  auto check = [&](const auto& view, auto expected) {
    for (int i = 0; i < 6; ++i) {
      const float x = view(i);
      const float y = expected(a(i), b(i));
      BOOST_TEST((std::isnan(x) ? std::isnan(y) : x == y && std::signbit(x) == std::signbit(y)),
                 "element " << i << ": " << x << " instead of " << y);
    }
  };
  check(std::get<0>(results), [](float x, float) { return x; });
  check(std::get<1>(results), [](float x, float) { return -x; });
  check(std::get<2>(results), [](float x, float) { return x; });
  check(std::get<3>(results), [](float x, float) { return x; });
  check(std::get<4>(results), [](float x, float y) { return x - y; });
  check(std::get<5>(results), [](float x, float y) { return x + y; });
  check(std::get<6>(results), [](float x, float y) { return x * y; });
  check(std::get<7>(results), [](float x, float) { return x / 8; });
  check(std::get<8>(results), [](float x, float) { return x + 0.0F; });
  check(std::get<9>(results), [](float x, float) { return x - x; });
  check(std::get<10>(results), [](float x, float) { return x * 0.0F; });
  check(std::get<11>(results), [](float x, float) { return -0.0F + x; });
}

namespace {

constexpr std::int32_t table[] = {1, 2, 3};
constexpr std::int32_t same_table[] = {1, 2, 3};
constexpr std::int32_t other_table[] = {1, 2, 4};

}  // namespace

// Tables are one where they hold the same integers, wherever these lie.
BOOST_AUTO_TEST_CASE(equal_tables_are_one) {
  GraphBuilder graph;
  const Value a = ctgrad::detail::record_table(graph, table, 3);
  const Value b = ctgrad::detail::record_table(graph, same_table, 3);
  const Value c = ctgrad::detail::record_table(graph, other_table, 3);
  graph.outputs.push_back({a.id, OutputKind::result, 0});
  graph.outputs.push_back({b.id, OutputKind::result, 1});
  graph.outputs.push_back({c.id, OutputKind::result, 2});
  const GraphBuilder simple = simplify(graph.view());
  BOOST_TEST(simple.nodes.size() == 2);
  BOOST_TEST(simple.outputs[0].node == simple.outputs[1].node);
  BOOST_TEST(simple.outputs[0].node != simple.outputs[2].node);
}

namespace {

/// The rows of y one place down, with the last in front.
constexpr auto rotate = [](auto y) {
  constexpr std::int64_t n = decltype(y)::shape_type::value[0];
  return concat(axis<0>, slice<0, n - 1, n>(y), slice<0, 0, n - 1>(y));
};
constexpr auto rotate_sum = [](auto a, auto b) { return rotate(a * 2 + exp(b)); };

/// The number of elementwise operations that compute `elements` elements.
template <class S, class F>
constexpr int computed(F f, std::int64_t elements) {
  const GraphBuilder graph = simplified<S>(f);
  int found = 0;
  for (int i = 0; i < graph.nodes.size(); ++i)
    found += operation_info[graph.nodes[i].op].kind == OpKind::elementwise && graph.shape(i).size() == elements;
  return found;
}

}  // namespace

// What is only used in parts, of which some go to a concat, is computed in parts: 2 a, exp b and their sum.
static_assert(computed<Shape<5, 3>>(rotate_sum, 15) == 0);
static_assert(computed<Shape<5, 3>>(rotate_sum, 12) == 3);
static_assert(computed<Shape<5, 3>>(rotate_sum, 3) == 3);
// But not what is used as a whole too, nor where parts overlap, nor slices that no concat joins.
static_assert(computed<Shape<5, 3>>(
                  [](auto a, auto b) {
                    const auto y = a * 2 + exp(b);
                    return std::tuple{rotate(y), sum(y)};
                  },
                  15) == 3);
static_assert(computed<Shape<5, 3>>(
                  [](auto a, auto b) {
                    const auto y = a * b;
                    return concat(axis<0>, slice<0, 0, 4>(y), slice<0, 1, 5>(y));
                  },
                  15) == 1);
static_assert(computed<Shape<5, 3>>(
                  [](auto a, auto b) {
                    const auto y = a * b;
                    return slice<0, 0, 2>(y) * slice<0, 3, 5>(y);
                  },
                  15) == 1);
// A part that is the whole is no part.
static_assert(left<ops::Slice, Shape<5, 3>>([](auto a, auto b) { return concat(axis<0>, slice<0, 0, 5>(a * b), b); }) ==
              0);
// An operand that others read is computed once, as a whole.
static_assert(left<ops::Exp, Shape<5, 3>>([](auto a, auto b) {
                const auto e = exp(b);
                return std::tuple{rotate(a + e), e};
              }) == 1);

BOOST_AUTO_TEST_CASE(parts_are_those_of_the_whole) {
  using Matrix = Tensor<double, Shape<4, 6>>;
  const auto a = Matrix::uniform(1, -1, 1), b = Matrix::uniform(2, -1, 1);
  const auto row = Tensor<double, Shape<6>>::uniform(3, -1, 1);
  const auto column = Tensor<double, Shape<4, 1>>::uniform(4, -1, 1);
  // Operands of every kind of shape, parts along both axes, every second column, a part of a part.
  auto program = compile<Cpu>(
      [](auto p, auto q, auto r, auto c) {
        const auto y = (p * r + c) * exp(q);
        const auto w = rotate(y) - c * r;
        const auto shuffled = concat(axis<1>, slice<1, 1, 6, 2>(w), slice<1, 0, 6, 2>(w));
        const auto found = where(shuffled > 0, shuffled, r);
        return concat(axis<0>, slice<0, 0, 1>(found) * 0, slice<0, 1, 3>(found));
      },
      spec<double, 4, 6>, spec<double, 4, 6>, spec<double, 6>, spec<double, 4, 1>);
  const auto found = program(a, b, row, column);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 6; ++j) {
      const int from = j < 3 ? 2 * j + 1 : 2 * (j - 3), above = (i + 3) % 4;
      const double y = (a(above, from) * row(from) + column(above, 0)) * std::exp(b(above, from));
      const double w = y - column(i, 0) * row(from);
      const double wanted = i == 0 ? 0 : w > 0 ? w : row(j);
      BOOST_TEST(found(i, j) == wanted, boost::test_tools::tolerance(1e-14));
    }
}

// A slice or a pad that leaves everything as it is, is nothing; others stay.
BOOST_AUTO_TEST_CASE(slices_and_pads_of_the_whole) {
  const GraphBuilder whole = trace<Spec<float, Shape<4>>>(
      [](auto x) { return gradient([](auto y) { return sum(square(slice<0, 0, 4>(y))); })(slice<0, 0, 4>(x)); });
  const GraphBuilder part = trace<Spec<float, Shape<4>>>(
      [](auto x) { return gradient([](auto y) { return sum(square(slice<0, 1, 4>(y))); })(x); });
  const auto moves = [](const GraphBuilder& graph) {
    int count = 0;
    for (int i = 0; i < graph.nodes.size(); ++i)
      if (graph.nodes[i].op == opcode<ops::Slice> || graph.nodes[i].op == opcode<ops::Pad>) ++count;
    return count;
  };
  BOOST_TEST(moves(whole) >= 3);
  BOOST_TEST(moves(simplify(whole.view())) == 0);
  BOOST_TEST(moves(simplify(part.view())) == 2);
}

BOOST_AUTO_TEST_SUITE_END()
