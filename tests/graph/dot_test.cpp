// SPDX-License-Identifier: BSL-1.0
/// \file
/// Graphs for Graphviz.
#include "ctgrad/graph/dot.hpp"

#include <ctgrad/ctgrad.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(graph_dot)

using namespace ctgrad;

BOOST_AUTO_TEST_CASE(nodes_edges_and_results) {
  const GraphBuilder graph = trace<Spec<float, Shape<3>>>([](auto x) { return sum(x * 2); });
  BOOST_TEST(to_dot(graph.view()) ==
             "digraph ctgrad {\n"
             "  node [fontname=\"Helvetica\", fontsize=11, shape=box, style=\"filled,rounded\"];\n"
             "  edge [arrowsize=0.7];\n"
             "  n0 [label=\"%0 input 0\\nfloat32[3]\", fillcolor=\"#e6e6e6\", style=filled];\n"
             "  n1 [label=\"%1 constant 2\\nfloat32[]\", fillcolor=\"#e6e6e6\", style=filled];\n"
             "  n2 [label=\"%2 multiply\\nfloat32[3]\", fillcolor=\"#cfe8cf\"];\n"
             "  n0 -> n2;\n"
             "  n1 -> n2;\n"
             "  n3 [label=\"%3 sum axes [0]\\nfloat32[]\", fillcolor=\"#f6d9b8\"];\n"
             "  n2 -> n3;\n"
             "  output0 [label=\"result 0\", style=\"filled,bold\", fillcolor=\"#f2c9d4\"];\n"
             "  n3 -> output0;\n"
             "}\n");
}

// A name from a user's header may hold anything.
BOOST_AUTO_TEST_CASE(quotes_are_escaped) { BOOST_TEST(ctgrad::detail::quoted("a\"b\\n") == "\"a\\\"b\\n\""); }

BOOST_AUTO_TEST_SUITE_END()
