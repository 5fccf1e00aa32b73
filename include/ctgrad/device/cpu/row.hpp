// SPDX-License-Identifier: BSL-1.0
/// \file
/// The innermost loop of a fused loop: one row of neighbouring elements through vector registers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ctgrad/device/cpu/row_input.hpp"
#include "ctgrad/kernels/kernel.hpp"

namespace ctgrad::cpu {

/// Where one row of each array begins.
template <class Kernel>
struct Row {
  static constexpr int operands = Kernel::input_count + Kernel::output_count;
  char* pointer[operands];
  /// Elements between neighbours, used where the access is strided.
  std::int64_t inner[operands];
  /// For each output that is a reduction: true when nothing has been written to it yet.
  bool first[Kernel::output_count];
  /// True when what is stored goes past the caches; all such outputs are then aligned to registers.
  bool streams = false;
};

/// Rows that are added in registers before the sum is written: few enough that they can all be read ahead.
inline constexpr std::int64_t added_rows = 8;

/// Lanes that fill one vector register with a kernel's widest element.
template <class Kernel>
inline constexpr int native_width = native_lanes<std::int8_t> / Kernel::widest;

#if defined(__GNUC__) && !defined(__clang__)
// Inlined into straight-line code, g++ 12 takes a sum's place for read before it is written: `first` says otherwise.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

/// Vector registers of the machine.
#if defined(__AVX512F__)
inline constexpr int vector_registers = 32;
#else
inline constexpr int vector_registers = 16;
#endif

namespace detail {

template <class Op, class T, int N>
CTGRAD_ALWAYS_INLINE T reduce_lanes_by(const Simd<T, N>& a) {
  return ctgrad::detail::reduce_lanes(a, [](auto x, auto y) { return Op::combine(x, y); });
}

/// The elements of a register, or the one of a Width of 1, combined into one.
template <class Op, class T, int Width, class Lanes>
CTGRAD_ALWAYS_INLINE T fold_lanes(const Lanes& total) {
  if constexpr (Width == 1) {
    return total;
  } else if constexpr (requires { typename Lanes::value_type; }) {
    return reduce_lanes_by<Op>(total);
  } else {
    T lanes[Width];
    total.store(lanes);
    for (int half = Width / 2; half > 0; half /= 2)
      for (int k = 0; k < half; ++k) lanes[k] = Op::combine(lanes[k], lanes[k + half]);
    return lanes[0];
  }
}

}  // namespace detail

/// Runs a kernel over a row, `Width` elements at a time; a rest of fewer goes through the same instructions with
/// part of the lanes in use, so that an element's bits do not depend on where it stands.
template <class Kernel, int Width>
class RowLoop {
  static constexpr int inputs = Kernel::input_count;
  static constexpr int outputs = Kernel::output_count;
  static constexpr int width = Width;
  // Several independent sums hide the latency of an addition; a dear body hides it by itself, and more than half of the
  // registers are not for sums: they would go through memory each time.
  static constexpr int chains = [] {
    if (!Kernel::has_inner_reduction || !Kernel::is_cheap || Kernel::step_count > 12 || Width == 1) return 1;
    return std::clamp(vector_registers / 2 / std::max(Kernel::inner_reduction_count, 1), 1, 4);
  }();
  using Bank = typename Kernel::template bank<width>;
  using Inputs = std::make_integer_sequence<int, inputs>;
  using Outputs = std::make_integer_sequence<int, outputs>;
  using Row = cpu::Row<Kernel>;

  template <int O>
  using element_out = element_t<Kernel::template output<O>::dtype>;

public:
  /// The elements [begin, end) of the row.
  CTGRAD_ALWAYS_INLINE static void run(Row& start, std::int64_t begin, std::int64_t end) {
    const Row row = start;
    Bank bank;
    read_broadcasts(bank, row, Inputs{});
    [&]<int... O, int... C>(std::integer_sequence<int, O...>, std::integer_sequence<int, C...>)
        __attribute__((always_inline)) {
      Accumulators<std::integer_sequence<int, O...>> sums[chains];
      (reset_all(sums[C], Outputs{}), ...);
      std::int64_t i = begin;
      auto one = [&](auto c) __attribute__((always_inline)) {
        step(bank, row, i + decltype(c)::value * width, Inputs{});
        (write<O>(bank, row, i + decltype(c)::value * width, sums[decltype(c)::value]), ...);
      };
      for (; i + chains * width <= end; i += chains * width) (one(std::integral_constant<int, C>{}), ...);
      if constexpr (chains > 1)
        for (; i + width <= end; i += width) one(std::integral_constant<int, 0>{});
      if (width > 1 && i < end) {
        step_partial(bank, row, i, end - i, Inputs{});
        (write_partial<O>(bank, row, i, end - i, sums[0]), ...);
      }
      (finish<O, chains>(row, sums), ...);
    }
    (Outputs{}, std::make_integer_sequence<int, chains>{});
  }

