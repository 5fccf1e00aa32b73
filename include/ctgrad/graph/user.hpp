// SPDX-License-Identifier: BSL-1.0
/// \file
/// How operations from a user's header become nodes.
#pragma once

#include "ctgrad/graph/symbol.hpp"
#include "ctgrad/passes/differentiate.hpp"

namespace ctgrad {

namespace detail {

/// Calls a user's derivative rule with the operands of the node.
template <class Op, int Arity>
constexpr void user_derivative(const Value& t, const Value* x, const Value& y, Value* partial) {
  const Shares shares = [&] {
    if constexpr (Arity == 1) {
      return shares_of(Op::derivative(t, x[0], y));
    } else if constexpr (Arity == 2) {
      return shares_of(Op::derivative(t, x[0], x[1], y));
    } else {
      return shares_of(Op::derivative(t, x[0], x[1], x[2], y));
    }
  }();
  for (int i = 0; i < Arity; ++i) partial[i] = Value{t.builder, shares.id[i]};
}

template <class Op, int Arity>
concept HasUserRule = (Arity == 1 && HasElementwiseRule1<Op, Value>) ||
                      (Arity == 2 && HasElementwiseRule2<Op, Value>) ||
                      (Arity == 3 && HasElementwiseRule3<Op, Value>);

template <class Op, int Arity>
constexpr UserOperation describe() {
  UserOperation operation;
  operation.name = Op::name;
  operation.arity = Arity;
  if constexpr (requires { Op::flops; }) operation.flops = Op::flops;
  if constexpr (HasUserRule<Op, Arity>) operation.derivative = &user_derivative<Op, Arity>;
  return operation;
}

template <class Op, class T>
CTGRAD_HOST_DEVICE inline T user_value_1(T a) {
  return Op::value(a);
}
template <class Op, class T>
CTGRAD_HOST_DEVICE inline T user_value_2(T a, T b) {
  return Op::value(a, b);
}
template <class Op, class T>
CTGRAD_HOST_DEVICE inline T user_value_3(T a, T b, T c) {
  return Op::value(a, b, c);
}

template <class Op, int Arity>
constexpr UserOperation describe_elementwise() {
  UserOperation operation = describe<Op, Arity>();
  if constexpr (Arity == 1) {
    operation.float_1 = &user_value_1<Op, float>;
    operation.double_1 = &user_value_1<Op, double>;
  } else if constexpr (Arity == 2) {
    operation.float_2 = &user_value_2<Op, float>;
    operation.double_2 = &user_value_2<Op, double>;
  } else {
    operation.float_3 = &user_value_3<Op, float>;
    operation.double_3 = &user_value_3<Op, double>;
  }
  return operation;
}

template <class Op, int Arity>
inline constexpr UserOperation elementwise_operation = describe_elementwise<Op, Arity>();

template <class Op, int Arity>
inline constexpr UserOperation derivative_operation = describe<Op, Arity>();

template <class Kernel, class T, int Arity>
void run_user_kernel(void* result, const void* const* x, const KernelShape* shapes) {
  auto* y = static_cast<T*>(result);
  auto operand = [&](int i) { return static_cast<const T*>(x[i]); };
  if constexpr (Arity == 1) {
    Kernel::cpu(y, operand(0), shapes);
  } else if constexpr (Arity == 2) {
    Kernel::cpu(y, operand(0), operand(1), shapes);
  } else {
    Kernel::cpu(y, operand(0), operand(1), operand(2), shapes);
  }
}

template <class Kernel, class T, int Arity>
inline constexpr UserOperation kernel_operation = [] {
  UserOperation operation = describe<Kernel, Arity>();
  operation.run = &run_user_kernel<Kernel, T, Arity>;
  return operation;
}();

template <class Kernel, class... S>
struct UserShape {
  static constexpr ShapeValue value = Kernel::shape(S::value...);
};

template <class Op, class T, class S, class... X>
constexpr Symbol<T, S> record_user(const UserOperation* user, const X&... x) {
  GraphBuilder& builder = builder_of(x...);
  const Value v = record<Op>(builder, dtype_of<T>, S::value, 0, x...);
  builder.nodes[v.id].user = user;
  return {&builder, v.id};
}

}  // namespace detail

template <class Op, class T, class S, class... Rest>
constexpr auto ctgrad_user_elementwise(const Symbol<T, S>& x, const Rest&... rest) {
  static_assert(std::is_floating_point_v<T> && (std::is_same_v<T, typename Rest::element_type> && ...),
                "ctgrad: a user's elementwise operation needs operands of one floating type");
  using Common = typename detail::BroadcastAll<S, typename Rest::shape_type...>::type;
  return detail::record_user<ops::UserElementwise, T, Common>(
      &detail::elementwise_operation<Op, 1 + sizeof...(Rest)>, x, rest...);
}

template <class Rule, class T, class S, class... X>
constexpr auto ctgrad_custom_derivative(const Symbol<T, S>& value, const X&... x) {
  return detail::record_user<ops::CustomDerivative, T, S>(
      &detail::derivative_operation<Rule, sizeof...(X)>, value, x...);
}

template <class Kernel, class T, class S, class... Rest>
constexpr auto ctgrad_user_kernel(const Symbol<T, S>& x, const Rest&... rest) {
  static_assert(std::is_floating_point_v<T> && (std::is_same_v<T, typename Rest::element_type> && ...),
                "ctgrad: a user kernel needs operands of one floating type");
  using Result = detail::shape_from<detail::UserShape<Kernel, S, typename Rest::shape_type...>>;
  return detail::record_user<ops::UserKernel, T, Result>(
      &detail::kernel_operation<Kernel, T, 1 + sizeof...(Rest)>, x, rest...);
}

}  // namespace ctgrad
