// SPDX-License-Identifier: BSL-1.0
/// \file
/// Reverse and forward mode over a graph: both append nodes, so a derivative can be differentiated again.
#pragma once

#include "ctgrad/passes/derivative_rule.hpp"
#include "ctgrad/passes/vectorize.hpp"

namespace ctgrad {

constexpr void reverse(GraphBuilder& builder, int result, int seed, const int* wrt, int count, int* adjoints);

namespace detail {

/// The shares of a user's operation that `vectorize` made of one for a single point. Its rule was written for the
/// shapes of a point, so it is applied there and then vectorized in turn.
constexpr Shares vectorized_shares(RuleKind kind, Value t, const Value (&x)[3], Value y);

/// The shares of a user's operation, by the rule that its node holds.
constexpr Shares user_shares(RuleKind kind, Value t, const Value (&x)[3], Value y) {
  const Node node = y.node();
  if (node.attribute != 0) return vectorized_shares(kind, t, x, y);
  Shares shares;
  if (!node.user->differentiable && node.user->bounded_order)
    throw "ctgrad: a loop, a branch or odeint is differentiated more often than its options allow; allow one order "
          "more: scan<LoopOptions{.max_order = 2}>, odeint<OdeOptions{.max_order = 3}>";
  if (!node.user->differentiable)
    throw "ctgrad: a user operation without a derivative rule is differentiated: give it a member derivative, or "
          "wrap its operands in stop_gradient";
  // A custom rule speaks of the operands after the value it replaces.
  const int first = kind == RuleKind::custom ? 1 : 0;
  const Value operands[3] = {x[first], x[1 + first < 3 ? 1 + first : 2], x[2]};
  Value partial[3];
  node.user->derivative(t, operands, y, partial);
  for (int i = 0; i + first < 3; ++i) shares.id[i + first] = partial[i].id;
  return shares;
}

constexpr Shares vectorized_shares(RuleKind kind, Value t, const Value (&x)[3], Value y) {
  GraphBuilder& builder = *y.builder;
  const int point = ops::PointAttribute::point(y.node().attribute);
  const ShapeValue shape = builder.shape(point);
  const Extent length = y.shape()[0];
  const Value point_t = placeholder(builder, y.dtype(), shape);
  Value point_x[3];
  int from[5] = {point_t.id, point};
  int to[5] = {t.id, y.id};
  int count = 2;
  for (int i = 0; i < 3; ++i) {
    point_x[i] = Value{&builder, builder.nodes.at[point].operand[i]};
    if (point_x[i].id < 0) continue;
    if (x[i].shape() == point_x[i].shape()) {
      // The same for all points, and no axis for them. `reassociate` may have put another node in its place.
      point_x[i] = x[i];
      continue;
    }
    const ShapeValue wide = lead(length, point_x[i].shape());
    from[count] = point_x[i].id;
    to[count++] = x[i].shape() == wide ? x[i].id : apply_shaped<ops::Reshape>(x[i], wide).id;
  }
  Shares shares = user_shares(kind, point_t, point_x, Value{&builder, point});
  for (int& id : shares.id) {
    if (id < 0) continue;
    if (kind == RuleKind::user) id = broadcast_value(Value{&builder, id}, shape).id;
    const int share = id;
    vectorize(builder, length, from, to, count, &share, 1, &id);
  }
  return shares;
}

/// `t` times each partial derivative of an operation that is no reduction and not linear; none for one without a rule.
constexpr Shares shares_by_rule(const DerivativeRule& rule, Value t, const Value (&x)[3], Value y) {
  switch (rule.kind) {
    case RuleKind::elementwise:
      return rule.shares(t, x, y);
    case RuleKind::user:
    case RuleKind::custom:
    case RuleKind::kernel:
      return user_shares(rule.kind, t, x, y);
    case RuleKind::cast: {
      Shares shares;
      if (is_floating(x[0].dtype()) && is_floating(y.dtype())) shares.id[0] = cast_like(t, x[0]).id;
      return shares;
    }
    default:
      return Shares{};
  }
}

/// The adjoint's shares for the operands of node `y`, given the adjoint `t` of `y`.
constexpr Shares pull_back(const DerivativeRule& rule, Value t, const Value (&x)[3], Value y, const bool (&wanted)[3]) {
  GraphBuilder& builder = *t.builder;
  Shares shares;
  if (rule.kind == RuleKind::reduction) {
    const unsigned mask = static_cast<unsigned>(y.node().attribute);
    const ShapeValue kept = reduce_shape(x[0].shape(), mask, true);
    const Value wide_t = apply_shaped<ops::Reshape>(t, kept);
    const Value wide_y = apply_shaped<ops::Reshape>(y, kept);
    shares.id[0] = broadcast_value(rule.of_reduction(wide_t, x[0], wide_y, mask), x[0].shape()).id;
  } else if (rule.kind == RuleKind::library_step && rule.linear == 0) {
    throw "a step of a library is differentiated twice: its operations must be put in its place first";
  } else if (rule.linear != 0) {
    for (int i = 0; i < 3; ++i)
      if (wanted[i] && (rule.linear >> i & 1U) != 0) shares.id[i] = rule.adjoint(i, t, x, y).id;
  } else {
    shares = shares_by_rule(rule, t, x, y);
    for (int i = 0; i < 3; ++i)
      if (shares.id[i] >= 0) shares.id[i] = sum_to(Value{&builder, shares.id[i]}, x[i].shape()).id;
  }
  return shares;
}

/// The tangent of a node whose rule was written for reverse mode. The rule is linear in the adjoint, so the
/// adjoint of the rule is the Jacobian itself.
constexpr int transpose_rule(RuleKind kind, int tangent, int which, const Value (&x)[3], Value y) {
  GraphBuilder& builder = *y.builder;
  const Value zero = record_constant(builder, y.dtype(), 0);
  const Value t = apply_shaped<ops::BroadcastTo>(zero, y.shape());
  const Shares shares = user_shares(kind, t, x, y);
  if (shares.id[which] < 0) return -1;
  const Value share = sum_to(Value{&builder, shares.id[which]}, x[which].shape());
  int result = -1;
  reverse(builder, share.id, tangent, &t.id, 1, &result);
  return result;
}

/// The tangent of a user's kernel by its own rule, which takes a tangent for each operand.
constexpr int kernel_tangent(const int (&tangent)[3], const Value (&x)[3], Value y) {
  GraphBuilder& builder = *y.builder;
  const Node node = y.node();
  const int arity = node.user->routine->arity;
  Value full[3];
  for (int i = 0; i < arity; ++i)
    full[i] = tangent[i] >= 0 ? Value{&builder, tangent[i]} : placeholder(builder, x[i].dtype(), x[i].shape());
  if (node.attribute == 0) {
    Value result;
    node.user->tangent(full, x, y, &result);
    return result.id;
  }
  // The rule was written for one point: it is applied there, and what it appends is vectorized.
  const int point = ops::PointAttribute::point(node.attribute);
  int point_tangent[3] = {-1, -1, -1};
  Value point_x[3];
  int from[7] = {point};
  int to[7] = {y.id};
  int count = 1;
  for (int i = 0; i < arity; ++i) {
    point_x[i] = Value{&builder, builder.nodes.at[point].operand[i]};
    point_tangent[i] = placeholder(builder, x[i].dtype(), point_x[i].shape()).id;
    from[count] = point_tangent[i];
    to[count++] = full[i].id;
    if (point_x[i].id == x[i].id) continue;
    from[count] = point_x[i].id;
    to[count++] = x[i].id;
  }
  int result = kernel_tangent(point_tangent, point_x, Value{&builder, point});
  vectorize(builder, y.shape()[0], from, to, count, &result, 1, &result);
  return result;
}

/// The tangent of node `y` given the tangents of its operands (-1: zero); -1 when it is zero.
constexpr int push_forward(const DerivativeRule& rule, const int (&tangent)[3], const Value (&x)[3], Value y) {
  GraphBuilder& builder = *y.builder;
  int total = -1;
  const auto accumulate = [&](int share) {
    if (share < 0) return;
    total = total < 0 ? share : (Value{&builder, total} + Value{&builder, share}).id;
  };
  switch (rule.kind) {
    case RuleKind::none:
      break;
    case RuleKind::reduction: {
      const unsigned mask = static_cast<unsigned>(y.node().attribute);
      const Value wide_y = apply_shaped<ops::Reshape>(y, reduce_shape(x[0].shape(), mask, true));
      const Value share = rule.of_reduction(Value{&builder, tangent[0]}, x[0], wide_y, mask);
      accumulate(apply_shaped<ops::Sum>(share, y.shape(), mask).id);
      break;
    }
    case RuleKind::concat: {
      // Linear in both operands together.
      Node node = y.node();
      for (int i = 0; i < 2; ++i)
        node.operand[i] =
            tangent[i] >= 0 ? tangent[i] : broadcast_value(record_constant(builder, node.dtype, 0), x[i].shape()).id;
      accumulate(builder.append(node));
      break;
    }
    case RuleKind::kernel:
      if (y.node().user->has_tangent) return kernel_tangent(tangent, x, y);
      [[fallthrough]];
    case RuleKind::custom:
      for (int i = 0; i < 3; ++i)
        if (tangent[i] >= 0) accumulate(transpose_rule(rule.kind, tangent[i], i, x, y));
      break;
    case RuleKind::library_step:
      throw "a step of a library is differentiated in forward mode: its operations must be put in its place first";
    case RuleKind::linear:
      // The same operation with that operand replaced by its tangent.
      for (int i = 0; i < 3; ++i) {
        if (tangent[i] < 0 || (rule.linear >> i & 1U) == 0) continue;
        Node node = y.node();
        node.operand[i] = tangent[i];
        accumulate(builder.append(node));
      }
      break;
    case RuleKind::cast:
      if (is_floating(x[0].dtype()) && is_floating(y.dtype())) accumulate(cast_like(Value{&builder, tangent[0]}, y).id);
      break;
    case RuleKind::elementwise:
    case RuleKind::user:
      for (int i = 0; i < 3; ++i) {
        if (tangent[i] < 0) continue;
        const Value t = broadcast_value(Value{&builder, tangent[i]}, y.shape());
        accumulate(shares_by_rule(rule, t, x, y).id[i]);
      }
      break;
  }
  return total;
}

/// Marks the nodes first .. last that depend on one of `wrt`.
constexpr Vector<char> mark_dependent(const GraphBuilder& builder, const int* wrt, int count, int last) {
  Vector<char> depends(last + 1);
  int first = last;
  for (int i = 0; i < count; ++i) {
    if (wrt[i] > last) continue;
    depends.at[wrt[i]] = 1;
    if (wrt[i] < first) first = wrt[i];
  }
  for (int id = first; id <= last; ++id) {
    const Node& node = builder.nodes.at[id];
    // Integers, booleans and stopped values carry no derivative on.
    if (depends.at[id] != 0 || !is_floating(node.dtype) || node.op == opcode<ops::StopGradient>) continue;
    for (int i = 0; i < 3 && node.operand[i] >= 0; ++i)
      if (depends.at[node.operand[i]] != 0) depends.at[id] = 1;
  }
  return depends;
}

constexpr void operands_of(GraphBuilder& builder, int id, Value (&x)[3]) {
  for (int i = 0; i < 3; ++i) x[i] = Value{&builder, builder.nodes.at[id].operand[i]};
}

}  // namespace detail

/// Reverse mode: appends the nodes that compute the adjoint of each node of `wrt`, given `seeds`, the adjoints of the
/// nodes `results`, and writes their ids to `adjoints`. A node no result depends on gets zeros. Nodes are visited from
/// the last result down, so each adjoint is complete before it is passed on, and the cost is linear in the nodes
/// between them, however many results there are (Griewank and Walther 2008, chapter 3).
constexpr void reverse(GraphBuilder& builder, const int* results, const int* seeds, int result_count, const int* wrt,
                       int count, int* adjoints) {
  using namespace detail;
  int last = 0;
  for (int i = 0; i < result_count; ++i)
    if (results[i] > last) last = results[i];
  const Vector<char> depends = mark_dependent(builder, wrt, count, last);
  Vector<int> adjoint(last + 1, -1);
  const auto add = [&](int id, int share) {
    int& total = adjoint.at[id];
    total = total < 0 ? share : (Value{&builder, total} + Value{&builder, share}).id;
  };
  for (int i = 0; i < result_count; ++i) add(results[i], seeds[i]);
  const int enclosing = builder.adjoints_begin;
  builder.adjoints_begin = builder.nodes.count;
  int first = last;
  for (int i = 0; i < count; ++i)
    if (wrt[i] < first) first = wrt[i];
  for (int id = last; id > first; --id) {
    if (adjoint.at[id] < 0 || depends.at[id] == 0) continue;
    const Node node = builder.nodes.at[id];
    bool wanted[3] = {};
    bool any = false;
    for (int i = 0; i < 3 && node.operand[i] >= 0; ++i) {
      wanted[i] = depends.at[node.operand[i]] != 0;
      // A custom rule replaces the derivative of the value it stands for.
      if (i == 0 && node.op == opcode<ops::CustomDerivative>) wanted[i] = false;
      any = any || wanted[i];
    }
    if (!any) continue;
    Value x[3];
    operands_of(builder, id, x);
    const Value t = broadcast_value(Value{&builder, adjoint.at[id]}, builder.shape(id));
    const Shares shares = pull_back(derivative_rules.of[node.op], t, x, Value{&builder, id}, wanted);
    for (int i = 0; i < 3; ++i)
      if (wanted[i] && shares.id[i] >= 0) add(node.operand[i], shares.id[i]);
  }
  builder.adjoints_begin = enclosing;
  for (int i = 0; i < count; ++i) {
    const int found = wrt[i] <= last ? adjoint.at[wrt[i]] : -1;
    const Value value =
        found >= 0 ? Value{&builder, found} : record_constant(builder, builder.nodes.at[wrt[i]].dtype, 0);
    adjoints[i] = broadcast_value(value, builder.shape(wrt[i])).id;
  }
}
constexpr void reverse(GraphBuilder& builder, int result, int seed, const int* wrt, int count, int* adjoints) {
  reverse(builder, &result, &seed, 1, wrt, count, adjoints);
}

/// Forward mode: appends the nodes that compute the tangent of each node of `results`, given the
/// tangents of the nodes `wrt`, and writes their ids to `out`.
constexpr void forward(GraphBuilder& builder, const int* wrt, const int* tangents, int count, const int* results,
                       int result_count, int* out) {
  using namespace detail;
  int last = 0;
  for (int i = 0; i < result_count; ++i)
    if (results[i] > last) last = results[i];
  for (int i = 0; i < count; ++i)
    if (wrt[i] > last) last = wrt[i];
  const Vector<char> depends = mark_dependent(builder, wrt, count, last);
  Vector<int> tangent(last + 1, -1);
  int first = last;
  for (int i = 0; i < count; ++i) {
    tangent.at[wrt[i]] = tangents[i];
    if (wrt[i] < first) first = wrt[i];
  }
  for (int id = first; id <= last; ++id) {
    if (depends.at[id] == 0 || tangent.at[id] >= 0) continue;
    const Node node = builder.nodes.at[id];
    int of_operand[3] = {-1, -1, -1};
    bool any = false;
    for (int i = 0; i < 3 && node.operand[i] >= 0; ++i) {
      of_operand[i] = tangent.at[node.operand[i]];
      if (i == 0 && node.op == opcode<ops::CustomDerivative>) of_operand[i] = -1;
      any = any || of_operand[i] >= 0;
    }
    if (!any) continue;
    Value x[3];
    operands_of(builder, id, x);
    tangent.at[id] = push_forward(derivative_rules.of[node.op], of_operand, x, Value{&builder, id});
  }
  for (int i = 0; i < result_count; ++i) {
    const Value value = tangent.at[results[i]] >= 0 ? Value{&builder, tangent.at[results[i]]}
                                                    : record_constant(builder, builder.nodes.at[results[i]].dtype, 0);
    out[i] = broadcast_value(value, builder.shape(results[i])).id;
  }
}

}  // namespace ctgrad
