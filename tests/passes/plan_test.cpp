// SPDX-License-Identifier: BSL-1.0
/// \file
/// Memory plans, and the checker of schedules on programs of every kind.
#include "ctgrad/passes/plan.hpp"

#include <boost/test/unit_test.hpp>

#include "graph_queries.hpp"
#include "schedule_checker.hpp"

BOOST_AUTO_TEST_SUITE(plan_pass)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

// A chain of layers needs two arrays at a time, however long it is.
constexpr auto layers = [](auto x, auto w) {
  for (int i = 0; i < 10; ++i) x = tanh(matmul(x, w));
  return x;
};
constexpr auto deep = stages_of(layers, spec<float, 32, 32>, spec<float, 32, 32>);
static_assert(deep.view().arena_count == 1);
static_assert(deep.view().arenas[0].bytes == 2 * 32 * 32 * 4);
static_assert(deep.view().arenas[0].bytes_without_reuse == 20 * 32 * 32 * 4);

// A loop writes over an operand that dies in it, unless the shapes differ.
constexpr auto in_place =
    stages_of([](auto x, auto w) { return exp(matmul(x, w)); }, spec<float, 16, 16>, spec<float, 16, 16>);
static_assert(in_place.view().arenas[0].bytes == 16 * 16 * 4);
constexpr auto stretched =
    stages_of([](auto x, auto w) { return w + sum(matmul(x, w), axis<0>); }, spec<float, 16, 16>, spec<float, 16, 16>);
static_assert(stretched.view().arenas[0].bytes == 16 * 16 * 4 + 64);

// Large arrays begin at a page; small ones fill the gap before it.
constexpr auto paged = stages_of([](auto x) { return std::tuple{sum(x), exp(x), mean(exp(x))}; }, spec<float, 8192>);
static_assert(paged.view().arenas[0].bytes == 4096 + 8192 * 4);
static_assert(paged.view().arenas[0].bytes_without_reuse == 3 * 64 + 8192 * 4);
constexpr bool large_arrays_begin_at_pages = [] {
  int large = 0;
  for (int i = 0; i < paged.view().result_count; ++i) {
    const ResultPlace& result = paged.view().results[i];
    large += result.shape.size() == 8192;
    if (result.place.byte_offset % (result.shape.size() == 8192 ? 4096 : 64) != 0) return false;
  }
  return large == 1;
}();
static_assert(large_arrays_begin_at_pages);

// Run-time sizes have an arena for each product of names, in bytes for one.
constexpr auto named = stages_of(
    [](auto x, auto w) {
      return std::pair{tanh(matmul(x, w)), sum(x)};
    },
    spec<float, batch, time_steps, 8>, spec<float, 8, 4>);
static_assert(named.view().arena_count == 2);
static_assert(named.view().arenas[0].factor == 1);
static_assert(named.view().arenas[1].factor == multiply(batch, time_steps));
static_assert(named.view().arenas[1].bytes == 16);

// Results stay until the end: no later array lies over them.
constexpr auto early_result = stages_of(
    [](auto x, auto w) {
      const auto a = matmul(x, w);
      return std::pair{a, matmul(tanh(matmul(a, w)), w)};
    },
    spec<float, 16, 16>, spec<float, 16, 16>);
static_assert(early_result.view().arenas[0].bytes == 3 * 16 * 16 * 4);

struct Block {
  nn::Linear<6> first;
  nn::Linear<6> second;
  constexpr auto operator()(const auto& x) const { return x + second(tanh(first(x))); }
};
struct Network {
  nn::Linear<6> input;
  std::array<Block, 16> blocks;
  nn::Linear<3> output;
  constexpr auto operator()(const auto& x) const {
    auto h = relu(input(x));
    for (const Block& block : blocks) h = block(h);
    return output(h);
  }
};
constexpr auto network_loss = [](const auto& model, auto x, auto label) { return cross_entropy(model(x), label); };

