// SPDX-License-Identifier: BSL-1.0
/// \file
/// A fused loop's body as a type: equal bodies are one type, instantiated once in a translation unit.
#pragma once

#include <utility>

#include "ctgrad/core/math.hpp"
#include "ctgrad/core/simd.hpp"
#include "ctgrad/kernels/memory_lanes.hpp"
#include "ctgrad/passes/schedule.hpp"

namespace ctgrad::kernels {

/// An array the body reads.
template <DType D, InnerAccess A>
struct In {
  static constexpr DType dtype = D;
  static constexpr InnerAccess access = A;
};

/// One operation: its type, the result's dtype, and the numbers of its operand values. Values are numbered:
/// the inputs, then the operations in order. Operations on 16-bit elements are operations on float: what is read is
/// converted, and rounded only where it is stored, or by a `Cast` to such a type.
template <class Op, DType D, int... Operands>
struct Do {};

/// An array the body writes: value number `Value`, stored, or folded by `Reduction` where that is not void.
template <int Value, DType D, InnerAccess A, class Reduction = void>
struct Out {
  static constexpr int value = Value;
  static constexpr DType dtype = D;
  static constexpr InnerAccess access = A;
  using reduction = Reduction;
  static constexpr bool is_reduction = !std::is_void_v<Reduction>;
  /// True when the innermost axis is reduced: the loop keeps the sum in registers.
  static constexpr bool is_inner_reduction = is_reduction && A == InnerAccess::broadcast;
};

template <class... Ts>
using List = detail::TypeList<Ts...>;

template <class Inputs, class Body, class Outputs>
struct Kernel;

/// A user's elementwise functor as an operation: the function pointer is the template argument.
template <class Signature, Signature* Function>
struct UserValue;
template <class T, class... X, T (*Function)(X...)>
struct UserValue<T(X...), Function> {
  CTGRAD_FUNCTION static T value(X... x) { return Function(x...); }
  template <int N>
  CTGRAD_SIMD_FUNCTION static Simd<T, N> value(Simd<T, N> a) {
    return each<N>(a);
  }
  template <int N>
  CTGRAD_SIMD_FUNCTION static Simd<T, N> value(Simd<T, N> a, Simd<T, N> b) {
    return each<N>(a, b);
  }
  template <int N>
  CTGRAD_SIMD_FUNCTION static Simd<T, N> value(Simd<T, N> a, Simd<T, N> b, Simd<T, N> c) {
    return each<N>(a, b, c);
  }

private:
  // Lane by lane through memory: the compiler may vectorise the loop, as it can see the function.
  template <int N, class... V>
  CTGRAD_SIMD_FUNCTION static Simd<T, N> each(V... x) {
    if constexpr (sizeof...(V) == sizeof...(X)) {
      T lanes[sizeof...(V)][N];
      int count = 0;
      (x.store(lanes[count++]), ...);
      T result[N];
      for (int i = 0; i < N; ++i) result[i] = lane(lanes, i, std::make_index_sequence<sizeof...(V)>{});
      return Simd<T, N>::load(result);
    } else {
      return Simd<T, N>();
    }
  }
  template <int N, std::size_t... K>
  CTGRAD_SIMD_FUNCTION static T lane(const T (&lanes)[sizeof...(X)][N], int i, std::index_sequence<K...>) {
    return Function(lanes[K][i]...);
  }
};

/// Converts lanes to the element type of D, as C++ converts numbers. Lanes of 16-bit elements are floats, rounded to
/// what the element type holds.
template <DType D, int W, class X>
CTGRAD_FUNCTION auto cast_lanes(X x) {
  using T = element_t<D>;
  if constexpr (is_half<T>) {
    const auto exact = cast_lanes<DType::float32, W>(x);
    if constexpr (W == 1) {
      return static_cast<float>(T(exact));
    } else {
      return round_lanes<T>(exact);
    }
  } else if constexpr (W == 1) {
    return static_cast<T>(x);
  } else if constexpr (requires { typename X::value_type; }) {
    if constexpr (D == DType::boolean) {
      return x != X(typename X::value_type(0));
    } else {
      return convert<T>(x);
    }
  } else if constexpr (D == DType::boolean) {
    return x;
  } else {
    return select(x, Simd<T, W>(T(1)), Simd<T, W>(T(0)));
  }
}

/// Applies one operation to lanes.
template <class Op, DType D, int W, class... X>
CTGRAD_FUNCTION auto apply_lanes(X... x) {
  if constexpr (std::is_same_v<Op, ops::Cast>) {
    return cast_lanes<D, W>(x...);
  } else {
    return Op::value(x...);
  }
}

/// The values of a body, each in a slot of its own type: registers, once the optimiser has seen it.
template <int I, class T>
struct Slot {
  T value;
};
template <class... Slots>
struct Bank : Slots... {};

template <int I, class T>
CTGRAD_FUNCTION T& get(Slot<I, T>& slot) {
  return slot.value;
}
template <int I, class T>
CTGRAD_FUNCTION const T& get(const Slot<I, T>& slot) {
  return slot.value;
}

namespace detail {

using ctgrad::detail::Tag;

template <class Step>
inline constexpr bool is_cheap = false;
template <class Op, DType D, int... Operands>
requires requires { Op::cheap; }
inline constexpr bool is_cheap<Do<Op, D, Operands...>> = Op::cheap;

template <class Slots, int Count, int W, class... Steps>
struct MakeBank;
template <class... Slots, int Count, int W>
struct MakeBank<List<Slots...>, Count, W> {
  using type = Bank<Slots...>;
};
template <class... Slots, int Count, int W, class Op, DType D, int... Operands, class... Rest>
struct MakeBank<List<Slots...>, Count, W, Do<Op, D, Operands...>, Rest...> {
  using So = Bank<Slots...>;
  using Result = decltype(apply_lanes<Op, D, W>(get<Operands>(std::declval<So&>())...));
  using type = typename MakeBank<List<Slots..., Slot<Count, Result>>, Count + 1, W, Rest...>::type;
};

template <int W, class Indices, class... Inputs>
struct InputSlots;
template <int W, std::size_t... I, class... Inputs>
struct InputSlots<W, std::index_sequence<I...>, Inputs...> {
  using type = List<Slot<static_cast<int>(I), lanes_t<Inputs::dtype, W>>...>;
};

}  // namespace detail

/// A fused loop's body.
template <class... Inputs, class... Steps, class... Outputs>
struct Kernel<List<Inputs...>, List<Steps...>, List<Outputs...>> {
  static constexpr int input_count = sizeof...(Inputs);
  static constexpr int step_count = sizeof...(Steps);
  static constexpr int output_count = sizeof...(Outputs);
  template <int I>
  using input = typename List<Inputs...>::template at<I>;
  template <int I>
  using output = typename List<Outputs...>::template at<I>;

