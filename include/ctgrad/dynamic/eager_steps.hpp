// SPDX-License-Identifier: BSL-1.0
/// \file
/// Reductions and the operations with a step of their own on tensors: they are computed at once.
#pragma once

#include "ctgrad/device/cpu/cpu.hpp"
#include "ctgrad/dynamic/views.hpp"

namespace ctgrad {

namespace detail {

/// The device that computes what tensors ask for in this thread.
inline Cpu& eager_device() {
  thread_local Cpu device;
  return device;
}

/// The strides with which a reduction over the axes of Mask of an array of shape S writes its
/// result.
template <class S, class Result, unsigned Mask>
struct ReducedAccess {
  static constexpr Access value = [] {
    Access access;
    int own = 0;
    for (int axis = 0; axis < S::rank; ++axis)
      if ((Mask >> axis & 1U) == 0) access.stride[axis] = RowMajor<Result>::value.extent[own++];
    return access;
  }();
};

/// A reduction of an array or expression; the expression is computed on the way, in the same loop.
template <class Op, unsigned Mask, class Result, class E>
auto reduce_now(const E& operand) {
  using S = typename E::shape_type;
  using T = typename E::element_type;
  using D = typename StridesFrom<ReducedAccess<S, Result, Mask>,
                                 std::make_index_sequence<static_cast<std::size_t>(S::rank)>>::type;
  Extents<Result::rank> kept{};
  Extents<S::rank> strides{};
  std::int64_t stride = 1;
  int own = Result::rank;
  for (int axis = S::rank - 1; axis >= 0; --axis) {
    if ((Mask >> axis & 1U) != 0) continue;
    kept[static_cast<std::size_t>(--own)] = operand.extent(axis);
    strides[static_cast<std::size_t>(axis)] = stride;
    stride *= operand.extent(axis);
  }
  auto result = make_owned<compute_t<T>, Result>(Lengths<Result>(kept));
  FusedLoop<E, S, D, Op>::run(operand, operand.lengths(), result.storage().data(), Lengths<D>(strides));
  if constexpr (is_half<T>) {
    return materialize(make_expression<ops::Cast, T>(result.lengths(), result));
  } else {
    return result;
  }
}

/// True for the transpose of an array without gaps: the matrix product has a flag for it.
template <class X>
constexpr bool is_transposed() {
  if constexpr (X::rank < 2 || X::is_row_major) {
    return false;
  } else {
    const std::int64_t swap = swap_last_two(X::rank);
    const ShapeValue shape = ops::Permute::shape(X::shape_type::value, swap);
    Access access = access_of<typename X::strides_type>();
    const Extent last = access.stride[X::rank - 1];
    access.stride[X::rank - 1] = access.stride[X::rank - 2];
    access.stride[X::rank - 2] = last;
    return is_contiguous(access, shape);
  }
}

/// The operand of a step as it lies in memory, without gaps; a transposed matrix stays as it is
/// where the operation has a flag for it.
template <class Op, class X>
auto step_operand(const X& x) {
  const auto array = materialize(x);
  using A = std::remove_const_t<decltype(array)>;
  if constexpr (std::is_same_v<Op, ops::MatMul> && is_transposed<A>()) {
    constexpr std::int64_t swap = swap_last_two(A::rank);
    return view_array<ops::Permute, swap, shape_from<PermutedShape<typename A::shape_type, swap>>>(array);
  } else {
    return compact(array);
  }
}

template <class Op, class X>
constexpr bool takes_transposed() {
  if constexpr (std::is_same_v<Op, ops::MatMul>) {
    return is_transposed<decltype(materialize(std::declval<const X&>()))>();
  } else {
    return false;
  }
}

class StepBuilder {
public:
  template <class A>
  void add(const A& array, const void* data) {
    arguments_.pointer[count_] = const_cast<void*>(data);
    arguments_.dtype[count_] = dtype_of<typename A::element_type>;
    arguments_.shape[count_].rank = A::rank;
    for (int axis = 0; axis < A::rank; ++axis) arguments_.shape[count_].extent[axis] = array.extent(axis);
    ++count_;
  }
  StepArguments& finish() {
    arguments_.input_count = count_ - 1;
    return arguments_;
  }

private:
  StepArguments arguments_;
  int count_ = 0;
};

/// The operations that compute with their elements, in float where those have 16 bits.
template <class Op>
inline constexpr bool computes_with_elements =
    std::is_same_v<Op, ops::MatMul> || std::is_same_v<Op, ops::ScatterAdd> || std::is_same_v<Op, ops::TakeAdjoint> ||
    std::is_same_v<Op, ops::Conv2d> || std::is_same_v<Op, ops::MaxPool2d> || std::is_same_v<Op, ops::AvgPool2d>;

/// Runs the step of an operation. T is the element type it works on.
template <class Op, class T>
void run_step(const StepArguments& x, std::int64_t attribute) {
  const int axis = static_cast<int>(attribute);
  if constexpr (is_half<T> && computes_with_elements<Op>) {
    cpu::with_float_arrays<T>(x, eager_device().conversion_scratch(),
                              [&](const StepArguments& wide) { run_step<Op, float>(wide, attribute); });
  } else if constexpr (std::is_same_v<Op, ops::MatMul>) {
    cpu::run_matmul<T>(x, attribute, eager_device().template workspace<T>());
  } else if constexpr (std::is_same_v<Op, ops::Concat>) {
    cpu::run_concat(x, axis);
  } else if constexpr (std::is_same_v<Op, ops::Pad>) {
    cpu::run_pad(x, attribute);
  } else if constexpr (std::is_same_v<Op, ops::Gather> || std::is_same_v<Op, ops::ScatterAdd>) {
    cpu::run_gather<T>(x, axis, std::is_same_v<Op, ops::ScatterAdd>);
  } else if constexpr (std::is_same_v<Op, ops::Take> || std::is_same_v<Op, ops::TakeAdjoint>) {
    cpu::run_take<T>(x, std::is_same_v<Op, ops::TakeAdjoint>);
  } else if constexpr (std::is_same_v<Op, ops::Conv2d>) {
    cpu::run_conv2d<T>(x, attribute, eager_device().template workspace<T>());
  } else if constexpr (std::is_same_v<Op, ops::MaxPool2d>) {
    cpu::run_max_pool2d<T>(x, attribute, false);
  } else if constexpr (std::is_same_v<Op, ops::AvgPool2d>) {
    cpu::run_avg_pool2d<T>(x, attribute, false);
  } else {
    static_assert(std::is_same_v<Op, ops::ArgMax> || std::is_same_v<Op, ops::ArgMin>,
                  "ctgrad: this operation does not run on tensors; use it in a compiled function");
    cpu::run_arg_reduce<T>(x, axis, std::is_same_v<Op, ops::ArgMax>);
  }
}

/// Runs a step on arrays without gaps whose result has the element type R and the extents
/// `extents`.
template <class R, class S, class Run, class... A>
auto run_step_on(const Lengths<S>& extents, Run&& run, const A&... arrays) {
  auto result = make_owned<R, S>(extents);
  StepBuilder step;
  (step.add(arrays, arrays.data()), ...);
  step.add(result, result.storage().data());
  run(step.finish());
  return result;
}

}  // namespace detail

/// A reduction of a tensor or expression, computed at once.
template <class Op, std::int64_t Mask, class S, EagerHandle X>
requires(detail::is_shape<S>&& Op::kind == OpKind::reduction) auto ctgrad_apply(OpCall<Op, Mask, S>, const X& x) {
  if constexpr (detail::is_expression<X>) {
    return detail::reduce_now<Op, static_cast<unsigned>(Mask), S>(x);
  } else {
    return detail::reduce_now<Op, static_cast<unsigned>(Mask), S>(detail::materialize(x));
  }
}

/// An operation with a step of its own on tensors or expressions, computed at once.
template <class Op, std::int64_t Attribute, class S, EagerHandle X, EagerHandle... Rest>
requires(detail::is_shape<S>&& Op::kind == OpKind::structured) auto ctgrad_apply(OpCall<Op, Attribute, S>, const X& x,
                                                                                 const Rest&... rest) {
  using T = typename X::element_type;
  using Result = element_t<Op::result_type(dtype_of<T>)>;
  constexpr std::int64_t flags = [] {
    std::int64_t bits = 0;
    int i = 0;
    for (const bool transposed : {detail::takes_transposed<Op, X>(), detail::takes_transposed<Op, Rest>()...})
      bits |= static_cast<std::int64_t>(transposed) << i++;
    return bits;
  }();
  return detail::run_step_on<Result>(
      detail::result_lengths<S>(detail::lengths_of(x), detail::lengths_of(rest)...),
      [](const StepArguments& arguments) { detail::run_step<Op, T>(arguments, Attribute ^ flags); },
      detail::step_operand<Op>(x), detail::step_operand<Op>(rest)...);
}

}  // namespace ctgrad
