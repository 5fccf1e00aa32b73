// SPDX-License-Identifier: BSL-1.0
/// \file
/// Operations from a user's own header: an elementwise functor, a function with a derivative of its
/// own, and a kernel the library knows nothing about.
#pragma once

#include <cstdint>

#include "ctgrad/ops/operation.hpp"

struct CUstream_st;  // a cudaStream_t points to one

namespace ctgrad {

struct Value;

/// The run-time extents of one operand of a user kernel.
struct KernelShape {
  int rank = 0;
  std::int64_t extent[max_rank] = {};

  constexpr std::int64_t size() const {
    std::int64_t product = 1;
    for (int axis = 0; axis < rank; ++axis) product *= extent[axis];
    return product;
  }
  constexpr std::int64_t operator[](int axis) const { return extent[axis]; }
};

/// What a program runs of a user's operation. Only this stays in the binary: the rules for its derivatives are in
/// UserOperation, which steps do not point to, and so is all that they call.
struct UserRoutine {
  std::string_view name;
  int flops = 1;
  int arity = 1;

  // The elementwise value, for one element and for one register of elements.
  float (*float_1)(float) = nullptr;
  float (*float_2)(float, float) = nullptr;
  float (*float_3)(float, float, float) = nullptr;
  double (*double_1)(double) = nullptr;
  double (*double_2)(double, double) = nullptr;
  double (*double_3)(double, double, double) = nullptr;