struct ConvolutionNet {
  nn::Conv2d<3, KernelSize<3>, Padding<1>> conv;
  nn::BatchNorm2d norm;
  nn::Linear<3> output;
  constexpr auto operator()(const auto& x) const {
    return output(flatten<1>(max_pool2d(relu(norm(conv(x))), kernel_size<2>)));
  }
};

Numbers random_numbers(std::int64_t count, std::uint64_t seed) {
  std::vector<double> values(static_cast<std::size_t>(count));
  RandomStream(seed).fill_uniform(std::span<double>(values), 0, -1, 1);
  return values;
}

/// Runs a program in the checker and compares it with the plain evaluation of the graph as it was written. A
/// small prime for each name makes every extent different.
void check(const GraphBuilder& graph, int blocks = 0, std::int64_t block_size = 0, std::int64_t labels = 3,
           std::int64_t buffer_size = 0) {
  auto near = [](double a, double b, double tolerance) {
    return a == b || std::abs(a - b) <= tolerance * (1 + std::abs(a));
  };
  Dimensions dimensions;
  dimensions[batch] = 5;
  dimensions[time_steps] = 2;
  Leaves leaves;
  for (int i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (!node.is<ops::Input>()) continue;
    leaves.inputs.resize(std::max(leaves.inputs.size(), static_cast<std::size_t>(node.attribute) + 1));
    Numbers& values = leaves.inputs[static_cast<std::size_t>(node.attribute)];
    values = random_numbers(dimensions(graph.shape(i).size()), 10 + static_cast<std::uint64_t>(i));
    if (!is_floating(node.dtype))
      for (double& x : values) x = std::floor((x + 1) / 2 * static_cast<double>(labels));
    // The scalars of a step are an optimizer's, which are positive.
    if (node.dtype == DType::float32)
      for (double& x : values) x = rounded(DType::float32, graph.shape(i).rank == 0 ? std::abs(x) : x);
  }
  leaves.block_type = DType::float32;
  for (int b = 0; b < blocks; ++b) {
    const bool buffers = buffer_size > 0 && b == blocks - 1;
    leaves.blocks.push_back(random_numbers(buffers ? buffer_size : block_size, 100 + static_cast<std::uint64_t>(b)));
    for (double& x : leaves.blocks.back()) x = rounded(DType::float32, b == 2 ? std::abs(x) : x);
  }
  const Stages stages(graph, blocks);
  std::vector<Numbers> results;
  BOOST_REQUIRE_NO_THROW(results = ScheduleChecker(stages, leaves, dimensions).run());
  const std::vector<Numbers> expected = evaluate(graph.view(), leaves, dimensions);
  int result = 0;
  for (int i = 0; i < graph.outputs.size(); ++i) {
    const Output& output = graph.outputs[i];
    const Numbers& wanted = expected[static_cast<std::size_t>(output.node)];
    const Numbers& found = output.kind == OutputKind::result
                               ? results.at(static_cast<std::size_t>(result++))
                               : results.at(static_cast<std::size_t>(stages.planned.results.size() + output.index));
    BOOST_REQUIRE(wanted.size() == found.size());
    const double tolerance = graph.nodes[output.node].dtype == DType::float32 ? 1e-4 : 1e-11;
    for (std::size_t k = 0; k < wanted.size(); ++k)
      BOOST_TEST(near(wanted[k], found[k], tolerance),
                 "output " << i << " element " << k << ": " << found[k] << " instead of " << wanted[k]);
  }
  std::int64_t bytes = 0;
  std::int64_t without_reuse = 0;
  for (const ArenaInfo& arena : stages.planned.arenas) {
    bytes += arena.bytes * dimensions.monomial(arena.factor);
    without_reuse += arena.bytes_without_reuse * dimensions.monomial(arena.factor);
  }
  BOOST_TEST(bytes <= without_reuse);
}

template <class... S, class F>
GraphBuilder graph_of(F f) {
  return trace<Spec<double, S>...>(f);
}

}  // namespace

