// SPDX-License-Identifier: BSL-1.0
/// \file
/// Truncated power series through a graph: all derivatives along a line up to an order k, at a cost of k^2.
///
/// Sums, views and products of series follow from the coefficients of their operands. Every other operation is left to
/// its own derivative rule: y' = slope(x', x, y), where slope is made of operations again, gives the coefficient j + 1
/// of y from the coefficients up to j of the slope (Griewank and Walther 2008, chapter 13). The operations a rule
/// brings in, such as the cosine for a sine, are looked up among those that are there, so that sine and cosine advance
/// hand in hand.
#pragma once

#include "ctgrad/passes/differentiate.hpp"

namespace ctgrad {

namespace detail {

/// How the coefficients of a result follow from those of the operands.
enum class SeriesKind : std::uint8_t { rule, linear, first_linear, product, square, quotient, choice, sum, difference };

constexpr SeriesKind series_kind(Opcode op) {
  switch (op) {
    case opcode<ops::Add>:
      return SeriesKind::sum;
    case opcode<ops::Subtract>:
      return SeriesKind::difference;
    case opcode<ops::Square>:
      return SeriesKind::square;
    case opcode<ops::Divide>:
      return SeriesKind::quotient;
    case opcode<ops::Where>:
      return SeriesKind::choice;
    case opcode<ops::Negate>:
    case opcode<ops::Copy>:
    case opcode<ops::Cast>:
    case opcode<ops::Concat>:
    case opcode<ops::Sum>:
      return SeriesKind::linear;
    case opcode<ops::Multiply>:
      return SeriesKind::product;
    default:
      break;
  }
  const unsigned linear = derivative_rules.of[op].linear;
  return linear == 0 ? SeriesKind::rule : linear == 3 ? SeriesKind::product : SeriesKind::first_linear;
}

/// Appends the coefficients of the nodes that depend on a point that moves along a line.
class SeriesBuilder {
public:
  constexpr SeriesBuilder(GraphBuilder& builder, int order) : b_(builder), order_(order) {}

  constexpr void run(const int* x, const int* direction, int count, int last) {
    const Vector<char> depends = mark_dependent(b_, x, count, last);
    for (int i = 0; i < count; ++i) {
      const int slot = add(x[i], order_);
      set(slot, 0, x[i]);
      if (order_ > 0) set(slot, 1, direction[i]);
      members_.at[slot].is_source = true;
    }
    for (int id = 0; id <= last; ++id)
      if (depends.at[id] != 0 && slot_of(id) < 0) list_.push_back(add(id, order_));
    // The list grows: the rules bring in nodes of their own.
    for (int i = 0; i < list_.count; ++i) expand(list_.at[i]);
    for (int i = 0; i < list_.count; ++i) set(list_.at[i], 0, members_.at[list_.at[i]].id);
    for (int j = 1; j <= order_; ++j)
      for (int i = 0; i < list_.count; ++i) advance(list_.at[i], j);
  }

  /// Coefficient j of a node; -1 where it is zero.
  constexpr int coefficient(int id, int j) const {
    const int slot = slot_of(id);
    if (slot < 0) return j == 0 ? id : -1;
    return coefficients_.at[slot * (order_ + 1) + j];
  }

private:
  /// A node whose coefficients are worked out.
  struct Member {
    int id = -1;
    /// The highest coefficient anybody asks for.
    int need = 0;
    bool is_source = false;
    /// For an operation with a rule: the node of its slope, stand-ins for the derivatives of its operands, and the
    /// slots of the nodes between, which are in `slopes_`.
    int slope = -1;
    int tangent[3] = {-1, -1, -1};
    int first_slope = 0;
    int slope_count = 0;
  };

  constexpr int slot_of(int id) const { return id >= 0 && id < slots_.count ? slots_.at[id] : -1; }
  constexpr void set(int slot, int j, int id) { coefficients_.at[slot * (order_ + 1) + j] = id; }
  constexpr int add(int id, int need) {
    while (slots_.count <= id) slots_.push_back(-1);
    Member member;
    member.id = id;
    member.need = need;
    members_.push_back(member);
    for (int j = 0; j <= order_; ++j) coefficients_.push_back(-1);
    slots_.at[id] = members_.count - 1;
    return members_.count - 1;
  }
  constexpr SeriesKind kind_of(int id) const { return series_kind(b_.nodes.at[id].op); }
  constexpr Value value(int id) { return {&b_, id}; }