  /// The same for a number of whole registers known at compile time: no sum begins with its identity, and there are no
  /// more sums than registers.
  template <std::int64_t Begin, std::int64_t End>
  CTGRAD_ALWAYS_INLINE static void run_whole(Row& start) {
    static_assert(Begin < End && (End - Begin) % width == 0);
    constexpr int own_chains = static_cast<int>(std::min<std::int64_t>(chains, (End - Begin) / width));
    const Row row = start;
    Bank bank;
    read_broadcasts(bank, row, Inputs{});
    [&]<int... O, int... C>(std::integer_sequence<int, O...>, std::integer_sequence<int, C...>)
        __attribute__((always_inline)) {
      Accumulators<std::integer_sequence<int, O...>> sums[own_chains];
      auto one = [&]<bool First>(auto c, std::int64_t i, std::bool_constant<First>) __attribute__((always_inline)) {
        step(bank, row, i + decltype(c)::value * width, Inputs{});
        (write<O, First>(bank, row, i + decltype(c)::value * width, sums[decltype(c)::value]), ...);
      };
      (one(std::integral_constant<int, C>{}, Begin, std::true_type{}), ...);
      std::int64_t i = Begin + own_chains * width;
      for (; i + own_chains * width <= End; i += own_chains * width)
        (one(std::integral_constant<int, C>{}, i, std::false_type{}), ...);
      if constexpr ((End - Begin) / width % own_chains != 0)
        for (; i < End; i += width) one(std::integral_constant<int, 0>{}, i, std::false_type{});
      (finish<O, own_chains>(row, sums), ...);
    }
    (Outputs{}, std::make_integer_sequence<int, own_chains>{});
  }

  /// True when every reduction goes to neighbours in memory: several rows are then added in registers.
  static constexpr bool adds_rows = Kernel::has_outer_reduction && Kernel::reduces_to_neighbours && width > 1;

  /// The elements [begin, end) of `count` rows that lie `next` bytes apart and whose reductions go to the same
  /// elements; these are read and written once.
  CTGRAD_ALWAYS_INLINE static void add_rows(const Row& start, const std::int64_t* next, std::int64_t count,
                                            std::int64_t begin, std::int64_t end) {
    std::int64_t i = begin;
    for (; i + width <= end; i += width) add_columns<true>(start, next, count, i, width, Inputs{}, Outputs{});
    if (i < end) add_columns<false>(start, next, count, i, end - i, Inputs{}, Outputs{});
  }

private:
  template <int O, bool Used = Kernel::template output<O>::is_reduction>
  struct Total {};
  template <int O>
  struct Total<O, true> {
    kernels::lanes_t<Kernel::template output<O>::dtype, width> value;
  };
  template <class Indices>
  struct Totals;
  template <int... O>
  struct Totals<std::integer_sequence<int, O...>> : Total<O>... {};

