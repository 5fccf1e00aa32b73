// SPDX-License-Identifier: BSL-1.0
/// \file
/// The helpers that derivative rules compute with.
#include "ctgrad/graph/value.hpp"

#include <ctgrad/ctgrad.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(graph_value)

using namespace ctgrad;

namespace {

/// A scalar stretched back to the operand's shape.
constexpr bool scalar_again(const Value& large, const Value& small) {
  const Value wide = broadcast_value(apply_shaped<ops::Sum>(large, ShapeValue{}, 15), small.shape());
  return wide.shape() == small.shape();
}

/// True when `sum_to` gives the operand's shape although the table of shapes grows meanwhile. The compiler notices
/// by itself when a reference into the old table is used.
constexpr bool sums_while_the_table_grows(int shapes_before) {
  GraphBuilder graph;
  const Value small = ctgrad::detail::record<ops::Input>(graph, DType::float32, Shape<1, 3, 2>::value, 0);
  const Value large = apply_shaped<ops::BroadcastTo>(small, Shape<1, 5, 3, 2>::value);
  for (int i = graph.shapes.size(); i < shapes_before; ++i) {
    ShapeValue other;
    other.push_back(100 + i);
    graph.intern(other);
  }
  const Value sum = sum_to(large, small.shape());
  return sum.shape() == small.shape() && graph.nodes[sum.id].is<ops::Reshape>() && scalar_again(large, small);
}

static_assert([] {
  for (int shapes = 2; shapes < 70; ++shapes)
    if (!sums_while_the_table_grows(shapes)) return false;
  return true;
}());

}  // namespace

BOOST_AUTO_TEST_CASE(the_same_at_run_time) {
  for (int shapes = 2; shapes < 70; ++shapes) BOOST_TEST(sums_while_the_table_grows(shapes));
}

BOOST_AUTO_TEST_SUITE_END()
