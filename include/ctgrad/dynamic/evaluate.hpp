// SPDX-License-Identifier: BSL-1.0
/// \file
/// Runs an expression as one loop, through the same kernel types as compiled programs.
#pragma once

#include <cstring>

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

/// The kernel's operations for a part of an expression: `Leaf` leaves and `Step` operations stand before it, and the
/// whole has `Leaves` leaves. Values are numbered as in a kernel: leaves, then operations.
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
  using type = typename Join<typename operand<I>::type...,
                             TypeList<kernels::Do<Op, dtype_of<T>, operand<I>::value...>>>::type;
};
template <class Op, class T, class S, class... X, int Leaf, int Step, int Leaves>
struct Steps<Expression<Op, T, S, X...>, Leaf, Step, Leaves>
    : ExpressionSteps<Expression<Op, T, S, X...>, Leaf, Step, Leaves, std::index_sequence_for<X...>> {};

/// How a loop walks: which axis of the iteration space belongs to which axis of the loop, after unit axes are dropped
/// and neighbours joined where all operands allow it, and each operand's innermost access.
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
    for (const Access& x : operands)
      join = join && x.stride[previous] == multiply(x.stride[axis], space[axis]);
    if (!join) ++plan.rank;
    plan.loop_axis[axis] = plan.rank - 1;
    previous = axis;
  }
  for (int i = 0; i < Operands; ++i)
    plan.access[i] = previous < 0 ? InnerAccess::broadcast : access_kind(operands[i].stride[previous]);
  return plan;
}

/// The loop over Space that reads the leaves of E and writes with the strides D (one for each axis of Space; void to
/// `Reduction`, the elements themselves).
template <class E, class Space, class D, class Reduction, class Leaves = typename Parts<E>::leaves>
struct FusedLoop;
template <class E, class Space, class D, class Reduction, class... Leaf>
struct FusedLoop<E, Space, D, Reduction, TypeList<Leaf...>> {
  static constexpr int leaves = sizeof...(Leaf);
  static_assert(leaves < cpu::max_loop_operands,
                "ctgrad: one statement reads more tensors than a loop has room for; give a part of it a name, "
                "Tensor h = ...");
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
  using Kernel = kernels::Kernel<
      typename Inputs<std::index_sequence_for<Leaf...>>::type, typename Body::type,
      TypeList<kernels::Out<Body::value, dtype_of<typename E::element_type>, plan.access[leaves], Reduction>>>;

  template <class T>
  static void run(const E& expression, const Lengths<Space>& space, T* to, const Lengths<D>& strides) {
    cpu::LoopArguments arguments;
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
    cpu::Loop<Kernel>::run(arguments);
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
    }(std::index_sequence_for<X...>{});
  }
};

/// True when writing the elements of `to` in order would change elements of `leaf` that are read later: they share
/// memory and are not the same element at the same place.
template <class L, class T, class S>
bool is_disturbed(const L& leaf, const T* to, const Lengths<S>& extents) {
  if constexpr (!L::is_array) {
    return false;
  } else if constexpr (std::remove_cvref_t<decltype(leaf.storage())>::owns) {
    return false;
  } else {
    using From = typename L::shape_type;
    std::int64_t last = 0;
    for (int axis = 0; axis < From::rank; ++axis) {
      if (leaf.extent(axis) == 0) return false;
      last += (leaf.extent(axis) - 1) * leaf.distances()[axis];
    }
    const auto from_begin = reinterpret_cast<std::uintptr_t>(leaf.data());
    const auto from_end = reinterpret_cast<std::uintptr_t>(leaf.data() + last + 1);
    const auto to_begin = reinterpret_cast<std::uintptr_t>(to);
    const auto to_end = reinterpret_cast<std::uintptr_t>(to + size_of(extents));
    if (from_end <= to_begin || to_end <= from_begin) return false;
    if (!std::is_same_v<T, typename L::element_type> || from_begin != to_begin) return true;
    const Lengths<RowMajor<S>> strides = row_major(extents);
    for (int axis = 0; axis < S::rank; ++axis) {
      const int own = stretched_axis<From, S>(axis);
      if (extents[axis] != 1 && (own < 0 ? 0 : leaf.distances()[own]) != strides[axis]) return true;
    }
    return false;
  }
}

template <class From, class To>
inline constexpr bool expression_stretches_to_tensor =
    From::rank <= To::rank && can_broadcast(From::value, To::value) && broadcast(From::value, To::value) == To::value;

// Written below: the elements of an array as they are, those of an expression computed now.
template <class X>
auto materialize(const X& x);

/// Computes an expression in one loop into `to`, through other memory when the expression reads what it overwrites.
template <class E, class T, class S>
void assign_loop(const E& expression, TensorView<T, S> to) {
  using Loop = FusedLoop<E, S, RowMajor<S>, void>;
  const Lengths<S> extents(to.extents());
  const auto bytes = static_cast<std::size_t>(to.size()) * sizeof(T);
  bool disturbed = false;
  Loop::visit(expression, [&](const auto& leaf) { disturbed = disturbed || is_disturbed(leaf, to.data(), extents); });
  const BlockReference block = disturbed ? BlockReference(bytes) : BlockReference();
  T* target = disturbed ? static_cast<T*>(block.data()) : to.data();
  Loop::run(expression, extents, target, row_major(extents));
  if (disturbed) std::memcpy(to.data(), target, bytes);
}

/// Computes the elements of an expression or array into `to`.
template <class E, class T, class S>
void evaluate_into(const E& expression, TensorView<T, S> to) {
  using From = typename E::shape_type;
  static_assert(std::is_same_v<T, typename E::element_type>,
                "ctgrad: the expression has another element type than the tensor it is assigned to; convert it with "
                "cast<T>(x)");
  static_assert(expression_stretches_to_tensor<From, S>,
                "ctgrad: the shape of the expression does not stretch to that of the tensor it is assigned to; "
                "reshape one of them");
  check_stretch(expression.lengths(), Lengths<S>(to.extents()));
  if (to.size() == 0) return;
  if constexpr (is_expression<E>) {
    if constexpr (From::value.size() == S::value.size()) {
      assign_loop(expression, to);
    } else {
      // Every element is needed again and again.
      evaluate_into(materialize(expression), to);
    }
  } else if constexpr (E::is_row_major && std::is_same_v<From, S>) {
    std::memmove(to.data(), expression.data(), static_cast<std::size_t>(to.size()) * sizeof(T));
  } else {
    assign_loop(make_expression<ops::Copy, T>(expression.lengths(), expression), to);
  }
}

/// The elements of an array as they are, those of an expression computed now.
template <class X>
auto materialize(const X& x) {
  if constexpr (is_expression<X>) {
    using S = typename X::shape_type;
    auto result = make_owned<typename X::element_type, S>(x.lengths());
    evaluate_into(x, TensorView<typename X::element_type, S>(result.storage().data(), x.extents()));
    return result;
  } else if constexpr (is_array<X>) {
    return x;
  } else {
    using S = typename X::shape_type;
    using T = typename X::element_type;
    const Lengths<S> extents = lengths_of(x);
    return BorrowedArray<T, S>(Borrowed<T>(x.data()), extents, row_major(extents));
  }
}

/// The same elements without gaps.
template <class X>
auto compact(const X& array) {
  if constexpr (X::is_row_major) {
    return array;
  } else {
    return materialize(make_expression<ops::Copy, typename X::element_type>(array.lengths(), array));
  }
}

}  // namespace detail

}  // namespace ctgrad