  /// Elements [i, i + used) of each row; `Whole` says that they fill a register.
  template <bool Whole, int... I, int... O>
  CTGRAD_ALWAYS_INLINE static void add_columns(const Row& start, const std::int64_t* next, std::int64_t count,
                                               std::int64_t i, std::int64_t used, std::integer_sequence<int, I...>,
                                               std::integer_sequence<int, O...>) {
    Row row = start;
    Bank bank;
    Totals<Outputs> totals;
    (begin_total<O, Whole>(row, i, used, totals), ...);
    for (std::int64_t k = 0; k < count; ++k) {
      read_broadcasts(bank, row, Inputs{});
      if constexpr (Whole) {
        step(bank, row, i, Inputs{});
      } else {
        step_partial(bank, row, i, used, Inputs{});
      }
      (add_total<O, Whole>(bank, row, i, used, totals), ...);
      ((row.pointer[I] += next[I]), ...);
      ((row.pointer[inputs + O] += next[inputs + O]), ...);
    }
    (end_total<O, Whole>(start, i, used, totals), ...);
  }
  template <int O, bool Whole>
  CTGRAD_ALWAYS_INLINE static void begin_total(const Row& row, std::int64_t i, std::int64_t used,
                                               Totals<Outputs>& totals) {
    using Output = typename Kernel::template output<O>;
    if constexpr (Output::is_reduction) {
      using Lanes = kernels::lanes_t<Output::dtype, width>;
      if (row.first[O]) {
        totals.Total<O>::value = Lanes(Output::reduction::template identity<element_out<O>>());
      } else if constexpr (Whole) {
        totals.Total<O>::value = Lanes::load(target<O>(row, i));
      } else {
        totals.Total<O>::value = Lanes::load_partial(target<O>(row, i), used);
      }
    }
  }
  template <int O, bool Whole>
  CTGRAD_ALWAYS_INLINE static void add_total(const Bank& bank, const Row& row, std::int64_t i, std::int64_t used,
                                             Totals<Outputs>& totals) {
    using Output = typename Kernel::template output<O>;
    if constexpr (Output::is_reduction) {
      totals.Total<O>::value = Output::reduction::combine(totals.Total<O>::value, result<O>(bank));
    } else if constexpr (Whole) {
      write<O>(bank, row, i, totals);
    } else {
      write_partial<O>(bank, row, i, used, totals);
    }
  }
  template <int O, bool Whole>
  CTGRAD_ALWAYS_INLINE static void end_total(const Row& row, std::int64_t i, std::int64_t used,
                                             Totals<Outputs>& totals) {
    if constexpr (Kernel::template output<O>::is_reduction) {
      if constexpr (Whole) {
        totals.Total<O>::value.store(target<O>(row, i));
      } else {
        totals.Total<O>::value.store_partial(target<O>(row, i), used);
      }
    }
  }

  template <class A, int... O>
  CTGRAD_ALWAYS_INLINE static void reset_all(A& sums, std::integer_sequence<int, O...>) {
    (sums.template reset<O>(), ...);
  }
  /// For each output the running value of a reduction over the innermost axis.
  template <int O, bool Used = Kernel::template output<O>::is_inner_reduction>
  struct Sum {};
  template <int O>
  struct Sum<O, true> {
    using Op = typename Kernel::template output<O>::reduction;
    kernels::lanes_t<Kernel::template output<O>::dtype, width> value;
  };
  template <class Indices>
  struct Accumulators;
  template <int... O>
  struct Accumulators<std::integer_sequence<int, O...>> : Sum<O>... {
    template <int I>
    CTGRAD_ALWAYS_INLINE void reset() {
      if constexpr (Kernel::template output<I>::is_inner_reduction) {
        Sum<I>::value = Sum<I>::Op::template identity<element_out<I>>();
      }
    }
  };

  template <int O>
  CTGRAD_ALWAYS_INLINE static element_out<O>* target(const Row& row, std::int64_t i) {
    return reinterpret_cast<element_out<O>*>(row.pointer[inputs + O]) + i;
  }

  template <int I>
  using Reader = InputReader<typename Kernel::template input<I>, width>;

  template <int... I>
  CTGRAD_ALWAYS_INLINE static void read_broadcasts(Bank& bank, const Row& row, std::integer_sequence<int, I...>) {
    (Reader<I>::read_broadcast(kernels::get<I>(bank), {row.pointer[I], row.inner[I]}), ...);
  }
  template <int... I>
  CTGRAD_ALWAYS_INLINE static void step(Bank& bank, const Row& row, std::int64_t i, std::integer_sequence<int, I...>) {
    (Reader<I>::read(kernels::get<I>(bank), {row.pointer[I], row.inner[I]}, i), ...);
    Kernel::template compute<width>(bank);
  }
  template <int... I>
  CTGRAD_ALWAYS_INLINE static void step_partial(Bank& bank, const Row& row, std::int64_t i, std::int64_t count,
                                                std::integer_sequence<int, I...>) {
    (Reader<I>::read_partial(kernels::get<I>(bank), {row.pointer[I], row.inner[I]}, i, count), ...);
    Kernel::template compute<width>(bank);
  }

  template <int O>
  CTGRAD_ALWAYS_INLINE static auto result(const Bank& bank) {
    using Output = typename Kernel::template output<O>;
    return kernels::lanes_t<Output::dtype, width>(kernels::get<Output::value>(bank));
  }

