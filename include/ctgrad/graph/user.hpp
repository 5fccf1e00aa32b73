// SPDX-License-Identifier: BSL-1.0
/// \file
/// How operations from a user's header become nodes.
#pragma once

#include "ctgrad/graph/symbol.hpp"

namespace ctgrad {

namespace detail {

template <class V>
constexpr int user_share_id(const V& share) {
  if constexpr (std::is_same_v<V, NoDerivative>) {
    return -1;
  } else {
    return share.id;
  }
}
template <class... Vs>
constexpr void write_shares(const Partials<Vs...>& p, GraphBuilder* builder, Value* partial) {
  partial[0] = {builder, user_share_id(p.first)};
  if constexpr (sizeof...(Vs) > 1) partial[1] = {builder, user_share_id(p.second)};
  if constexpr (sizeof...(Vs) > 2) partial[2] = {builder, user_share_id(p.third)};
}

/// True for a rule that takes each value with its own type. The other kind is a template over one type for all.
template <class Op, class Y, class... X>
concept HasTypedRule = requires(Y y, X... x) {
  Op::derivative(y, x..., y);
};
template <class Op, class Y, class... X>
concept HasUserRule = HasTypedRule<Op, Y, X...> ||(sizeof...(X) == 1 && HasElementwiseRule1<Op, Value>) ||
                      (sizeof...(X) == 2 && HasElementwiseRule2<Op, Value>) ||
                      (sizeof...(X) == 3 && HasElementwiseRule3<Op, Value>);

/// Calls a user's derivative rule for a node of type Y with operands of the types `X...`. The rule gets symbols, so
/// that every operation may be used in it.
template <class Op, class Y, class... X>
constexpr void user_derivative(const Value& t, const Value* x, const Value& y, Value* partial) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    if constexpr (HasTypedRule<Op, Y, X...>) {
      write_shares(Op::derivative(Y{t.builder, t.id}, X{t.builder, x[I].id}..., Y{t.builder, y.id}), t.builder,
                   partial);
    } else {
      write_shares(Op::derivative(t, x[I]..., y), t.builder, partial);
    }
  }
  (std::index_sequence_for<X...>{});
}

template <class Op, class Y, class... X>
concept HasTangentRule = requires(Y y, X... x) {
  Op::tangent(x..., x..., y);
};

/// Calls a user's rule for forward mode.
template <class Op, class Y, class... X>
constexpr void user_tangent(const Value* tangents, const Value* x, const Value& y, Value* out) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto result = Op::tangent(X{y.builder, tangents[I].id}..., X{y.builder, x[I].id}..., Y{y.builder, y.id});
    static_assert(std::is_same_v<std::remove_const_t<decltype(result)>, Y>,
                  "ctgrad: a kernel's tangent rule must return a symbol of the result's type and shape");
    *out = {y.builder, result.id};
  }
  (std::index_sequence_for<X...>{});
}

template <class Kernel, class T, int Arity>
constexpr void evaluate_user_kernel(double* result, const double* const* x, const KernelShape* shapes);

/// The rules of an operation that runs `routine`.
template <class Op, class Y, class... X>
constexpr UserOperation describe(const UserRoutine& routine) {
  UserOperation operation;
  operation.routine = &routine;
  if constexpr (requires { Op::max_order; }) operation.bounded_order = true;
  if constexpr (HasUserRule<Op, Y, X...>) {
    operation.derivative = &user_derivative<Op, Y, X...>;
    operation.differentiable = true;
  }
  if constexpr (requires { Op::runs_in_constants; }) {
    operation.constant = &evaluate_user_kernel<Op, typename Y::element_type, sizeof...(X)>;
    operation.runs_in_constants = true;
  }
  if constexpr (HasTangentRule<Op, Y, X...>) {
    operation.tangent = &user_tangent<Op, Y, X...>;
    operation.has_tangent = true;
  }
  return operation;
}

template <class Op, int Arity>
constexpr UserRoutine describe_routine() {
  UserRoutine routine;
  routine.name = Op::name;
  routine.arity = Arity;
  if constexpr (requires { Op::flops; }) routine.flops = Op::flops;
  return routine;
}

template <class Op, class T>
CTGRAD_HOST_DEVICE constexpr T user_value_1(T a) {
  return Op::value(a);
}
template <class Op, class T>
CTGRAD_HOST_DEVICE constexpr T user_value_2(T a, T b) {
  return Op::value(a, b);
}
template <class Op, class T>
CTGRAD_HOST_DEVICE constexpr T user_value_3(T a, T b, T c) {
  return Op::value(a, b, c);
}

template <class Op, int Arity>
inline constexpr UserRoutine elementwise_routine = [] {
  UserRoutine routine = describe_routine<Op, Arity>();
  if constexpr (Arity == 1) {
    routine.float_1 = &user_value_1<Op, float>;
    routine.double_1 = &user_value_1<Op, double>;
  } else if constexpr (Arity == 2) {
    routine.float_2 = &user_value_2<Op, float>;
    routine.double_2 = &user_value_2<Op, double>;
  } else {
    routine.float_3 = &user_value_3<Op, float>;
    routine.double_3 = &user_value_3<Op, double>;
  }
  return routine;
}();

template <class Op, class Y, class... X>
inline constexpr UserOperation elementwise_operation = describe<Op, Y, X...>(elementwise_routine<Op, sizeof...(X)>);

template <class Op, int Arity>
inline constexpr UserRoutine derivative_routine = describe_routine<Op, Arity>();

template <class Op, class Y, class... X>
inline constexpr UserOperation derivative_operation = describe<Op, Y, X...>(derivative_routine<Op, sizeof...(X)>);

