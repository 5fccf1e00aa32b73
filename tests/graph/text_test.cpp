// SPDX-License-Identifier: BSL-1.0
/// \file
/// Graphs as text.
#include "ctgrad/graph/text.hpp"

#include <ctgrad/ctgrad.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(graph_text)

using namespace ctgrad;

BOOST_AUTO_TEST_CASE(one_line_for_each_node) {
  const GraphBuilder graph = trace<Spec<float, Shape<batch, 10>>, Spec<float, Shape<4, 10>>>([](auto x, auto w) {
    return std::pair{sum(matmul(x, transpose(w)) * 0.5, axis<0>), concat(axis<1>, slice<1, 1, 8, 3>(x), x)};
  });
  BOOST_TEST(to_string(simplify(graph.view()).view()) ==
             "%0 = input 0 : float32[batch, 10]\n"
             "%1 = input 1 : float32[4, 10]\n"
             "%2 = matmul(%0, %1, second transposed) : float32[batch, 4]\n"
             "%3 = constant 0.5 : float32[]\n"
             "%4 = multiply(%2, %3) : float32[batch, 4]\n"
             "%5 = sum(%4, axes [0]) : float32[4]\n"
             "%6 = slice(%0, axis 1, 1 to 8, step 3) : float32[batch, 3]\n"
             "%7 = concat(%6, %0, axis 1) : float32[batch, 13]\n"
             "result 0 = %5\n"
             "result 1 = %7\n");
}

BOOST_AUTO_TEST_CASE(every_attribute_in_words) {
  const GraphBuilder graph = trace<Spec<double, Shape<2, 3>>, Spec<std::int32_t, Shape<2, 1>>>([](auto x, auto i) {
    return std::tuple{permute(x, axis<1, 0>),         argmax(x, axis<1>),
                      gather(x, axis<-1>, i),         max(x, axis<0, 1>),
                      cast<float>(x) * 0.1F,          slice<0, 1, 2>(x),
                      mean(ctgrad_random_uniform(x)), x > 1e-30,
                      where(x > 2, true, i == i),     gradient([](auto a) { return sum(slice<1, 0, 3, 2>(a)); })(x)};
  });
  const std::string text = to_string(graph.view());
  for (const char* line :
       {"permute(%0, axes [1, 0]) : float64[3, 2]", "argmax(%0, axis 1) : int64[2]",
        "gather(%0, %1, axis 1) : float64[2, 1]", "max(%0, axes [0, 1]) : float64[]", "cast(%0) : float32[2, 3]",
        "constant 0.1 : float32[]", "slice(%0, axis 0, 1 to 2) : float64[1, 3]",
        "random_uniform stream 10 : float64[2, 3]", "constant 1e-30 : float64[]", "constant 1 : bool[]",
        "axis 1, from 0, step 2) : float64[2, 3]"})
    BOOST_TEST(text.find(line) != std::string::npos, line << " is missing in\n" << text);
}

BOOST_AUTO_TEST_CASE(leaves_packs_and_blocks) {
  GraphBuilder graph;
  const Value p = ctgrad::detail::record<ops::Parameter>(graph, DType::float32, Shape<2>::value, 1);
  const Value b = ctgrad::detail::record<ops::Block>(graph, DType::float32, Shape<4>::value, 0);
  const Value e = ctgrad::detail::record<ops::ExtentOf>(graph, DType::float32, ShapeValue{}, multiply(3, batch));
  graph.lists.push_back(p.id);
  graph.lists.push_back(p.id);
  const Value pack = ctgrad::detail::record<ops::Pack>(graph, DType::float32, Shape<4>::value, ops::Pack::make(0, 2));
  graph.outputs.push_back({(b - pack * e).id, OutputKind::update, 0});
  BOOST_TEST(to_string(graph.view()) ==
             "%0 = parameter 1 : float32[2]\n"
             "%1 = block 0 : float32[4]\n"
             "%2 = extent_of 3*batch : float32[]\n"
             "%3 = pack(%0, %0) : float32[4]\n"
             "%4 = multiply(%3, %2) : float32[4]\n"
             "%5 = subtract(%1, %4) : float32[4]\n"
             "new block 0 = %5\n");
}

namespace {

constexpr std::int32_t few[] = {4, 0, 2};
constexpr std::int32_t many[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

}  // namespace

BOOST_AUTO_TEST_CASE(tables) {
  GraphBuilder graph;
  ctgrad::detail::record_table(graph, few, 3);
  ctgrad::detail::record_table(graph, many, 10);
  BOOST_TEST(to_string(graph.view()) ==
             "%0 = table [4, 0, 2] : int32[3]\n"
             "%1 = table [0, 1, 2, 3, 4, 5, 6, 7, ...] : int32[10]\n");
}

BOOST_AUTO_TEST_SUITE_END()