  /// `First` says that the value begins a sum.
  template <int O, bool First = false, class Sums>
  CTGRAD_ALWAYS_INLINE static void write(const Bank& bank, const Row& row, std::int64_t i, Sums& sums) {
    using Output = typename Kernel::template output<O>;
    using Lanes = kernels::lanes_t<Output::dtype, width>;
    using Memory = kernels::MemoryLanes<Output::dtype, width>;
    const Lanes value = result<O>(bank);
    if constexpr (Output::is_inner_reduction) {
      sums.Sum<O>::value = First ? value : Output::reduction::combine(sums.Sum<O>::value, value);
    } else if constexpr (Output::access == InnerAccess::contiguous && width > 1) {
      element_out<O>* to = target<O>(row, i);
      if constexpr (Output::is_reduction) {
        (row.first[O] ? value : Output::reduction::combine(Lanes::load(to), value)).store(to);
      } else if constexpr (width == native_width<Kernel> && Output::dtype != DType::boolean) {
        row.streams ? Memory::stream(value, to) : Memory::store(value, to);
      } else {
        Memory::store(value, to);
      }
    } else {
      write_lanes<O>(value, row, i, width);
    }
  }

  template <int O, class Sums>
  CTGRAD_ALWAYS_INLINE static void write_partial(const Bank& bank, const Row& row, std::int64_t i, std::int64_t count,
                                                 Sums& sums) {
    using Output = typename Kernel::template output<O>;
    const auto value = result<O>(bank);
    if constexpr (Output::is_inner_reduction) {
      using Op = typename Output::reduction;
      using Lanes = kernels::lanes_t<Output::dtype, width>;
      static_assert(Output::dtype != DType::boolean);  // booleans have no reductions
      const auto used = Lanes::iota() < Lanes(static_cast<element_out<O>>(count));
      sums.Sum<O>::value =
          Op::combine(sums.Sum<O>::value, select(used, value, Lanes(Op::template identity<element_out<O>>())));
    } else if constexpr (Output::access == InnerAccess::contiguous && Output::dtype != DType::boolean && width > 1) {
      using Lanes = kernels::lanes_t<Output::dtype, width>;
      element_out<O>* to = target<O>(row, i);
      if constexpr (Output::is_reduction) {
        (row.first[O] ? value : Output::reduction::combine(Lanes::load_partial(to, count), value))
            .store_partial(to, count);
      } else {
        kernels::MemoryLanes<Output::dtype, width>::store_partial(value, to, count);
      }
    } else {
      write_lanes<O>(value, row, i, count);
    }
  }

  template <DType D, class Lanes>
  CTGRAD_ALWAYS_INLINE static void spill(const Lanes& value, element_t<D>* lanes) {
    if constexpr (width == 1) {
      lanes[0] = value;
    } else {
      kernels::MemoryLanes<D, width>::store(value, lanes);
    }
  }

  template <int O, class Lanes>
  CTGRAD_ALWAYS_INLINE static void write_lanes(const Lanes& value, const Row& row, std::int64_t i, std::int64_t count) {
    using Output = typename Kernel::template output<O>;
    element_out<O> lanes[width];
    spill<Output::dtype>(value, lanes);
    const std::int64_t stride = Output::access == InnerAccess::contiguous ? 1 : row.inner[inputs + O];
    for (int k = 0; k < count; ++k) {
      element_out<O>& to = *target<O>(row, (i + k) * stride);
      if constexpr (Output::is_reduction) {
        to = row.first[O] ? lanes[k] : Output::reduction::combine(to, lanes[k]);
      } else {
        to = lanes[k];
      }
    }
  }

  template <class Op, int O, class Sums, int... C>
  CTGRAD_ALWAYS_INLINE static auto combine_chains(Sums& sums, std::integer_sequence<int, C...>) {
    auto total = sums[0].Sum<O>::value;
    ((C > 0 ? static_cast<void>(total = Op::combine(total, sums[C].Sum<O>::value)) : static_cast<void>(0)), ...);
    return total;
  }
  template <int O, int Chains, class Sums>
  CTGRAD_ALWAYS_INLINE static void finish(const Row& row, Sums& sums) {
    using Output = typename Kernel::template output<O>;
    if constexpr (Output::is_inner_reduction) {
      using Op = typename Output::reduction;
      const auto total = combine_chains<Op, O>(sums, std::make_integer_sequence<int, Chains>{});
      const element_out<O> value = detail::fold_lanes<Op, element_out<O>, width>(total);
      element_out<O>& to = *target<O>(row, 0);
      to = row.first[O] ? value : Op::combine(to, value);
    }
  }
};

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace ctgrad::cpu
