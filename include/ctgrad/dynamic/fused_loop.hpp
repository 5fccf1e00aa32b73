// SPDX-License-Identifier: BSL-1.0
/// \file
/// An expression's type as a kernel's type, and the loop that runs it.
#pragma once

#include "ctgrad/device/cpu/loop.hpp"
#include "ctgrad/dynamic/expression.hpp"

namespace ctgrad {

namespace detail {

template <class... Lists>
struct Join;
template <>
struct Join<> {
  using type = TypeList<>;
};
template <class... A>
struct Join<TypeList<A...>> {
  using type = TypeList<A...>;
};
template <class... A, class... B, class... Rest>
struct Join<TypeList<A...>, TypeList<B...>, Rest...> : Join<TypeList<A..., B...>, Rest...> {};

/// The arrays and numbers of an expression from left to right, and its number of operations.
template <class E>
struct Parts {
  using leaves = TypeList<E>;
  static constexpr int steps = 0;
};
template <class Op, class T, class S, class... X>
struct Parts<Expression<Op, T, S, X...>> {
  using leaves = typename Join<typename Parts<X>::leaves...>::type;
  static constexpr int steps = (1 + ... + Parts<X>::steps);
};

/// The kernel's operations for a part of an expression: `Leaf` leaves and `Step` operations stand
/// before it, and the whole has `Leaves` leaves. Values are numbered as in a kernel: leaves, then
/// operations.
template <class E, int Leaf, int Step, int Leaves>
struct Steps {
  using type = TypeList<>;
  static constexpr int value = Leaf;
};

template <class E, int Leaf, int Step, int Leaves, class Indices = std::index_sequence<>>
struct ExpressionSteps;
template <class Op, class T, class S, class... X, int Leaf, int Step, int Leaves, std::size_t... I>
struct ExpressionSteps<Expression<Op, T, S, X...>, Leaf, Step, Leaves, std::index_sequence<I...>> {
  static constexpr int leaves[] = {Parts<X>::leaves::size...};
  static constexpr int steps[] = {Parts<X>::steps...};
  static constexpr int before(const int (&count)[sizeof...(X)], std::size_t end) {
    int sum = 0;
    for (std::size_t i = 0; i < end; ++i) sum += count[i];
    return sum;
  }
  template <std::size_t K>
  using operand = Steps<typename TypeList<X...>::template at<static_cast<int>(K)>, Leaf + before(leaves, K),
                        Step + before(steps, K), Leaves>;
  static constexpr int value = Leaves + Step + before(steps, sizeof...(X));
  using type =
      typename Join<typename operand<I>::type..., TypeList<kernels::Do<Op, dtype_of<T>, operand<I>::value...>>>::type;
};
template <class Op, class T, class S, class... X, int Leaf, int Step, int Leaves>
struct Steps<Expression<Op, T, S, X...>, Leaf, Step, Leaves>
    : ExpressionSteps<Expression<Op, T, S, X...>, Leaf, Step, Leaves, std::index_sequence_for<X...>> {};

/// How a loop walks: which axis of the iteration space belongs to which axis of the loop, after
/// unit axes are dropped and neighbours joined where all operands allow it, and each operand's
/// innermost access.
template <int Operands>
struct LoopPlan {
  int rank = 0;
  int loop_axis[max_rank] = {};
  InnerAccess access[Operands] = {};
};

constexpr InnerAccess access_kind(Extent stride) {
  return stride == 0 ? InnerAccess::broadcast : stride == 1 ? InnerAccess::contiguous : InnerAccess::strided;
}

template <int Operands>
constexpr LoopPlan<Operands> plan_loop(const ShapeValue& space, const Access (&operands)[Operands]) {
  LoopPlan<Operands> plan;
  int previous = -1;
  for (int axis = 0; axis < space.rank; ++axis) {
    plan.loop_axis[axis] = -1;
    if (space[axis] == 1) continue;
    bool join = previous >= 0;
    for (const Access& x : operands) join = join && x.stride[previous] == multiply(x.stride[axis], space[axis]);
    if (!join) ++plan.rank;
    plan.loop_axis[axis] = plan.rank - 1;
    previous = axis;
  }
  for (int i = 0; i < Operands; ++i)
    plan.access[i] = previous < 0 ? InnerAccess::broadcast : access_kind(operands[i].stride[previous]);
  return plan;
}

/// The loop over Space that computes E and writes with the strides D, one for each axis of Space.
/// It folds along the axes of stride 0 with `Reduction`; where that is void it writes every
/// element. What it writes are elements of E, but a reduction of 16-bit elements writes floats.
template <class E, class Space, class D, class Reduction, class Leaves = typename Parts<E>::leaves>
struct FusedLoop;
template <class E, class Space, class D, class Reduction, class... Leaf>
struct FusedLoop<E, Space, D, Reduction, TypeList<Leaf...>> {
  static constexpr int leaves = sizeof...(Leaf);
  static_assert(leaves < max_loop_operands,
                "ctgrad: one statement reads more tensors than a loop has room for; give a part of "
                "it a name, Tensor h = ...");
  static constexpr LoopPlan<leaves + 1> plan = plan_loop<leaves + 1>(
      Space::value,
      {stretch(access_of<typename Leaf::strides_type>(), Leaf::shape_type::value, Space::value)..., access_of<D>()});