BOOST_AUTO_TEST_CASE(programs_of_every_kind) {
  check(graph_of<Shape<>>([](auto x) { return exp(sin(x) * x); }));
  check(graph_of<Shape<17, 3>>(value_and_grad([](auto x) { return sum(tanh(x) * exp(-x * x)); })));
  check(graph_of<Shape<batch, 7>>(value_and_grad([](auto x) { return sum(square(softmax(x, axis<1>))); })));
  check(graph_of<Shape<4, 4>, Shape<4, 4>>(layers));
  check(graph_of<Shape<batch, 6>, Shape<6, 4>, Shape<4>>(
      value_and_grad([](auto x, auto w, auto b) { return mean(square(relu(matmul(x, w) + b))); }, wrt<0, 1, 2>)));
  check(graph_of<Shape<batch, time_steps, 6>, Shape<6, 4>>(
      value_and_grad([](auto x, auto w) { return sum(max(tanh(matmul(x, w)), axis<1>)); }, wrt<0, 1>)));
  check(graph_of<Shape<2, 3, 4>, Shape<4, 3>>(value_and_grad(
      [](auto x, auto y) { return sum(concat(axis<1>, permute(x, axis<0, 2, 1>), reshape(y, shape<2, 2, 3>)) / 3); },
      wrt<0, 1>)));
  check(graph_of<Shape<5, 6>>([](auto x) {
    return gradient(
        [](auto a) { return sum(gradient([](auto b) { return sum(tanh(matmul(b, transpose(b)))); })(a) * a); })(x);
  }));
  check(graph_of<Shape<9>, Shape<9>>(jvp([](auto x) { return tanh(slice<0, 1, 8, 2>(x)) * 2; })));
  check(graph_of<Shape<0, 3>>([](auto x) {
          return std::tuple{sum(x, axis<0>), exp(x), max(x), matmul(transpose(x), x)};
        }),
        0, 0);
  check(graph_of<Shape<4, 3>>([](auto x) {
    const auto best = argmax(x, axis<1>);
    return std::tuple{best, take(transpose(x), best), gradient([](auto a) { return min(max(a, axis<1>)); })(x)};
  }));
  check(trace<Spec<float, Shape<batch, 10>>, Spec<std::int32_t, Shape<batch>>>(
            value_and_grad([](auto x, auto label) { return cross_entropy(tanh(x), label); })),
        0, 0, 10);
}

// The training step of a residual network: gradients packed side by side, blocks updated in place.
BOOST_AUTO_TEST_CASE(a_training_step) {
  using Loss = training::LossSource<std::remove_const_t<decltype(network_loss)>, Network, Spec<float, Shape<batch, 4>>,
                                    Spec<std::int64_t, Shape<batch>>>;
  static_assert(training::parameter_count<Loss> == 4 * 6 + 6 + 16 * 2 * (36 + 6) + 6 * 3 + 3);
  using Step = training::StepSource<Loss, optim::Adam, float, 2>;
  const GraphBuilder graph = Step::run();
  BOOST_TEST(graph.nodes.size() > 400);
  check(graph, Step::blocks, training::parameter_count<Loss>);
}

// Buffers have a block of their own, after the optimizer's, with new values side by side.
BOOST_AUTO_TEST_CASE(a_training_step_with_buffers) {
  using Loss = training::LossSource<std::remove_const_t<decltype(network_loss)>, ConvolutionNet,
                                    Spec<float, Shape<batch, 2, 4, 4>>, Spec<std::int64_t, Shape<batch>>>;
  static_assert(training::parameter_count<Loss> == 3 * 2 * 9 + 3 + 6 + 3 * 12 + 3);
  static_assert(training::buffer_count<Loss> == 6);
  using Step = training::StepSource<Loss, optim::Adam, float, 2>;
  static_assert(Step::blocks == 4);
  check(Step::run(), Step::blocks, training::parameter_count<Loss>, 3, training::buffer_count<Loss>);
}

BOOST_AUTO_TEST_SUITE_END()
