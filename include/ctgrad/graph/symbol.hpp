// SPDX-License-Identifier: BSL-1.0
/// \file
/// The handle a traced function computes with: a node whose element type and shape are types.
#pragma once

#include "ctgrad/graph/value.hpp"

namespace ctgrad {

/// A value of type T[S] in a graph that is being traced. Its type holds element type and shape, so that a
/// mistake is a compile error at the line that made it; which node it is, is a value, so that types stay
/// small however large the graph grows.
template <Element T, class S>
struct Symbol {
  using ctgrad_handle = Symbol;
  using element_type = T;
  using shape_type = S;

  GraphBuilder* builder = nullptr;
  int id = -1;

  constexpr Value value() const { return {builder, id}; }
};

/// A scalar, which may be a plain number as well, so that templates written for numbers need not change:
/// `T sum = 0;`, `max(x, T(1))`. The number becomes a constant of the graph where it meets another symbol.
template <Element T>
struct Symbol<T, Shape<>> {
  using ctgrad_handle = Symbol;
  using element_type = T;
  using shape_type = Shape<>;

  GraphBuilder* builder = nullptr;
  int id = -1;
  /// The number, where there is no builder.
  T number{};

  constexpr Symbol() = default;
  constexpr Symbol(GraphBuilder* builder_of, int node) : builder(builder_of), id(node) {}
  template <class Number>
  requires std::is_arithmetic_v<Number>
  constexpr Symbol(Number x) : number(static_cast<T>(x)) {}

