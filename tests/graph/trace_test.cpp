// SPDX-License-Identifier: BSL-1.0
/// \file
/// What tracing a function records.
#include "ctgrad/graph/trace.hpp"

#include <ctgrad/ctgrad.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(trace_function)

using namespace ctgrad;

namespace {

template <class... Specs, class F>
constexpr int nodes(F f) {
  return trace<Specs...>(f).nodes.size();
}

// Loops, ifs and helper functions are C++, run while the graph is recorded.
constexpr auto residual = [](auto x, auto w) {
  for (int i = 0; i < 200; ++i) x = x + relu(matmul(x, w));
  return x;
};
constexpr auto with_if = [](auto x) {
  if constexpr (decltype(x)::shape_type::rank == 2)
    return sum(x, axis<1>);
  else
    return x;
};
constexpr auto many = [](auto x) { return std::tuple{x, std::pair{x + x, -x}, std::array{exp(x), x}}; };

constexpr GraphBuilder traced_many() { return trace<Spec<float, Shape<3>>>(many); }

}  // namespace

static_assert(nodes<Spec<float, Shape<batch, 8>>, Spec<float, Shape<8, 8>>>(residual) == 602);
static_assert(nodes<Spec<float, Shape<2, 3>>>(with_if) == 2);
static_assert(nodes<Spec<float, Shape<3>>>(with_if) == 1);

// Inputs are the first nodes, in order, with their types.
static_assert([] {
  const GraphBuilder graph = trace<Spec<float, Shape<4>>, Spec<std::int64_t, Shape<batch, 2>>>([](auto x, auto y) {
    return std::pair{y, x};
  });
  return graph.nodes[0].is<ops::Input>() && graph.nodes[0].attribute == 0 && graph.nodes[1].attribute == 1 &&
         graph.nodes[1].dtype == DType::int64 && graph.shape(1) == Shape<batch, 2>::value &&
         graph.outputs[0].node == 1 && graph.outputs[1].node == 0;
}());

// Results may be nested tuples, pairs and arrays; they are numbered from left to right.
static_assert(traced_many().outputs.size() == 5);
static_assert(traced_many().outputs[2].index == 2);
static_assert(traced_many().outputs[4].node == 0);

// Each shape stands once in the table.
static_assert([] {
  const GraphBuilder graph = trace<Spec<float, Shape<batch, 8>>, Spec<float, Shape<8, 8>>>(residual);
  return graph.shapes.size() == 2;
}());

// A number takes the element type beside it; alone in a choice it keeps its own.
static_assert(std::is_same_v<decltype(2 * std::declval<Symbol<double, Shape<3>>>())::element_type, double>);
static_assert(std::is_same_v<decltype(std::declval<Symbol<float, Shape<3>>>() < 2)::element_type, bool>);
static_assert(std::is_same_v<decltype(where(std::declval<Symbol<bool, Shape<3>>>(), 1.0F, 0))::element_type, float>);
static_assert(
    std::is_same_v<decltype(where(std::declval<Symbol<bool, Shape<3>>>(), 1, 0))::element_type, std::int32_t>);
static_assert(std::is_same_v<decltype(where(std::declval<Symbol<bool, Shape<3>>>(), 1.0,
                                            std::declval<Symbol<float, Shape<>>>()))::element_type,
                             float>);

// Shapes follow NumPy's rules, with named extents as with numbers.
template <class S>
using Of = Symbol<float, S>;
template <class A, class B>
using Sum = typename decltype(std::declval<Of<A>>() + std::declval<Of<B>>())::shape_type;
static_assert(std::is_same_v<Sum<Shape<3, 1>, Shape<4>>, Shape<3, 4>>);
static_assert(std::is_same_v<Sum<Shape<batch, 1>, Shape<1, 7>>, Shape<batch, 7>>);
static_assert(std::is_same_v<Sum<Shape<>, Shape<2, batch>>, Shape<2, batch>>);
static_assert(std::is_same_v<Sum<Shape<1>, Shape<0>>, Shape<0>>);
static_assert(std::is_same_v<decltype(matmul(std::declval<Of<Shape<batch, 2, 3>>>(),
                                             std::declval<Of<Shape<3, 5>>>()))::shape_type,
                             Shape<batch, 2, 5>>);
static_assert(std::is_same_v<decltype(matmul(std::declval<Of<Shape<2, 1, 2, 3>>>(),
                                             std::declval<Of<Shape<7, 3, 5>>>()))::shape_type,
                             Shape<2, 7, 2, 5>>);
static_assert(std::is_same_v<decltype(reshape(std::declval<Of<Shape<batch, 2, 3>>>(), shape<-1, 3>))::shape_type,
                             Shape<multiply(batch, 2), 3>>);
static_assert(
    std::is_same_v<decltype(flatten<1>(std::declval<Of<Shape<batch, 2, 3>>>()))::shape_type, Shape<batch, 6>>);
static_assert(
    std::is_same_v<decltype(slice<1, 1, 8, 3>(std::declval<Of<Shape<batch, 9>>>()))::shape_type, Shape<batch, 3>>);
static_assert(std::is_same_v<decltype(take(std::declval<Of<Shape<9, 4>>>(),
                                           std::declval<Symbol<std::int32_t, Shape<batch, 2>>>()))::shape_type,
                             Shape<batch, 2, 4>>);
static_assert(
    std::is_same_v<decltype(concat(axis<-1>, std::declval<Of<Shape<batch, 4>>>(), std::declval<Of<Shape<batch, 1>>>(),
                                   std::declval<Of<Shape<batch, 2>>>()))::shape_type,
                   Shape<batch, 7>>);

// The same function at run time records the same graph: the passes are ordinary functions.
BOOST_AUTO_TEST_CASE(at_run_time_as_while_compiling) {
  const GraphBuilder graph = trace<Spec<float, Shape<batch, 8>>, Spec<float, Shape<8, 8>>>(residual);
  BOOST_TEST(graph.nodes.size() == 602);
  BOOST_TEST(graph.nodes[601].is<ops::Add>());
  BOOST_TEST(simplify(graph.view()).nodes.size() == 602);
}

BOOST_AUTO_TEST_SUITE_END()
