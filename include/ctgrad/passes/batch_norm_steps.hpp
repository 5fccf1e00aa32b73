// SPDX-License-Identifier: BSL-1.0
/// \file
/// Makes batch normalisations of a traced loss steps of their own, for a device whose library has them in one call.
///
/// Written with ordinary operations they join the loops around them, which most devices want. Here the operations that
/// `batch_statistics` and `batch_norm` record are found again, before the loss is differentiated: what stands between
/// is not used by others, or stays for them.
#pragma once

#include "ctgrad/graph/user.hpp"
#include "ctgrad/ops/batch_norm_step.hpp"

namespace ctgrad {

namespace detail {

/// The derivative of a channel's mean, for the mean that comes out of the step: t / n for each element.
struct MeanRule {
  static constexpr std::string_view name = "mean";

  template <class V>
  static constexpr auto derivative(const V& t, const V& x, const V&) {
    ShapeValue per_channel = x.shape();
    Extent count = 1;
    for (int axis = 0; axis < per_channel.rank; ++axis) {
      if (axis == 1) continue;
      count = multiply(count, per_channel[axis]);
      per_channel[axis] = 1;
    }
    const V n = is_static(count) ? record_constant(*t.builder, t.dtype(), static_cast<double>(count))
                                 : record<ops::ExtentOf>(*t.builder, t.dtype(), ShapeValue{}, count);
    return partials(broadcast_value(apply_shaped<ops::Reshape>(t / maximum(n, 1), per_channel), x.shape()));
  }
};

/// Finds the batch normalisations of a graph and writes the graph that has them as steps.
class BatchNormFinder {
public:
  constexpr explicit BatchNormFinder(const GraphView& source) : source_(source) { graph.copy_tables(source); }

  constexpr void run() {
    graph.nodes.reserve(source_.size + 16);
    map_ = Vector<int>(source_.size, -1);
    Vector<int> taken(source_.size);
    for (int i = 0; i < source_.size; ++i) {
      if (taken.at[i] != 0) continue;
      Norm norm;
      if (is_variance(i) && find_norm(i, norm)) {
        map_.at[norm.result] = append_norm(norm);
        taken.at[norm.result] = 1;
        continue;
      }
      Node node = source_.nodes[i];
      for (int& operand : node.operand)
        if (operand >= 0) operand = map_.at[operand];
      if (node.user != nullptr && node.attribute != 0)
        node.attribute = ops::PointAttribute::make(ops::PointAttribute::levels(node.attribute),
                                                   map_.at[ops::PointAttribute::point(node.attribute)]);
      map_.at[i] = graph.append(node);
    }
    for (int i = 0; i < source_.list_count; ++i) graph.lists[i] = map_.at[source_.lists[i]];
    for (int i = 0; i < source_.output_count; ++i) {
      Output output = source_.outputs[i];
      output.node = map_.at[output.node];
      graph.outputs.push_back(output);
    }
    for (ParameterInfo& parameter : graph.parameters) {
      if (parameter.node >= 0) parameter.node = map_.at[parameter.node];
      if (parameter.update >= 0) parameter.update = map_.at[parameter.update];
    }
  }

  GraphBuilder graph;

private:
  /// The nodes of one normalisation that others use, or that it is made from.
  struct Norm {
    int x = -1, mean = -1, variance = -1, count = -1, weight = -1, bias = -1, result = -1;
    double epsilon = 0;
  };

  template <class Op>
  constexpr bool is(int i) const {
    return i >= 0 && source_.nodes[i].is<Op>();
  }
  constexpr int operand(int i, int k) const { return source_.nodes[i].operand[k]; }

  /// The variance of a minibatch, not those of many points that `vmap` makes of one.
  constexpr bool is_variance(int i) const {
    if (!is<ops::CustomDerivative>(i) || source_.nodes[i].attribute != 0) return false;
    const UserRoutine* routine = source_.nodes[i].user->routine;
    // Names first: see is_same_operation.
    return routine->name == VarianceRule::name && routine == &derivative_routine<VarianceRule, 1>;
  }