  /// Runs a user kernel on contiguous arrays; the result's shape comes first.
  void (*run)(void* result, const void* const* operands, const KernelShape* shapes) = nullptr;
  /// The same on a GPU: what it starts goes to the stream.
  void (*run_on_cuda)(void* result, const void* const* operands, const KernelShape* shapes,
                      CUstream_st* stream) = nullptr;
};

/// A user operation as data. A node points to one; two nodes run the same operation when they point to
/// the same object, so nothing has to be registered.
struct UserOperation {
  const UserRoutine* routine = nullptr;
  /// True where there is a rule. (Sanitizers keep g++ from comparing a function's address with null while it compiles.)
  bool differentiable = false;
  /// Writes the tangent or adjoint `t` times each partial derivative to `partials`; null without rule.
  void (*derivative)(const Value& t, const Value* operands, const Value& result, Value* partials) = nullptr;
  /// True for operations of the library that are differentiated up to an order that an option gives.
  bool bounded_order = false;
  /// True where there is a rule for forward mode of its own; else the other one is transposed.
  bool has_tangent = false;
  /// True for a kernel whose `cpu` is constexpr: `constant` runs it, on elements given as double.
  bool runs_in_constants = false;
  void (*constant)(double* result, const double* const* operands, const KernelShape* shapes) = nullptr;
  /// Writes the tangent of the result, given those of all operands.
  void (*tangent)(const Value* tangents, const Value* operands, const Value& result, Value* out) = nullptr;
};

namespace detail {

// Names are compared first: with -fsanitize=undefined g++ cannot tell two addresses apart while it compiles, but it
// knows an address equal to itself.

/// True when two operations are the same object.
constexpr bool is_same_operation(const UserOperation& a, const UserOperation& b) {
  return a.routine->name == b.routine->name && &a == &b;
}
/// True when two elementwise operations compute the same value.
constexpr bool is_same_value(const UserRoutine& a, const UserRoutine& b) {
  return a.name == b.name && a.arity == b.arity && a.float_1 == b.float_1 && a.float_2 == b.float_2 &&
         a.float_3 == b.float_3 && a.double_1 == b.double_1 && a.double_2 == b.double_2 && a.double_3 == b.double_3;
}

}  // namespace detail

namespace ops {

/// An elementwise functor from a user's header.
struct UserElementwise : Structured {
  static constexpr std::string_view name = "user_elementwise";
  static constexpr OpKind kind = OpKind::elementwise;
};

/// The first operand, with a derivative rule given with respect to the others.
struct CustomDerivative : Structured {
  static constexpr std::string_view name = "custom_derivative";
  static constexpr OpKind kind = OpKind::view;
};

/// A kernel from a user's header.
struct UserKernel : Structured {
  static constexpr std::string_view name = "user_kernel";
};

/// How often `vectorize` put an axis for many points in front of a user's operation, and for which node the rule of its
/// derivative was written: what the attribute of such a node says.
struct PointAttribute {
  static constexpr std::int64_t make(int levels, int point) {
    return static_cast<std::int64_t>(levels) << 40 | (point + 1);
  }
  static constexpr int levels(std::int64_t attribute) { return static_cast<int>(attribute >> 40); }
  static constexpr int point(std::int64_t attribute) {
    return static_cast<int>(attribute & ((std::int64_t{1} << 40) - 1)) - 1;
  }
};

}  // namespace ops

// Each kind of handle overloads these; here they only make the names known as templates. The three calls below name
// the type they return, so that a rule may apply its own operation again.
template <class Op>
void ctgrad_user_elementwise() = delete;
template <class Rule>
void ctgrad_custom_derivative() = delete;
template <class Kernel>
void ctgrad_user_kernel() = delete;

/// Applies a user's elementwise functor. `Op` has `name`, `value(x...)` as a template over the number
/// type, and where it is differentiable `derivative(auto t, auto x..., auto y)`, which returns
/// `partials(t * dy/dx, ...)` written with ctgrad's operations. One to three operands, which broadcast.
template <class Op, Handle X, class... Rest>
constexpr auto elementwise(const X& x, const Rest&... rest) -> decltype(ctgrad_user_elementwise<Op>(x, rest...)) {
  static_assert(sizeof...(Rest) <= 2, "ctgrad: a user's elementwise operation has at most three operands");
  return ctgrad_user_elementwise<Op>(x, rest...);
}

/// Gives `value`, computed with ctgrad operations from `x...`, the derivative rule `Rule::derivative(t,
/// x..., value)`, which returns `partials(...)` (JAX's custom_vjp). The rule replaces the derivative of
/// everything between `x...` and `value`. One or two operands.
template <class Rule, Handle Y, Handle... X>
constexpr auto custom_derivative(const Y& value, const X&... x)
    -> decltype(ctgrad_custom_derivative<Rule>(value, x...)) {
  static_assert(sizeof...(X) >= 1 && sizeof...(X) <= 2,
                "ctgrad: custom_derivative takes the value and one or two operands");
  return ctgrad_custom_derivative<Rule>(value, x...);
}

/// Runs a user's kernel as one step. `Kernel` has `name`, `shape(ShapeValue...)`, `cpu(T* result, const T* operand...,
/// const KernelShape* shapes)` (shapes[0] is the result's), `cuda(...)` with a cudaStream_t after the shapes, or both
/// (without `cuda` the host runs `cpu` in a GPU's program, too), and where it is differentiable `derivative(t, x...,
/// y)` returning `partials(...)`. Forward mode transposes that rule; where there is a shorter way, `tangent(dx...,
/// x..., y)` gives the result's tangent. `cuda` puts its work on the stream and waits for nothing; the arrays are in
/// the GPU's memory. One to three operands of one floating type. Under vmap, jacobian and hessian the kernel runs once
/// for each point. A kernel whose `cpu` is constexpr says so by a member `static constexpr bool runs_in_constants =
/// true;`, and is evaluated in constant expressions, too.
template <class Kernel, Handle X, Handle... Rest>
constexpr auto user_kernel(const X& x, const Rest&... rest) -> decltype(ctgrad_user_kernel<Kernel>(x, rest...)) {
  static_assert(sizeof...(Rest) <= 2, "ctgrad: a user kernel has at most three operands");
  return ctgrad_user_kernel<Kernel>(x, rest...);
}

}  // namespace ctgrad
