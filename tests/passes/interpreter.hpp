// SPDX-License-Identifier: BSL-1.0
/// \file
/// Evaluates a graph node by node, in the plainest way: what all passes must agree with.
#pragma once

#include <ctgrad/ctgrad.hpp>
#include <functional>
#include <vector>

namespace ctgrad_test {

using namespace ctgrad;

/// The elements of a node, all as double, in row-major order.
using Numbers = std::vector<double>;

/// A number after a conversion to an element type.
double rounded(DType dtype, double x);

/// One element of an elementwise operation, in long hand and with the standard library's functions.
double scalar_value(Opcode op, DType dtype, double a, double b, double c);

double reduction_identity(Opcode op);
double reduction_step(Opcode op, double a, double b);

/// A shape with its run-time extents filled in.
std::vector<std::int64_t> extents_of(const ShapeValue& shape, const Dimensions& dimensions);

std::int64_t product(const std::vector<std::int64_t>& extents);

/// Calls visit(index) for every index of the extents, last axis fastest.
void for_each_index(const std::vector<std::int64_t>& extents,
                    const std::function<void(const std::vector<std::int64_t>&)>& visit);

/// Evaluates an operation that has a step of its own, on arrays in row-major order, and gives the result's elements.
Numbers evaluate_structured(Opcode op, std::int64_t attribute, const std::vector<const Numbers*>& x,
                            const std::vector<std::vector<std::int64_t>>& shapes,
                            const std::vector<std::int64_t>& result);

/// What a graph's leaves hold.
struct Leaves {
  std::vector<Numbers> inputs;
  std::vector<Numbers> blocks;
  DType block_type = DType::float64;
};

/// The values of all nodes of a graph.
std::vector<Numbers> evaluate(const GraphView& graph, const Leaves& leaves, const Dimensions& dimensions);

}  // namespace ctgrad_test