  /// Lets the rule of an operation append its slope, and sorts what it appended: nodes that depend on the derivatives
  /// of the operands belong to this operation alone; the others have coefficients as every node.
  constexpr void expand(int slot) {
    const int id = members_.at[slot].id;
    const int need = members_.at[slot].need;
    if (need == 0 || kind_of(id) != SeriesKind::rule) return;
    const Node node = b_.nodes.at[id];
    Value x[3];
    int tangent[3] = {-1, -1, -1};
    operands_of(b_, id, x);
    for (int i = 0; i < 3; ++i)
      if (slot_of(node.operand[i]) >= 0 && !(i == 0 && node.is<ops::CustomDerivative>()))
        tangent[i] = placeholder(b_, x[i].dtype(), x[i].shape()).id;
    const int begin = b_.nodes.count;
    const int slope = push_forward(derivative_rules.of[node.op], tangent, x, value(id));
    const int end = b_.nodes.count;
    Member& member = members_.at[slot];
    for (int i = 0; i < 3; ++i) member.tangent[i] = tangent[i];
    if (slope < 0) return;

    Vector<char> wanted(end - begin);
    if (slope >= begin) wanted.at[slope - begin] = 1;
    for (int k = end - 1; k >= begin; --k)
      if (wanted.at[k - begin] != 0)
        for (const std::int32_t operand : b_.nodes.at[k].operand)
          if (operand >= begin) wanted.at[operand - begin] = 1;

    member.slope = slope;
    member.first_slope = slopes_.count;
    for (const int t : tangent)
      if (t >= 0) add_slope(slot, t, need - 1);
    Vector<int> same(end - begin, -1);
    for (int k = begin; k < end; ++k) {
      if (wanted.at[k - begin] == 0) continue;
      bool moves = false;
      bool follows = false;
      for (std::int32_t& operand : b_.nodes.at[k].operand) {
        if (operand >= begin && same.at[operand - begin] >= 0) operand = same.at[operand - begin];
        const int at = slot_of(operand);
        if (at < 0) continue;
        moves = true;
        for (int s = 0; s < members_.at[slot].slope_count; ++s)
          if (slopes_.at[members_.at[slot].first_slope + s] == at) follows = true;
      }
      const Node& added = b_.nodes.at[k];
      if (!moves || !is_floating(added.dtype) || added.is<ops::StopGradient>()) continue;
      if (follows) {
        add_slope(slot, k, need - 1);
      } else {
        const int found = find_same(k, need - 1);
        if (found >= 0) {
          same.at[k - begin] = found;
        } else {
          list_.push_back(add(k, need - 1));
        }
      }
    }
    if (slope >= begin && same.at[slope - begin] >= 0) members_.at[slot].slope = same.at[slope - begin];
  }
  constexpr void add_slope(int slot, int id, int need) {
    slopes_.push_back(add(id, need));
    ++members_.at[slot].slope_count;
  }

  /// A node that computes the same, with at least `need` coefficients; -1 for none.
  constexpr int find_same(int id, int need) const {
    const Node& node = b_.nodes.at[id];
    // A user's operations are compared by is_same_operation, for a reason that stands there.
    const bool user = node.is<ops::UserElementwise>() || node.is<ops::UserKernel>() || node.is<ops::CustomDerivative>();
    for (int i = 0; i < list_.count; ++i) {
      const Member& member = members_.at[list_.at[i]];
      const Node& other = b_.nodes.at[member.id];
      if (other.op == node.op && member.need >= need && other.operand[0] == node.operand[0] &&
          other.operand[1] == node.operand[1] && other.operand[2] == node.operand[2] && other.dtype == node.dtype &&
          other.shape == node.shape && other.attribute == node.attribute &&
          (!user || is_same_operation(*other.user, *node.user)))
        return member.id;
    }
    return -1;
  }

  /// Works out coefficient j of a member of the list; all members have theirs below j.
  constexpr void advance(int slot, int j) {
    const Member member = members_.at[slot];
    if (j > member.need || member.is_source) return;
    if (kind_of(member.id) != SeriesKind::rule) {
      set(slot, j, combine(member.id, j));
      return;
    }
    if (member.slope < 0) return;
    const Node node = b_.nodes.at[member.id];
    for (int i = 0; i < 3; ++i) {
      if (member.tangent[i] < 0) continue;
      // Coefficient j - 1 of the derivative of the operand.
      const int c = coefficient(node.operand[i], j);
      set(slot_of(member.tangent[i]), j - 1, c < 0 || j == 1 ? c : (value(c) * static_cast<double>(j)).id);
    }
    for (int s = 0; s < member.slope_count; ++s) {
      const int each = slopes_.at[member.first_slope + s];
      const int id = members_.at[each].id;
      if (id == member.tangent[0] || id == member.tangent[1] || id == member.tangent[2]) continue;
      if (kind_of(id) == SeriesKind::rule)
        throw "ctgrad: taylor cannot use a derivative rule that is not linear in the derivative it is given";
      set(each, j - 1, combine(id, j - 1));
    }
    const int c = coefficient(member.slope, j - 1);
    if (c < 0) return;
    const Value wide = broadcast_value(value(c), b_.shape(member.id));
    set(slot, j, j == 1 ? wide.id : (wide / static_cast<double>(j)).id);
  }

