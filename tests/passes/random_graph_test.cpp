// SPDX-License-Identifier: BSL-1.0
/// \file
/// All passes on random graphs: the schedule computes what the graph says, and its memory is never mixed up.
#include "random_graph.hpp"

#include <boost/test/unit_test.hpp>

#include "ctgrad/graph/text.hpp"
#include "ctgrad/passes/schedule_text.hpp"
#include "schedule_checker.hpp"

BOOST_AUTO_TEST_SUITE(random_graph)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

bool near(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::abs(a - b) <= 1e-10 * (1 + std::abs(a) + std::abs(b));
}

/// Compares a schedule with the graph it was made from; an empty text when they agree.
std::string difference(const GraphBuilder& graph, const Leaves& leaves, const Dimensions& dimensions) {
  const std::vector<Numbers> expected = evaluate(graph.view(), leaves, dimensions);
  const Stages stages(graph);
  std::vector<Numbers> results;
  auto context = [&] {
    return "\nwritten:\n" + to_string(graph.view()) + "legal:\n" + to_string(stages.legal.view()) +
           to_string(stages.planned.view(), stages.legal.view(), stages.fusion());
  };
  try {
    results = ScheduleChecker(stages, leaves, dimensions).run();
  } catch (const Broken& broken) {
    return broken.what() + context();
  }
  for (int i = 0; i < graph.outputs.size(); ++i) {
    const Numbers& wanted = expected[static_cast<std::size_t>(graph.outputs[i].node)];
    const Numbers& found = results.at(static_cast<std::size_t>(i));
    if (wanted.size() != found.size()) return "a result has the wrong size" + context();
    for (std::size_t k = 0; k < wanted.size(); ++k)
      if (!near(wanted[k], found[k]))
        return "result " + std::to_string(i) + " element " + std::to_string(k) + " is " + std::to_string(found[k]) +
               " and should be " + std::to_string(wanted[k]) + context();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_schedule_computes_what_the_graph_says) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    RandomGraph graph(seed);
    graph.grow(graph.pick(1, 60));
    const int results = graph.pick(1, 4);
    graph.add_result(graph.last());
    for (int i = 1; i < results; ++i) graph.add_result(graph.any());
    const std::string text = difference(graph.builder, graph.leaves, graph.dimensions);
    BOOST_TEST_REQUIRE(text.empty(), "seed " << seed << ": " << text);
  }
}

BOOST_AUTO_TEST_CASE(schedules_of_16_bits_keep_arrays_apart_and_reductions_in_float) {
  for (unsigned seed = 3000; seed < 5300; ++seed) {
    RandomGraph graph(seed);
    graph.grow(graph.pick(1, 60));
    graph.add_result(graph.last());
    for (int i = graph.pick(0, 3); i > 0; --i) graph.add_result(graph.any());
    const DType half = seed % 2 == 0 ? DType::bfloat16 : DType::float16;
    for (int i = 0; i < graph.builder.nodes.size(); ++i) {
      Node& node = graph.builder.nodes[i];
      if (node.dtype != DType::float64) continue;
      node.dtype = half;
      if (node.is<ops::Cast>()) node.attribute = static_cast<std::int64_t>(half);
    }
    const Stages stages(graph.builder);
    const GraphView legal = stages.legal.view();
    const std::string context = "seed " + std::to_string(seed) + ":\n" + to_string(legal);
    // The values are rounded wherever they are stored; what is checked is where they lie.
    BOOST_REQUIRE_NO_THROW(ScheduleChecker(stages, graph.leaves, graph.dimensions).run());
    for (int i = 0; i < legal.size; ++i) {
      const OpKind kind = info(legal[i]).kind;
      if (kind == OpKind::reduction) BOOST_TEST(!is_half_type(legal[i].dtype), context);
      if (kind != OpKind::structured) continue;
      for (int k = 0; k < legal[i].arity(); ++k)
        BOOST_TEST((legal[legal[i].operand[k]].dtype != DType::float32 || legal[i].dtype == DType::float32), context);
    }
    for (int i = 0; i < legal.output_count; ++i)
      BOOST_TEST((legal[legal.outputs[i].node].dtype == graph.builder.nodes[graph.builder.outputs[i].node].dtype),
                 context);
    for (const KernelOutput& output : stages.planned.outputs)
      if (output.reduction >= 0) BOOST_TEST(!is_half_type(output.dtype), context);
    for (const KernelInstruction& instruction : stages.planned.instructions)
      if (instruction.op != opcode<ops::Cast>) BOOST_TEST(!is_half_type(instruction.dtype), context);
  }
}