template <class Kernel, int Arity, class T>
constexpr void call_user_kernel(T* y, const T* const (&x)[3], const KernelShape* shapes) {
  if constexpr (Arity == 1) {
    Kernel::cpu(y, x[0], shapes);
  } else if constexpr (Arity == 2) {
    Kernel::cpu(y, x[0], x[1], shapes);
  } else {
    Kernel::cpu(y, x[0], x[1], x[2], shapes);
  }
}
template <class Kernel, class T, int Arity>
void run_user_kernel(void* result, const void* const* x, const KernelShape* shapes) {
  const T* operands[3] = {};
  for (int i = 0; i < Arity; ++i) operands[i] = static_cast<const T*>(x[i]);
  call_user_kernel<Kernel, Arity>(static_cast<T*>(result), operands, shapes);
}
/// The same in a constant expression, which knows no memory without type.
template <class Kernel, class T, int Arity>
constexpr void evaluate_user_kernel(double* result, const double* const* x, const KernelShape* shapes) {
  Vector<T> copies[4];
  const T* operands[3] = {};
  for (int i = 0; i <= Arity; ++i) {
    copies[i] = Vector<T>(static_cast<int>(shapes[i].size()));
    if (i == 0) continue;
    for (int k = 0; k < copies[i].count; ++k) copies[i].at[k] = static_cast<T>(x[i - 1][k]);
    operands[i - 1] = copies[i].at;
  }
  call_user_kernel<Kernel, Arity>(copies[0].at, operands, shapes);
  for (int k = 0; k < copies[0].count; ++k) result[k] = static_cast<double>(copies[0].at[k]);
}
template <class Kernel, class T, int Arity>
void run_user_kernel_on_cuda(void* result, const void* const* x, const KernelShape* shapes, CUstream_st* stream) {
  auto* y = static_cast<T*>(result);
  auto operand = [&](int i) { return static_cast<const T*>(x[i]); };
  if constexpr (Arity == 1) {
    Kernel::cuda(y, operand(0), shapes, stream);
  } else if constexpr (Arity == 2) {
    Kernel::cuda(y, operand(0), operand(1), shapes, stream);
  } else {
    Kernel::cuda(y, operand(0), operand(1), operand(2), shapes, stream);
  }
}

template <class Kernel, class T, class... X>
concept HasCpuBody = requires(T* y, const KernelShape* shapes, const typename X::element_type*... x) {
  Kernel::cpu(y, x..., shapes);
};
template <class Kernel, class T, class... X>
concept HasCudaBody = requires(T* y, const KernelShape* shapes, CUstream_st* stream,
                               const typename X::element_type*... x) {
  Kernel::cuda(y, x..., shapes, stream);
};

template <class Kernel, class T, class... X>
inline constexpr UserRoutine kernel_routine = [] {
  static_assert(HasCpuBody<Kernel, T, X...> || HasCudaBody<Kernel, T, X...>,
                "ctgrad: a user kernel needs a static function cpu(result, operands..., shapes), "
                "cuda(result, operands..., shapes, stream), or both");
  UserRoutine routine = describe_routine<Kernel, sizeof...(X)>();
  if constexpr (HasCpuBody<Kernel, T, X...>) routine.run = &run_user_kernel<Kernel, T, sizeof...(X)>;
  if constexpr (HasCudaBody<Kernel, T, X...>) routine.run_on_cuda = &run_user_kernel_on_cuda<Kernel, T, sizeof...(X)>;
  return routine;
}();

template <class Kernel, class Y, class... X>
inline constexpr UserOperation kernel_operation =
    describe<Kernel, Y, X...>(kernel_routine<Kernel, typename Y::element_type, X...>);

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

// The results have spelled-out types, not auto: a rule may apply its own operation again.

template <class Op, class T, class S, class... Rest>
constexpr auto ctgrad_user_elementwise(const Symbol<T, S>& x, const Rest&... rest)
    -> Symbol<T, typename detail::BroadcastAll<S, typename Rest::shape_type...>::type> {
  static_assert(is_floating_element<T> && (std::is_same_v<T, typename Rest::element_type> && ...),
                "ctgrad: a user's elementwise operation needs operands of one floating type");
  using Common = typename detail::BroadcastAll<S, typename Rest::shape_type...>::type;
  return detail::record_user<ops::UserElementwise, T, Common>(
      &detail::elementwise_operation<Op, Symbol<T, Common>, Symbol<T, S>, Rest...>, x, rest...);
}

template <class Rule, class T, class S, class... X>
constexpr Symbol<T, S> ctgrad_custom_derivative(const Symbol<T, S>& value, const X&... x) {
  return detail::record_user<ops::CustomDerivative, T, S>(&detail::derivative_operation<Rule, Symbol<T, S>, X...>,
                                                          value, x...);
}

template <class Kernel, class T, class S, class... Rest>
constexpr auto ctgrad_user_kernel(const Symbol<T, S>& x, const Rest&... rest)
    -> Symbol<T, detail::shape_from<detail::UserShape<Kernel, S, typename Rest::shape_type...>>> {
  static_assert(std::is_floating_point_v<T> && (std::is_same_v<T, typename Rest::element_type> && ...),
                "ctgrad: a user kernel needs operands of one type, float or double; convert them with cast<float>(x)");
  using Result = detail::shape_from<detail::UserShape<Kernel, S, typename Rest::shape_type...>>;
  return detail::record_user<ops::UserKernel, T, Result>(
      &detail::kernel_operation<Kernel, Symbol<T, Result>, Symbol<T, S>, Rest...>, x, rest...);
}

}  // namespace ctgrad