  /// The same operation on other operands.
  constexpr int copy(int id, int x, int y, int z = -1) {
    Node node = b_.nodes.at[id];
    node.operand[0] = x;
    node.operand[1] = y;
    node.operand[2] = z;
    return b_.append(node);
  }
  constexpr int zeros(int id) { return placeholder(b_, b_.nodes.at[id].dtype, b_.shape(id)).id; }
  constexpr int plus(int total, int share) { return total < 0 ? share : (value(total) + value(share)).id; }

  /// Coefficient j of an operation that works on coefficients; -1 where it is zero.
  constexpr int combine(int id, int j) {
    const Node node = b_.nodes.at[id];
    const ShapeValue shape = b_.shape(id);
    const int x = node.operand[0];
    const int y = node.operand[1];
    const int a = coefficient(x, j);
    switch (kind_of(id)) {
      case SeriesKind::sum:
      case SeriesKind::difference: {
        const int c = coefficient(y, j);
        if (a >= 0 && c >= 0) return copy(id, a, c);
        if (a >= 0) return broadcast_value(value(a), shape).id;
        if (c < 0) return -1;
        const Value wide = broadcast_value(value(c), shape);
        return kind_of(id) == SeriesKind::sum ? wide.id : (-wide).id;
      }
      case SeriesKind::linear: {
        if (!node.is<ops::Concat>()) return a < 0 ? -1 : copy(id, a, -1);
        const int c = coefficient(y, j);
        return a < 0 && c < 0 ? -1 : copy(id, a < 0 ? zeros(x) : a, c < 0 ? zeros(y) : c);
      }
      case SeriesKind::first_linear:
        return a < 0 ? -1 : copy(id, a, y, node.operand[2]);
      case SeriesKind::choice: {
        const int c = coefficient(y, j);
        const int d = coefficient(node.operand[2], j);
        return c < 0 && d < 0 ? -1 : copy(id, x, c < 0 ? zeros(y) : c, d < 0 ? zeros(node.operand[2]) : d);
      }
      case SeriesKind::product: {
        int total = -1;
        // What comes last is multiplied first: then a compiler that contracts a b + c d to one operation takes the
        // product that nothing waits for by itself, and a chain of products waits for one operation each.
        const bool from_above = coefficient(x, j) > coefficient(y, j);
        for (int k = 0; k <= j; ++k) {
          const int i = from_above ? j - k : k;
          const int c = coefficient(x, i);
          const int d = coefficient(y, j - i);
          if (c >= 0 && d >= 0) total = plus(total, copy(id, c, d));
        }
        return total;
      }
      case SeriesKind::square: {
        int total = -1;
        for (int i = 0; 2 * i < j; ++i) {
          const int c = coefficient(x, i);
          const int d = coefficient(x, j - i);
          if (c >= 0 && d >= 0) total = plus(total, (value(c) * value(d)).id);
        }
        if (total >= 0) total = (value(total) * 2.0).id;
        const int middle = j % 2 == 0 ? coefficient(x, j / 2) : -1;
        return middle < 0 ? total : plus(total, copy(id, middle, -1));
      }
      case SeriesKind::quotient: {
        int total = a;
        for (int i = 0; i < j; ++i) {
          const int c = coefficient(id, i);
          const int d = coefficient(y, j - i);
          if (c < 0 || d < 0) continue;
          const Value product = value(c) * value(d);
          total = total < 0 ? (-product).id : (value(total) - product).id;
        }
        return total < 0 ? -1 : (broadcast_value(value(total), shape) / value(coefficient(y, 0))).id;
      }
      default:
        return -1;
    }
  }

  GraphBuilder& b_;
  int order_;
  Vector<int> slots_;
  Vector<Member> members_;
  Vector<int> coefficients_;
  /// The slots whose coefficients are worked out order by order, each after its operands.
  Vector<int> list_;
  Vector<int> slopes_;
};

}  // namespace detail

/// Appends the nodes of the coefficients of the power series in t of the nodes `results`, when each node `x[i]` is
/// x[i] + t direction[i]. Coefficient j of result r, its derivative of order j divided by j!, is written to
/// out[r * (order + 1) + j].
constexpr void taylor_series(GraphBuilder& builder, const int* x, const int* direction, int count, const int* results,
                             int result_count, int order, int* out) {
  int last = 0;
  for (int i = 0; i < result_count; ++i)
    if (results[i] > last) last = results[i];
  for (int i = 0; i < count; ++i)
    if (x[i] > last) last = x[i];
  detail::SeriesBuilder series(builder, order);
  series.run(x, direction, count, last);
  for (int r = 0; r < result_count; ++r)
    for (int j = 0; j <= order; ++j) {
      const int c = series.coefficient(results[r], j);
      const Value found =
          c >= 0 ? Value{&builder, c} : detail::record_constant(builder, builder.nodes.at[results[r]].dtype, 0);
      out[r * (order + 1) + j] = broadcast_value(found, builder.shape(results[r])).id;
    }
}

}  // namespace ctgrad
