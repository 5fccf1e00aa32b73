// SPDX-License-Identifier: BSL-1.0
/// \file
/// The derivative rules of all operations in one table. Each operation contributes its own formulas only; the code
/// around them is shared by all operations of a kind (differentiate.hpp), so that it is compiled once.
#pragma once

#include <cstdint>
#include <type_traits>

#include "ctgrad/graph/adjoint_sum.hpp"

namespace ctgrad::detail {

/// For each operand of a node, a node id: the adjoint's or tangent's share, or -1 for none.
struct Shares {
  int id[3] = {-1, -1, -1};
};

constexpr int share_id(const Value& v) { return v.id; }
constexpr int share_id(const NoDerivative&) { return -1; }

template <class A>
constexpr Shares shares_of(const Partials<A>& p) {
  return {{share_id(p.first), -1, -1}};
}
template <class A, class B>
constexpr Shares shares_of(const Partials<A, B>& p) {
  return {{share_id(p.first), share_id(p.second), -1}};
}
template <class A, class B, class C>
constexpr Shares shares_of(const Partials<A, B, C>& p) {
  return {{share_id(p.first), share_id(p.second), share_id(p.third)}};
}

enum class RuleKind : std::uint8_t {
  none,  ///< the derivative is zero, or nobody asks for it
  elementwise,
  reduction,
  linear,  ///< in each of some operands
  concat,  ///< linear in both operands together
  cast,
  user,          ///< a user's elementwise operation; its rule is in the node, as those of the next two
  custom,        ///< a value with a user's derivative
  kernel,        ///< a user's kernel
  library_step,  ///< a step of a device's library: differentiated once at most, in reverse mode
};

/// `t` is an adjoint, `x` are the operands of the node `y`.
struct DerivativeRule {
  RuleKind kind = RuleKind::none;
  /// Bit i is set where the operation is linear in operand i; `adjoint` is its share then.
  unsigned linear = 0;
  Value (*adjoint)(int i, Value t, const Value (&x)[3], Value y) = nullptr;
  /// Of an elementwise operation: `t` times each partial derivative.
  Shares (*shares)(Value t, const Value (&x)[3], Value y) = nullptr;
  /// Of a reduction over the axes `mask`.
  Value (*of_reduction)(Value t, Value x, Value y, unsigned mask) = nullptr;
};

template <class Op>
concept HasAdjoint = requires {
  Op::linear;
};

template <class Op>
constexpr Shares elementwise_shares(Value t, const Value (&x)[3], Value y) {
  if constexpr (HasElementwiseRule1<Op, Value>) {
    return shares_of(Op::derivative(t, x[0], y));
  } else if constexpr (HasElementwiseRule2<Op, Value>) {
    return shares_of(Op::derivative(t, x[0], x[1], y));
  } else {
    return shares_of(Op::derivative(t, x[0], x[1], x[2], y));
  }
}

template <class Op>
constexpr DerivativeRule derivative_rule() {
  DerivativeRule rule;
  if constexpr (Op::kind == OpKind::reduction) {
    rule.kind = RuleKind::reduction;
    rule.of_reduction = [](Value t, Value x, Value y, unsigned mask) -> Value { return Op::derivative(t, x, y, mask); };
  } else if constexpr (requires { Op::reverse_only; }) {
    rule.kind = RuleKind::library_step;
  } else if constexpr (std::is_same_v<Op, ops::Concat>) {
    rule.kind = RuleKind::concat;
  } else if constexpr (HasAdjoint<Op>) {
    rule.kind = RuleKind::linear;
  } else if constexpr (std::is_same_v<Op, ops::Cast>) {
    rule.kind = RuleKind::cast;
  } else if constexpr (std::is_same_v<Op, ops::UserElementwise>) {
    rule.kind = RuleKind::user;
  } else if constexpr (std::is_same_v<Op, ops::CustomDerivative>) {
    rule.kind = RuleKind::custom;
  } else if constexpr (std::is_same_v<Op, ops::UserKernel>) {
    rule.kind = RuleKind::kernel;
  } else if constexpr (HasElementwiseRule1<Op, Value> || HasElementwiseRule2<Op, Value> ||
                       HasElementwiseRule3<Op, Value>) {
    rule.kind = RuleKind::elementwise;
    rule.shares = &elementwise_shares<Op>;
  }
  if constexpr (HasAdjoint<Op>) {
    rule.linear = Op::linear;
    rule.adjoint = &Op::template adjoint<Value>;
  }
  return rule;
}

template <class... Op>
constexpr auto make_derivative_rules(TypeList<Op...>) {
  struct Rules {
    DerivativeRule of[sizeof...(Op)];
  };
  return Rules{{derivative_rule<Op>()...}};
}
inline constexpr auto derivative_rules = make_derivative_rules(ops::List{});

}  // namespace ctgrad::detail