  /// The operations from x to its variance, as batch_statistics records them.
  constexpr bool find_statistics(int variance, Norm& norm) const {
    norm.variance = variance;
    norm.x = operand(variance, 1);
    const int mean_of_squares = operand(variance, 0);
    if (!is<ops::Divide>(mean_of_squares)) return false;
    norm.count = operand(mean_of_squares, 1);
    const int sum = operand(mean_of_squares, 0);
    if (!is<ops::Sum>(sum) || !is<ops::Square>(operand(sum, 0))) return false;
    const int distance = operand(operand(sum, 0), 0);
    if (!is<ops::Subtract>(distance) || operand(distance, 0) != norm.x || !is<ops::Reshape>(operand(distance, 1)))
      return false;
    norm.mean = operand(operand(distance, 1), 0);
    return true;
  }

  /// (x - mean) * (weight / sqrt(variance + epsilon)) + bias, as batch_norm records it.
  constexpr bool find_result(int i, Norm& norm) const {
    if (!is<ops::Add>(i) || !is<ops::Multiply>(operand(i, 0)) || !is<ops::Reshape>(operand(i, 1))) return false;
    const int distance = operand(operand(i, 0), 0);
    const int wide_scale = operand(operand(i, 0), 1);
    if (!is<ops::Subtract>(distance) || operand(distance, 0) != norm.x || !is<ops::Reshape>(operand(distance, 1)) ||
        operand(operand(distance, 1), 0) != norm.mean || !is<ops::Reshape>(wide_scale))
      return false;
    const int scale = operand(wide_scale, 0);
    if (!is<ops::Divide>(scale) || !is<ops::Sqrt>(operand(scale, 1))) return false;
    const int sum = operand(operand(scale, 1), 0);
    if (!is<ops::Add>(sum) || operand(sum, 0) != norm.variance || !is<ops::Constant>(operand(sum, 1))) return false;
    norm.weight = operand(scale, 0);
    norm.bias = operand(operand(i, 1), 0);
    norm.epsilon = source_.nodes[operand(sum, 1)].scalar;
    norm.result = i;
    return true;
  }

  /// The normalisation with the variance `variance`. Its step stands where the variance was, so weight and bias must be
  /// known there; the layer takes them first.
  constexpr bool find_norm(int variance, Norm& norm) const {
    if (source_.nodes[variance].dtype != DType::float32 && source_.nodes[variance].dtype != DType::float64)
      return false;
    if (!find_statistics(variance, norm)) return false;
    for (int i = variance + 1; i < source_.size; ++i)
      if (find_result(i, norm)) return norm.weight < variance && norm.bias < variance;
    return false;
  }

  constexpr Value mapped(int i) { return {&graph, map_.at[i]}; }

  /// `value` with the derivative that `rule` gives it with respect to x.
  constexpr int with_rule(const Value& value, const UserOperation& rule, const Value& x) {
    const Value result = record<ops::CustomDerivative>(graph, value.dtype(), value.shape(), 0, value, x);
    graph.nodes[result.id].user = &rule;
    return result.id;
  }

  /// Appends the step; what reads mean and variance from here on reads those that it leaves.
  constexpr int append_norm(const Norm& norm) {
    using Row = ops::BatchNormStatistics;
    const Value x = mapped(norm.x);
    const Value result = record<ops::BatchNorm>(graph, x.dtype(), x.shape(), ops::BatchNorm::make(norm.epsilon), x,
                                                mapped(norm.weight), mapped(norm.bias));
    const Value statistics = ops::rows_beside(result, Row::rows);
    // The step's variance has the divisor n - 1; the number of elements is 1 where there are none.
    const Value n = mapped(norm.count);
    const Value variance = ops::row_of(statistics, Row::variance) * ((n - 1) / n);
    map_.at[norm.mean] = with_rule(ops::row_of(statistics, Row::mean), derivative_operation<MeanRule, Value, Value>, x);
    map_.at[norm.variance] = with_rule(variance, *source_.nodes[norm.variance].user, x);
    return result.id;
  }

  GraphView source_;
  Vector<int> map_;
};

}  // namespace detail

/// The same graph with its batch normalisations as steps of their own, as far as mean and variance are those of the
/// minibatch, and all is float or double.
constexpr GraphBuilder batch_norms_as_steps(const GraphView& source) {
  detail::BatchNormFinder finder(source);
  finder.run();
  return static_cast<GraphBuilder&&>(finder.graph);
}

}  // namespace ctgrad