BOOST_AUTO_TEST_CASE(gradients_agree_with_differences_of_the_written_graph) {
  for (unsigned seed = 1000; seed < 1150; ++seed) {
    RandomGraph graph(seed, true);
    graph.grow(graph.pick(1, 25));
    GraphBuilder& builder = graph.builder;
    Value loss = sum_to(tanh(graph.last()), ShapeValue{});
    loss = loss + sum_to(sin(graph.any()), ShapeValue{});
    graph.add_result(loss);
    std::vector<int> inputs;
    for (int i = 0; i < graph.input_count; ++i) inputs.push_back(i);
    std::vector<int> adjoints(inputs.size());
    const Value one = ctgrad::detail::record_constant(builder, DType::float64, 1);
    reverse(builder, loss.id, one.id, inputs.data(), graph.input_count, adjoints.data());
    for (const int id : adjoints) graph.add_result(Value{&builder, id});
    // Forward mode along the direction sin(1 + input).
    std::vector<int> tangents;
    for (const int id : inputs) tangents.push_back(sin(1 + Value{&builder, id}).id);
    int slope = -1;
    forward(builder, inputs.data(), tangents.data(), graph.input_count, &loss.id, 1, &slope);
    graph.add_result(Value{&builder, slope});

    const std::string text = difference(builder, graph.leaves, graph.dimensions);
    BOOST_TEST_REQUIRE(text.empty(), "seed " << seed << ": " << text);

    const std::vector<Numbers> values = evaluate(builder.view(), graph.leaves, graph.dimensions);
    auto loss_at = [&](const Leaves& leaves) {
      GraphBuilder forward_only;
      forward_only.copy_tables(builder.view());
      for (int i = 0; i <= loss.id; ++i) forward_only.nodes.push_back(builder.nodes[i]);
      return evaluate(forward_only.view(), leaves, graph.dimensions)[static_cast<std::size_t>(loss.id)][0];
    };
    double along = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      for (std::size_t k = 0; k < graph.leaves.inputs[i].size(); ++k) {
        const double h = 1e-3;
        Leaves moved = graph.leaves;
        double difference_quotient = 0;
        for (const auto& [step, weight] : {std::pair{-2, 1}, std::pair{-1, -8}, std::pair{1, 8}, std::pair{2, -1}}) {
          moved.inputs[i][k] = graph.leaves.inputs[i][k] + step * h;
          difference_quotient += weight * loss_at(moved) / (12 * h);
        }
        const double adjoint = values[static_cast<std::size_t>(adjoints[i])][k];
        along += adjoint * std::sin(1 + graph.leaves.inputs[i][k]);
        BOOST_TEST_REQUIRE(std::abs(adjoint - difference_quotient) <= 1e-7 * (1 + std::abs(adjoint)),
                           "seed " << seed << ", input " << i << ", element " << k << ": reverse mode " << adjoint
                                   << ", difference " << difference_quotient << "\n"
                                   << to_string(builder.view()));
      }
    BOOST_TEST_REQUIRE(std::abs(values[static_cast<std::size_t>(slope)][0] - along) <= 1e-9 * (1 + std::abs(along)),
                       "seed " << seed << ": forward mode " << values[static_cast<std::size_t>(slope)][0]
                               << ", gradient times direction " << along << "\n"
                               << to_string(builder.view()));
  }
}

BOOST_AUTO_TEST_SUITE_END()
