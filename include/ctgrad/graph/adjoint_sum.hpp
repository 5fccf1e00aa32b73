// SPDX-License-Identifier: BSL-1.0
/// \file
/// The adjoint of stretching: sums, with the factors that all of their elements share multiplied afterwards.
#pragma once

#include "ctgrad/graph/value.hpp"

namespace ctgrad {

namespace detail {

/// A share of an adjoint that is about to be summed along the axes of `mask`, as the product of what has to be summed
/// and of factors that are the same along these axes: sum(s * x * y) is s * sum(x * y).
///
/// Only products that reverse mode itself has appended are taken apart, so what a user wrote is computed as it was
/// written. The order of the chain rule's products is ours to choose. It matters where x * y or its sum overflows, or
/// underflows, and s is small, or large: sums of 16-bit numbers, whose range is small, stay as they are. So do sums
/// that may have no elements, which are 0 whatever the factors.
class SharedFactors {
public:
  constexpr SharedFactors(const Value& x, ShapeValue to, unsigned mask)
      : builder_(*x.builder), wide_(x.shape()), to_(to), mask_(mask) {
    bool has_elements = true;
    for (int axis = 0; axis < wide_.rank; ++axis)
      if ((mask >> axis & 1U) != 0) has_elements = has_elements && is_static(wide_[axis]) && wide_[axis] > 0;
    rest = !has_elements || is_half_type(x.dtype()) ? x : split(x, 0);
  }

  /// What is left to be summed.
  Value rest;

  /// The sum of `rest` times the factors.
  constexpr Value apply(Value sum) const {
    for (int i = 0; i < count_; ++i) sum = dividing_[i] ? sum / factor_[i] : sum * factor_[i];
    return negative_ ? -sum : sum;
  }

private:
  constexpr bool is_ours(const Value& x) const { return x.id >= builder_.adjoints_begin; }

  constexpr Value split(const Value& x, int depth) {
    const Node node = x.node();
    if (depth == deepest || !is_ours(x)) return x;
    if (node.op == opcode<ops::Negate>) {
      negative_ = !negative_;
      return split(operand(node, 0), depth + 1);
    }
    if (node.op != opcode<ops::Multiply> && node.op != opcode<ops::Divide>) return x;
    const bool divides = node.op == opcode<ops::Divide>;
    const Value a = operand(node, 0), b = operand(node, 1);
    if (is_same_along_axes(b) && take(b, divides)) return split(a, depth + 1);
    if (divides) {
      const Value numerator = split(a, depth + 1);
      return numerator.id == a.id ? x : numerator / b;
    }
    if (is_same_along_axes(a) && take(a, false)) return split(b, depth + 1);
    const Value left = split(a, depth + 1), right = split(b, depth + 1);
    return left.id == a.id && right.id == b.id ? x : left * right;
  }

  constexpr Value operand(const Node& node, int i) const { return Value{&builder_, node.operand[i]}; }

  /// What an array repeats, where reverse mode has stretched it. Other nodes may stand for something that replaces them
  /// by their number later: arguments of a rule, or a stretched zero that `vectorize` fills in.
  constexpr Value unstretched(Value x) const {
    while (x.node().op == opcode<ops::BroadcastTo> && is_ours(x)) {
      const Value inner = operand(x.node(), 0);
      if (inner.node().op == opcode<ops::Constant> && inner.node().scalar == 0) break;
      x = inner;
    }
    return x;
  }
  constexpr bool is_same_along_axes(const Value& x) const {
    const ShapeValue shape = unstretched(x).shape();
    return (broadcast_axes(shape, wide_) & mask_) == mask_;
  }
  /// Notes a factor; false where there are too many already, or it does not fit the result.
  constexpr bool take(const Value& x, bool divides) {
    Value factor = unstretched(x);
    if (count_ == most) return false;
    if (factor.shape().size() == 1 && factor.shape().rank > 0) factor = apply_shaped<ops::Reshape>(factor, {});
    if (factor.shape().rank > to_.rank || !can_broadcast(factor.shape(), to_) ||
        detail::broadcast(factor.shape(), to_) != to_)
      return false;
    factor_[count_] = factor;
    dividing_[count_++] = divides;
    return true;
  }

  static constexpr int deepest = 6, most = 4;
  GraphBuilder& builder_;
  ShapeValue wide_, to_;
  unsigned mask_;
  Value factor_[most];
  bool dividing_[most] = {};
  int count_ = 0;
  bool negative_ = false;
};

}  // namespace detail

/// `x` summed over the axes along which `shape` was broadcast to it: the adjoint of broadcasting.
constexpr Value sum_to(const Value& x, ShapeValue shape) {
  if (x.shape() == shape) return x;
  const unsigned mask = detail::broadcast_axes(shape, x.shape());
  const auto shaped = [&](const Value& y) { return y.shape() == shape ? y : apply_shaped<ops::Reshape>(y, shape); };
  if (mask == 0) return shaped(x);
  const detail::SharedFactors factors(x, shape, mask);
  const Value rest = broadcast_value(factors.rest, x.shape());
  return factors.apply(shaped(apply_shaped<ops::Sum>(rest, detail::reduce_shape(x.shape(), mask, false), mask)));
}

}  // namespace ctgrad