  static constexpr int inner_reduction_count = (0 + ... + (Outputs::is_inner_reduction ? 1 : 0));
  static constexpr bool has_inner_reduction = inner_reduction_count > 0;
  static constexpr bool has_reduction = (Outputs::is_reduction || ...);
  static constexpr bool has_outer_reduction = ((Outputs::is_reduction && !Outputs::is_inner_reduction) || ...);
  /// True when all reductions write neighbours in memory.
  static constexpr bool reduces_to_neighbours =
      ((!Outputs::is_reduction || (Outputs::access == InnerAccess::contiguous && Outputs::dtype != DType::boolean)) &&
       ...);

  /// True when every operation takes few instructions.
  static constexpr bool is_cheap = (detail::is_cheap<Steps> && ...);

  static_assert(!((Outputs::is_reduction && is_half_type(Outputs::dtype)) || ...),
                "ctgrad: reductions of 16-bit elements are written as float");

  /// Bytes of the widest element as it is computed with: it decides how many lanes one pass takes.
  static constexpr int widest = [] {
    int bytes = 1;
    for (const DType dtype : {DType::boolean, Inputs::dtype..., Outputs::dtype...})
      if (static_cast<int>(size_of(compute_type(dtype))) > bytes)
        bytes = static_cast<int>(size_of(compute_type(dtype)));
    return bytes;
  }();

  template <int W>
  using bank =
      typename detail::MakeBank<typename detail::InputSlots<W, std::index_sequence_for<Inputs...>, Inputs...>::type,
                                input_count, W, Steps...>::type;

