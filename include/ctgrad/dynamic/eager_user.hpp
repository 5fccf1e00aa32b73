// SPDX-License-Identifier: BSL-1.0
/// \file
/// Operations from a user's header on tensors.
#pragma once

#include "ctgrad/dynamic/apply.hpp"
#include "ctgrad/dynamic/eager_steps.hpp"
#include "ctgrad/graph/user.hpp"

namespace ctgrad {

namespace detail {

template <class Op, class T, int Arity>
constexpr auto user_value() {
  if constexpr (Arity == 1) {
    return Tag<kernels::UserValue<T(T), &user_value_1<Op, T>>>{};
  } else if constexpr (Arity == 2) {
    return Tag<kernels::UserValue<T(T, T), &user_value_2<Op, T>>>{};
  } else {
    return Tag<kernels::UserValue<T(T, T, T), &user_value_3<Op, T>>>{};
  }
}

}  // namespace detail

/// A user's functor in an expression.
template <class Op, EagerHandle X, EagerHandle... Rest>
auto ctgrad_user_elementwise(const X& x, const Rest&... rest) {
  using T = typename X::element_type;
  static_assert(is_floating_element<T> && (std::is_same_v<T, typename Rest::element_type> && ...),
                "ctgrad: a user's elementwise operation needs operands of one floating type");
  using S = typename detail::BroadcastAll<typename X::shape_type, typename Rest::shape_type...>::type;
  using Function =
      typename decltype(detail::user_value<Op, compute_t<T>, 1 + static_cast<int>(sizeof...(Rest))>())::type;
  return detail::make_expression<Function, T, S>(detail::common_lengths<S>(x, rest...), detail::to_operand<S, T>(x),
                                                 detail::to_operand<S, T>(rest)...);
}

/// The value itself: tensors have no derivatives to replace.
template <class Rule, EagerHandle Y, EagerHandle... X>
auto ctgrad_custom_derivative(const Y& value, const X&...) {
  return detail::to_operand<typename Y::shape_type, typename Y::element_type>(value);
}

/// Runs a user's kernel at once.
template <class Kernel, EagerHandle X, EagerHandle... Rest>
auto ctgrad_user_kernel(const X& x, const Rest&... rest) {
  using T = typename X::element_type;
  static_assert(std::is_floating_point_v<T> && (std::is_same_v<T, typename Rest::element_type> && ...),
                "ctgrad: a user kernel needs operands of one type, float or double; convert them with cast<float>(x)");
  using S = detail::shape_from<detail::UserShape<Kernel, typename X::shape_type, typename Rest::shape_type...>>;
  constexpr int arity = 1 + static_cast<int>(sizeof...(Rest));
  return detail::run_step_on<T>(
      detail::result_lengths<S>(detail::lengths_of(x), detail::lengths_of(rest)...),
      [](const StepArguments& arguments) {
        KernelShape shapes[arity + 1];
        shapes[0] = arguments.result_shape();
        for (int k = 0; k < arity; ++k) shapes[k + 1] = arguments.shape[k];
        detail::run_user_kernel<Kernel, T, arity>(arguments.result(), arguments.pointer, shapes);
      },
      detail::compact(detail::materialize(x)), detail::compact(detail::materialize(rest))...);
}

}  // namespace ctgrad