  constexpr Value value() const { return {builder, id}; }
};

namespace detail {

template <class X>
inline constexpr bool is_symbol = false;
template <class T, class S>
inline constexpr bool is_symbol<Symbol<T, S>> = true;

// What follows is for every kind of handle that has its shape in its type: symbols, tensors, expressions. A number
// beside a handle has no shape of its own and takes the handle's element type.
template <class X>
struct OperandShape {
  using type = Shape<>;
};
template <class X>
requires(!std::is_arithmetic_v<X>) struct OperandShape<X> {
  using type = typename X::shape_type;
};
template <class X>
using operand_shape = typename OperandShape<X>::type;

template <class X, class Y>
struct CommonShape {
  static constexpr ShapeValue value = broadcast(X::value, Y::value);
};

/// Checks two shapes and gives their common one.
template <class X, class Y>
struct BroadcastPair {
  static_assert(shapes_can_broadcast<X, Y>,
                "ctgrad: the shapes of the operands do not broadcast: aligned at the last axis, extents must be "
                "equal or one of them 1; reshape one operand");
  using type = shape_from<CommonShape<X, Y>>;
};
template <class X>
struct BroadcastPair<X, X> {
  using type = X;
};
template <class X>
requires(X::rank > 0) struct BroadcastPair<X, Shape<>> {
  using type = X;
};
template <class X>
requires(X::rank > 0) struct BroadcastPair<Shape<>, X> {
  using type = X;
};

template <class... X>
struct BroadcastAll;
template <class X>
struct BroadcastAll<X> {
  using type = X;
};
template <class X, class Y, class... Rest>
struct BroadcastAll<X, Y, Rest...> {
  using type = typename BroadcastAll<typename BroadcastPair<X, Y>::type, Rest...>::type;
};

/// The element type that numbers take beside `X...`: that of the last handle that is not boolean.
template <class... X>
struct NumberType {
  using type = bool;
};
template <class X, class... Rest>
struct NumberType<X, Rest...> {
  using rest = typename NumberType<Rest...>::type;
  static constexpr auto choose() {
    if constexpr (!std::is_same_v<rest, bool> || std::is_arithmetic_v<X>) {
      return Tag<rest>{};
    } else {
      return Tag<typename X::element_type>{};
    }
  }
  using type = typename decltype(choose())::type;
};

template <class X, class Number>
struct OperandElement {
  using type = Number;
};
template <class X, class Number>
requires(!std::is_arithmetic_v<X>) struct OperandElement<X, Number> {
  using type = typename X::element_type;
};

/// True when all operands that are not conditions have one element type.
template <class First, class... Rest>
inline constexpr bool elementwise_types_agree = (std::is_same_v<First, Rest> && ...);

template <class Op, std::int64_t Attribute, class T>
constexpr DType elementwise_result() {
  if constexpr (requires { Op::template cast_type<Attribute>; }) {
    return Op::template cast_type<Attribute>;
  } else {
    return Op::result_type(dtype_of<T>);
  }
}

/// The graph of the first operand that has one; null for numbers alone.
template <class... X>
constexpr GraphBuilder* find_builder(const X&... x) {
  GraphBuilder* found = nullptr;
  const auto look = [&](const auto& operand) {
    if constexpr (!std::is_arithmetic_v<std::remove_cvref_t<decltype(operand)>>)
      if (found == nullptr) found = operand.builder;
  };
  (look(x), ...);
  return found;
}
template <class... X>
constexpr GraphBuilder& builder_of(const X&... x) {
  GraphBuilder* const builder = find_builder(x...);
  if (builder == nullptr)
    throw "ctgrad: a number made from nothing that the function takes belongs to no graph: write x * 0 + 2 for a 2 "
          "that does";
  return *builder;
}

/// The plain value of an operand that is a number or a scalar symbol of one.
template <class T, class X>
constexpr T plain_number(const X& x) {
  if constexpr (std::is_arithmetic_v<X>) {
    return static_cast<T>(x);
  } else {
    return static_cast<T>(x.number);
  }
}
template <class Op, class T, class A, class... Rest>
constexpr auto value_of_numbers(const A& a, const Rest&... rest) {
  if constexpr (std::is_same_v<Op, ops::Where>) {
    return [&](const auto& x, const auto& y) {
      return plain_number<bool>(a) ? plain_number<T>(x) : plain_number<T>(y);
    }(rest...);
  } else if constexpr (requires { Op::value(plain_number<T>(a), plain_number<T>(rest)...); }) {
    return Op::value(plain_number<T>(a), plain_number<T>(rest)...);
  } else {
    throw "ctgrad: this operation on numbers alone needs an argument of the function beside them";
    return T{};
  }
}

/// The element type of numbers alone: where(condition, 1.0F, 0.0F) gives floats.
template <class Op, class... X>
struct ElementwiseNumber : NumberType<X...> {};
template <class C, class A, class B>
requires std::is_arithmetic_v<A> && std::is_arithmetic_v<B>
struct ElementwiseNumber<ops::Where, C, A, B> {
  using Common = std::common_type_t<A, B>;
  using Integer = std::conditional_t<(sizeof(Common) > 4), std::int64_t, std::int32_t>;
  using type = std::conditional_t<Element<Common>, Common,
                                  std::conditional_t<std::is_floating_point_v<Common>, double, Integer>>;
};

/// False for a number that the element type would change beyond rounding: a fraction beside integers, anything but
/// true and false beside booleans.
template <class X, class Number>
inline constexpr bool number_fits =
    !std::is_arithmetic_v<X> ||
    (std::is_same_v<Number, bool> ? std::is_same_v<X, bool>
                                  : is_floating_element<Number> || !std::is_floating_point_v<X>);

template <class Op, class T>
constexpr void check_element_type() {
  if constexpr (Op::takes == Takes::numbers) {
    static_assert(elements_are_numbers<T>,
                  "ctgrad: this operation needs numbers, not booleans; convert them with cast<float>(x)");
  } else if constexpr (Op::takes == Takes::floating) {
    static_assert(is_floating_element<T>,
                  "ctgrad: this operation needs float or double elements; convert them with cast<float>(x)");
  } else if constexpr (Op::takes == Takes::booleans) {
    static_assert(std::is_same_v<T, bool>, "ctgrad: && || and ! need booleans; compare with a number, x != 0");
  }
}

template <class Op, class... X>
constexpr void check_elementwise() {
  using Number = typename ElementwiseNumber<Op, X...>::type;
  static_assert((number_fits<X, Number> && ...),
                "ctgrad: a number does not fit the element type beside it (a fraction beside integers, or a number "
                "beside booleans); convert the other operand with cast<T>(x)");
  if constexpr (std::is_same_v<Op, ops::Where>) {
    []<class C, class A, class B>(Tag<C>, Tag<A>, Tag<B>) {
      static_assert(std::is_same_v<typename OperandElement<C, bool>::type, bool>,
                    "ctgrad: the condition of where must be boolean; compare with a number, x > 0");
      static_assert(
          elementwise_types_agree<typename OperandElement<A, Number>::type, typename OperandElement<B, Number>::type>,
          "ctgrad: the choices of where have different element types; convert one with cast<T>(x)");
    }(Tag<X>{}...);
  } else {
    static_assert(elementwise_types_agree<typename OperandElement<X, Number>::type...>,
                  "ctgrad: the operands have different element types; convert one with cast<T>(x)");
    (check_element_type<Op, typename OperandElement<X, Number>::type>(), ...);
  }
}

}  // namespace detail

/// Applies an elementwise operation to symbols and numbers.
template <class Op, std::int64_t Attribute, class... X>
requires(Op::kind == OpKind::elementwise &&
         (detail::is_symbol<X> || ...)) constexpr auto ctgrad_apply(OpCall<Op, Attribute>, const X&... operands) {
  using S = typename detail::BroadcastAll<detail::operand_shape<X>...>::type;
  detail::check_elementwise<Op, X...>();
  using Number = typename detail::ElementwiseNumber<Op, X...>::type;
  using Result = element_t<detail::elementwise_result<Op, Attribute, Number>()>;
  if constexpr (S::rank == 0)
    if (detail::find_builder(operands...) == nullptr)
      return Symbol<Result, S>(detail::value_of_numbers<Op, compute_t<Number>>(operands...));
  GraphBuilder& builder = detail::builder_of(operands...);
  Node node;
  node.op = opcode<Op>;
  node.dtype = dtype_of<Result>;
  node.attribute = Attribute;
  int count = 0;
  ((node.operand[count++] = detail::to_value(builder, dtype_of<Number>, operands).id), ...);
  node.shape = builder.intern(S::value);
  return Symbol<Result, S>{&builder, builder.append(node)};
}

/// Applies an operation whose result shape its caller worked out.
template <class Op, std::int64_t Attribute, class S, class X, class... Rest>
requires(detail::is_shape<S>&& detail::is_symbol<X>) constexpr auto ctgrad_apply(OpCall<Op, Attribute, S>, const X& x,
                                                                                 const Rest&... rest) {
  using Result = element_t<Op::result_type(dtype_of<typename X::element_type>)>;
  GraphBuilder& builder = detail::builder_of(x, rest...);
  const Value result = detail::record<Op>(builder, dtype_of<Result>, S::value, Attribute, x, rest...);
  return Symbol<Result, S>{&builder, result.id};
}

/// The number of elements along the axes of `Mask`: a number, or a scalar known at run time.
template <unsigned Mask, class T, class U, class S>
constexpr auto ctgrad_count(const Symbol<U, S>& x) {
  constexpr Extent extent = [] {
    Extent product = 1;
    for (int axis = 0; axis < S::rank; ++axis)
      if ((Mask >> axis & 1U) != 0) product = multiply(product, S::value[axis]);
    return product;
  }();
  if constexpr (extent >= 0) {
    return static_cast<double>(extent);
  } else {
    const Value v = detail::record<ops::ExtentOf>(*x.builder, dtype_of<T>, ShapeValue{}, extent);
    return Symbol<T, Shape<>>{x.builder, v.id};
  }
}

/// 0, 1, ..., N - 1 as a symbol in the graph of `like`.
template <class T, int N, class U, class S>
constexpr auto ctgrad_arange(const Symbol<U, S>& like) {
  const Value v = detail::record<ops::Arange>(*like.builder, dtype_of<T>, Shape<N>::value, 0);
  return Symbol<T, Shape<N>>{like.builder, v.id};
}

/// Uniform random numbers in [0, 1) with the shape and type of `like`.
template <class T, class S>
constexpr auto ctgrad_random_uniform(const Symbol<T, S>& like) {
  GraphBuilder& builder = *like.builder;
  // A stream's number is its position in the graph, which no other node has.
  const Value v = detail::record<ops::RandomUniform>(builder, dtype_of<T>, S::value, builder.nodes.size());
  return Symbol<T, S>{&builder, v.id};
}

/// True while a training step is traced.
template <class T, class S>
constexpr bool ctgrad_is_training(const Symbol<T, S>& x) {
  return x.builder->training;
}

}  // namespace ctgrad
