// SPDX-License-Identifier: BSL-1.0
/// \file
/// Takes apart what is about to be summed: factors that all elements share may be multiplied afterwards.
#pragma once

#include "ctgrad/graph/value.hpp"

namespace ctgrad::detail {

/// The number of elements of each sum along the axes of `mask`; 0 where it is not known to be more.
constexpr Extent summed_elements(const ShapeValue& wide, unsigned mask) {
  Extent count = 1;
  for (int axis = 0; axis < wide.rank; ++axis) {
    if ((mask >> axis & 1U) == 0) continue;
    if (!is_static(wide[axis]) || wide[axis] <= 0) return 0;
    count *= wide[axis];
  }
  return count;
}

/// What is about to be summed along the axes of `mask`, as the product of what has to be summed and of factors that are
/// the same along these axes: sum(s * x * y) is s * sum(x * y).
///
/// Only nodes from number `first` on are taken apart. For adjoints these are those that reverse mode itself has
/// appended, so what a user wrote is computed as it was written; the order of the chain rule's products is ours to
/// choose. It matters where x * y or its sum overflows, or underflows, and s is small, or large: sums of 16-bit
/// numbers, whose range is small, stay as they are. So do sums that may have no elements, which are 0 whatever the
/// factors. Squares, which overflow and underflow soonest, are taken apart only where that is asked for.
class SharedFactors {
public:
  constexpr SharedFactors(const Value& x, ShapeValue to, unsigned mask, int first, bool squares = false)
      : builder_(*x.builder), wide_(x.shape()), to_(to), mask_(mask), first_(first), squares_(squares) {
    rest = summed_elements(wide_, mask) == 0 || is_half_type(x.dtype()) ? x : split(x, 0);
  }

  /// What is left to be summed.
  Value rest;

  /// The sum of `rest` times the factors.
  constexpr Value apply(Value sum) const {
    for (int i = 0; i < count_; ++i) sum = dividing_[i] ? sum / factor_[i] : sum * factor_[i];
    return negative_ ? -sum : sum;
  }

  /// Whether `x` is the same along the axes.
  constexpr bool is_same_along_axes(const Value& x) const {
    const ShapeValue shape = unstretched(x).shape();
    return (broadcast_axes(shape, wide_) & mask_) == mask_;
  }
  /// Such an `x` as an operand beside the sum; without a builder where its shape does not fit.
  constexpr Value beside_sum(const Value& x) const {
    Value factor = unstretched(x);
    if (factor.shape().size() == 1 && factor.shape().rank > 0) factor = apply_shaped<ops::Reshape>(factor, {});
    if (factor.shape().rank > to_.rank || !can_broadcast(factor.shape(), to_) ||
        detail::broadcast(factor.shape(), to_) != to_)
      return {};
    return factor;
  }

private:
  constexpr bool may_be_taken_apart(const Value& x) const { return x.id >= first_; }

  constexpr Value split(const Value& x, int depth) {
    const Node node = x.node();
    if (depth == deepest || !may_be_taken_apart(x)) return x;
    if (node.op == opcode<ops::Negate>) {
      negative_ = !negative_;
      return split(operand(node, 0), depth + 1);
    }
    if (squares_ && node.op == opcode<ops::Square>) return split_square(x, depth);
    if (node.op != opcode<ops::Multiply> && node.op != opcode<ops::Divide>) return x;
    const bool divides = node.op == opcode<ops::Divide>;
    const Value a = operand(node, 0), b = operand(node, 1);
    if (take_if_same(b, divides)) return split(a, depth + 1);
    if (divides) {
      const Value numerator = split(a, depth + 1);
      return numerator.id == a.id ? x : numerator / b;
    }
    if (take_if_same(a, false)) return split(b, depth + 1);
    const Value left = split(a, depth + 1), right = split(b, depth + 1);
    return left.id == a.id && right.id == b.id ? x : left * right;
  }

  /// The factors of what is squared count twice.
  constexpr Value split_square(const Value& x, int depth) {
    const Value inner = operand(x.node(), 0);
    const int before = count_;
    const bool was_negative = negative_;
    const Value left = split(inner, depth + 1);
    const int found = count_ - before;
    negative_ = was_negative;
    if (left.id == inner.id || count_ + found > most) {
      count_ = before;
      return x;
    }
    for (int i = 0; i < found; ++i) {
      factor_[count_] = factor_[before + i];
      dividing_[count_++] = dividing_[before + i];
    }
    return ctgrad_apply(OpCall<ops::Square>{}, left);
  }

  constexpr Value operand(const Node& node, int i) const { return Value{&builder_, node.operand[i]}; }

  /// What an array repeats, where it was stretched by a node that may be taken apart. Other nodes may stand for
  /// something that replaces them by their number later: arguments of a rule, or a stretched zero that `vectorize`
  /// fills in.
  constexpr Value unstretched(Value x) const {
    while (x.node().op == opcode<ops::BroadcastTo> && may_be_taken_apart(x)) {
      const Value inner = operand(x.node(), 0);
      if (inner.node().op == opcode<ops::Constant> && inner.node().scalar == 0) break;
      x = inner;
    }
    return x;
  }
  /// Notes `x` as a factor if it is the same along the axes. So is what a rule has added to itself after it was
  /// stretched.
  constexpr bool take_if_same(const Value& x, bool divides) {
    const Node node = x.node();
    if (node.op == opcode<ops::Add> && node.operand[0] == node.operand[1] && may_be_taken_apart(x)) {
      const Value half = operand(node, 0);
      return count_ + 2 <= most && is_same_along_axes(half) && take(half, divides) &&
             take(record_constant(builder_, x.dtype(), 2), divides);
    }
    return is_same_along_axes(x) && take(x, divides);
  }
  /// Notes a factor; false where there are too many already, or it does not fit the result.
  constexpr bool take(const Value& x, bool divides) {
    if (count_ == most) return false;
    const Value factor = beside_sum(x);
    if (factor.builder == nullptr) return false;
    factor_[count_] = factor;
    dividing_[count_++] = divides;
    return true;
  }

  static constexpr int deepest = 6, most = 8;
  GraphBuilder& builder_;
  ShapeValue wide_, to_;
  unsigned mask_;
  int first_;
  bool squares_;
  Value factor_[most];
  bool dividing_[most] = {};
  int count_ = 0;
  bool negative_ = false;
};

}  // namespace ctgrad::detail
