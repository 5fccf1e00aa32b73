// SPDX-License-Identifier: BSL-1.0
#include "check_values.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace ctgrad_test {

namespace {

double next_number(DType dtype, Fill fill, std::mt19937& random) {
  auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  if (dtype == DType::boolean) return pick(0, 1);
  if (!is_floating(dtype)) return fill == Fill::index ? pick(0, 2) : pick(-7, 7);
  const double ordinary = rounded(dtype, std::uniform_real_distribution<double>(-3, 3)(random));
  if (fill != Fill::special) return ordinary;
  const double infinity = std::numeric_limits<double>::infinity();
  const bool single = dtype == DType::float32;
  const double hard[] = {0.0,
                         -0.0,
                         infinity,
                         -infinity,
                         std::numeric_limits<double>::quiet_NaN(),
                         1.0,
                         -1.0,
                         single ? 1e30 : 1e300,
                         single ? -1e-35 : -1e-300,
                         ordinary,
                         ordinary,
                         ordinary};
  return rounded(dtype, hard[pick(0, 11)]);
}

/// The relative error allowed in one element.
double tolerance_of(DType dtype) { return dtype == DType::float32 ? 3e-6 : dtype == DType::float64 ? 1e-13 : 0; }

void compare(DType dtype, const Numbers& found, const Numbers& wanted, int result, const std::string& where) {
  BOOST_REQUIRE(found.size() == wanted.size());
  double scale = 0;
  for (const double w : wanted)
    if (std::isfinite(w)) scale = std::max(scale, std::min(std::abs(w), 100.0));
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    const double x = rounded(dtype, found[k]);
    const double w = rounded(dtype, wanted[k]);
    const bool same =
        std::isnan(w) ? std::isnan(x) : x == w || std::abs(x - w) <= tolerance_of(dtype) * (std::abs(w) + scale);
    BOOST_TEST(same, where << "result " << result << " element " << k << " is " << x << " and should be " << w);
  }
}

void check_run(const GraphView& graph, const Dimensions& dimensions, Fill fill, const std::string& where,
               const RunOnNumbers& run) {
  std::mt19937 random(static_cast<unsigned>(1 + dimensions.length[2] + 7 * static_cast<int>(fill)));
  Leaves leaves;
  for (int node = 0; node < graph.size && graph[node].is<ops::Input>(); ++node) {
    Numbers numbers(static_cast<std::size_t>(product(extents_of(graph.shape(node), dimensions))));
    for (double& x : numbers) x = next_number(graph[node].dtype, fill, random);
    leaves.inputs.push_back(std::move(numbers));
  }
  const std::vector<Numbers> values = evaluate(graph, leaves, dimensions);
  const std::vector<Numbers> results = run(leaves.inputs, dimensions);
  BOOST_REQUIRE(static_cast<int>(results.size()) == graph.output_count);
  for (int i = 0; i < graph.output_count; ++i) {
    const int node = graph.outputs[i].node;
    compare(graph[node].dtype, results[static_cast<std::size_t>(i)], values[static_cast<std::size_t>(node)], i, where);
  }
}

}  // namespace

void check_program(const GraphView& graph, const char* device, Fill fill, const std::vector<std::int64_t>& lengths,
                   const RunOnNumbers& run) {
  if (lengths.empty()) check_run(graph, {}, fill, std::string(device) + ", ", run);
  for (const std::int64_t length : lengths) {
    Dimensions dimensions;
    dimensions[batch] = length;
    check_run(graph, dimensions, fill, std::string(device) + ", length " + std::to_string(length) + ", ", run);
  }
}

}  // namespace ctgrad_test