  template <class Indices>
  struct Inputs;
  template <std::size_t... I>
  struct Inputs<std::index_sequence<I...>> {
    using type = TypeList<kernels::In<dtype_of<typename Leaf::element_type>, plan.access[I]>...>;
  };
  using Body = Steps<E, 0, 0, leaves>;
  // Reductions of 16-bit elements give floats.
  static constexpr DType element_type = dtype_of<typename E::element_type>;
  static constexpr DType result_type = std::is_void_v<Reduction> ? element_type : compute_type(element_type);
  using Kernel = kernels::Kernel<typename Inputs<std::index_sequence_for<Leaf...>>::type, typename Body::type,
                                 TypeList<kernels::Out<Body::value, result_type, plan.access[leaves], Reduction>>>;

  template <class T>
  static void run(const E& expression, const Lengths<Space>& space, T* to, const Lengths<D>& strides) {
    LoopArguments arguments;
    arguments.rank = plan.rank == 0 ? 1 : plan.rank;
    for (std::int64_t& extent : arguments.extent) extent = 1;
    for (int axis = 0; axis < Space::rank; ++axis)
      if (plan.loop_axis[axis] >= 0) arguments.extent[plan.loop_axis[axis]] *= space[axis];
    int operand = 0;
    visit(expression, [&]<class L>(const L& leaf) {
      arguments.pointer[operand] = const_cast<void*>(static_cast<const void*>(leaf.data()));
      for (int axis = 0; axis < Space::rank; ++axis) {
        const int own = stretched_axis<typename L::shape_type, Space>(axis);
        if (plan.loop_axis[axis] >= 0)
          arguments.stride[operand][plan.loop_axis[axis]] = own < 0 ? 0 : leaf.distances()[own];
      }
      ++operand;
    });
    arguments.pointer[operand] = to;
    for (int axis = 0; axis < Space::rank; ++axis)
      if (plan.loop_axis[axis] >= 0) arguments.stride[operand][plan.loop_axis[axis]] = strides[axis];
    cpu::run_loop(cpu::loop_kernel<Kernel>, arguments);
  }

  /// Calls `see` with each leaf, from left to right.
  template <class Part, class See>
  CTGRAD_ALWAYS_INLINE static void visit(const Part& part, See&& see) {
    if constexpr (is_expression<Part>) {
      visit_operands(part, see);
    } else {
      see(part);
    }
  }

private:
  template <class Op, class T, class S, class... X, class See>
  CTGRAD_ALWAYS_INLINE static void visit_operands(const Expression<Op, T, S, X...>& part, See& see) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (visit(part.template operand<static_cast<int>(I)>(), see), ...);
    }
    (std::index_sequence_for<X...>{});
  }
};

}  // namespace detail

}  // namespace ctgrad