  /// Computes all values from the inputs in the bank.
  template <int W, class Values>
  CTGRAD_FUNCTION static void compute(Values& values) {
    compute_steps<W>(values, std::make_index_sequence<sizeof...(Steps)>{});
  }

private:
  template <int W, class Values, std::size_t... I>
  CTGRAD_FUNCTION static void compute_steps(Values& values, std::index_sequence<I...>) {
    (compute_one<W, input_count + static_cast<int>(I)>(values, detail::Tag<Steps>{}), ...);
  }
  template <int W, int I, class Values, class Op, DType D, int... Operands>
  CTGRAD_FUNCTION static void compute_one(Values& values, detail::Tag<Do<Op, D, Operands...>>) {
    get<I>(values) = apply_lanes<Op, D, W>(get<Operands>(values)...);
  }
};

namespace detail {

/// The type of instruction I of the schedule that Source holds.
template <class Source, int I>
struct Instruction {
  static constexpr KernelInstruction data = kernel_tables<Source>.instructions[I];
  static constexpr int arity = data.operand[0] < 0 ? 0 : data.operand[1] < 0 ? 1 : data.operand[2] < 0 ? 2 : 3;
  static constexpr auto choose() {
    if constexpr (data.op == opcode<ops::UserElementwise>) {
      if constexpr (data.dtype == DType::float32) {
        if constexpr (arity == 1) {
          return Tag<UserValue<float(float), data.user->float_1>>{};
        } else if constexpr (arity == 2) {
          return Tag<UserValue<float(float, float), data.user->float_2>>{};
        } else {
          return Tag<UserValue<float(float, float, float), data.user->float_3>>{};
        }
      } else {
        if constexpr (arity == 1) {
          return Tag<UserValue<double(double), data.user->double_1>>{};
        } else if constexpr (arity == 2) {
          return Tag<UserValue<double(double, double), data.user->double_2>>{};
        } else {
          return Tag<UserValue<double(double, double, double), data.user->double_3>>{};
        }
      }
    } else {
      return Tag<ops::List::at<data.op>>{};
    }
  }
  using Op = typename decltype(choose())::type;
  static constexpr auto make() {
    if constexpr (arity == 1) {
      return Tag<Do<Op, data.dtype, data.operand[0]>>{};
    } else if constexpr (arity == 2) {
      return Tag<Do<Op, data.dtype, data.operand[0], data.operand[1]>>{};
    } else {
      return Tag<Do<Op, data.dtype, data.operand[0], data.operand[1], data.operand[2]>>{};
    }
  }
  using type = typename decltype(make())::type;
};

template <class Source, int I>
struct OutputOf {
  static constexpr KernelOutput data = kernel_tables<Source>.outputs[I];
  static constexpr auto choose() {
    if constexpr (data.reduction < 0) {
      return Tag<void>{};
    } else {
      return Tag<ops::List::at<data.reduction>>{};
    }
  }
  using type = Out<data.value, data.dtype, data.access, typename decltype(choose())::type>;
};

template <class Source, int K, class I, class B, class O>
struct KernelOf;
template <class Source, int K, std::size_t... I, std::size_t... B, std::size_t... O>
struct KernelOf<Source, K, std::index_sequence<I...>, std::index_sequence<B...>, std::index_sequence<O...>> {
  static constexpr KernelDescription k = kernel_tables<Source>.kernels[K];
  using type = Kernel<List<In<kernel_tables<Source>.inputs[k.first_input + static_cast<int>(I)].dtype,
                              kernel_tables<Source>.inputs[k.first_input + static_cast<int>(I)].access>...>,
                      List<typename Instruction<Source, k.first_instruction + static_cast<int>(B)>::type...>,
                      List<typename OutputOf<Source, k.first_output + static_cast<int>(O)>::type...>>;
};

}  // namespace detail

/// The type of kernel K of the schedule `Source::view()`. Only this step names the schedule; the result does
/// not, so that equal kernels of different programs are one type.
template <class Source, int K>
using kernel_of = typename detail::KernelOf<
    Source, K, std::make_index_sequence<static_cast<std::size_t>(kernel_tables<Source>.kernels[K].input_count)>,
    std::make_index_sequence<static_cast<std::size_t>(kernel_tables<Source>.kernels[K].instruction_count)>,
    std::make_index_sequence<static_cast<std::size_t>(kernel_tables<Source>.kernels[K].output_count)>>::type;

}  // namespace ctgrad::kernels
