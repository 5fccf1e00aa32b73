// SPDX-License-Identifier: BSL-1.0
/// \file
/// What an operation is: the vocabulary of the files in this folder.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ctgrad/core/config.hpp"
#include "ctgrad/tensor/dtype.hpp"
#include "ctgrad/tensor/shape.hpp"

namespace ctgrad {

/// How an operation is differentiated, fused and run.
enum class OpKind : std::uint8_t {
  leaf,         ///< no operands: inputs, parameters, constants
  elementwise,  ///< one result element from the operand elements at the same place
  reduction,    ///< folds axes of one operand
  view,         ///< the same elements under other indices: reshape, permute, broadcast, slice
  structured,   ///< has a step of its own: matmul, gather, concat, ...
};

/// The element types an elementwise operation is defined for.
enum class Takes : std::uint8_t {
  any,
  numbers,   ///< not booleans
  floating,  ///< float and double
  booleans,
};

/// An operation applied with a compile-time attribute (axes, flags) and, where the operands do not
/// determine it, a result shape. `ctgrad_apply(OpCall<ops::Sum, mask>{}, x)` is the one way in: each
/// kind of handle (Symbol, Tensor, a node under differentiation) overloads it.
template <class Op, std::int64_t Attribute = 0, class ResultShape = void>
struct OpCall {};

/// A value that operations apply to: a Tensor, a Symbol, or a node of a graph.
template <class T>
concept Handle = requires {
  typename std::remove_cvref_t<T>::ctgrad_handle;
};

/// A handle or a plain number beside one.
template <class T>
concept Operand = Handle<T> || std::is_arithmetic_v<std::remove_cvref_t<T>>;

/// Operands of an elementwise operation, of which at least one is a handle.
template <class... Ts>
concept Operands = (Operand<Ts> && ...) && (Handle<Ts> || ...);

/// What a derivative rule returns: for each operand, the tangent (or adjoint) times the partial
/// derivative with respect to that operand. `NoDerivative` marks operands that have none.
template <class... Vs>
struct Partials;
struct NoDerivative {};
template <class V0>
struct Partials<V0> {
  V0 first;
};
template <class V0, class V1>
struct Partials<V0, V1> {
  V0 first;
  V1 second;
};
template <class V0, class V1, class V2>
struct Partials<V0, V1, V2> {
  V0 first;
  V1 second;
  V2 third;
};
template <class... Vs>
constexpr Partials<Vs...> partials(Vs... values) {
  return {values...};
}

namespace ops {

/// Base of the operations that work element by element. A derived operation gives `name`, `flops`,
/// `value` and, where it has one, `derivative`.
template <int Arity>
struct Elementwise {
  static constexpr OpKind kind = OpKind::elementwise;
  static constexpr int arity = Arity;
  static constexpr Takes takes = Takes::numbers;
  static constexpr bool commutative = false;
  /// Cheap operations are computed again where they are needed rather than stored.
  static constexpr bool cheap = true;

  static constexpr DType result_type(DType first) { return first; }
};

/// Base of the operations with a shape rule of their own.
struct Structured {
  static constexpr OpKind kind = OpKind::structured;
  static constexpr bool commutative = false;
  static constexpr bool cheap = false;
  static constexpr int flops = 0;
  static constexpr DType result_type(DType first) { return first; }
};

}  // namespace ops

namespace detail {

/// True when the operation has a derivative rule.
template <class Op, class V>
concept HasElementwiseRule1 = requires(V v) {
  Op::derivative(v, v, v);
};
template <class Op, class V>
concept HasElementwiseRule2 = requires(V v) {
  Op::derivative(v, v, v, v);
};
template <class Op, class V>
concept HasElementwiseRule3 = requires(V v) {
  Op::derivative(v, v, v, v, v);
};

/// Rules the operand checks are named after, so that a compiler's note reads as a sentence.
template <class A, class B>
inline constexpr bool shapes_can_broadcast = can_broadcast(A::value, B::value);
template <class A, class B>
inline constexpr bool element_types_agree = std::is_same_v<A, B>;
template <class T>
inline constexpr bool elements_are_numbers = !std::is_same_v<T, bool>;

}  // namespace detail

}  // namespace ctgrad
