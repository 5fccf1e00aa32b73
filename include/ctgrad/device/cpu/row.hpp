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

/// How many sums a row's reduction is split into. Several independent ones hide the latency of an addition; a dear body
/// hides it by itself, and more than half of the registers are not for sums: they would go through memory each time.
template <class Kernel, int Width>
inline constexpr int row_chains = [] {
  if (!Kernel::has_inner_reduction || !Kernel::is_cheap || Kernel::step_count > 12 || Width == 1) return 1;
  return std::clamp(vector_registers / 2 / std::max(Kernel::inner_reduction_count, 1), 1, 4);
}();

/// Runs a kernel over a row, `Width` elements at a time; a rest of fewer goes through the same instructions with
/// part of the lanes in use, so that an element's bits do not depend on where it stands.
template <class Kernel, int Width, class Inputs = std::make_integer_sequence<int, Kernel::input_count>,
          class Outputs = std::make_integer_sequence<int, Kernel::output_count>,
          class Chains = std::make_integer_sequence<int, row_chains<Kernel, Width>>>
class RowLoop;

template <class Kernel, int Width, int... I, int... O, int... C>
class RowLoop<Kernel, Width, std::integer_sequence<int, I...>, std::integer_sequence<int, O...>,
              std::integer_sequence<int, C...>> {
  static constexpr int inputs = Kernel::input_count;
  static constexpr int width = Width;
  static constexpr int chains = sizeof...(C);
  using Bank = typename Kernel::template bank<width>;
  using Row = cpu::Row<Kernel>;

  template <int N>
  using Output = typename Kernel::template output<N>;
  template <int N>
  using element_out = element_t<Output<N>::dtype>;

public:
  /// The elements [begin, end) of the row.
  CTGRAD_ALWAYS_INLINE static void run(const Row& start, std::int64_t begin, std::int64_t end) {
    const Row row = start;
    Bank bank;
    read_broadcasts(bank, row);
    Sums sums[chains];
    if constexpr (Kernel::has_inner_reduction) (reset(sums[C]), ...);
    std::int64_t i = begin;
    for (; i + chains * width <= end; i += chains * width) (run_one<false>(bank, row, i + C * width, sums[C]), ...);
    if constexpr (chains > 1)
      for (; i + width <= end; i += width) run_one<false>(bank, row, i, sums[0]);
    if (width > 1 && i < end) {
      step_partial(bank, row, i, end - i);
      (write_partial<O>(bank, row, i, end - i, sums[0]), ...);
    }
    (finish<O, chains>(row, sums), ...);
  }

  /// The same for a number of whole registers known at compile time: no sum begins with its identity, and there are no
  /// more sums than registers.
  template <std::int64_t Begin, std::int64_t End>
  CTGRAD_ALWAYS_INLINE static void run_whole(const Row& start) {
    static_assert(Begin < End && (End - Begin) % width == 0);
    constexpr int own_chains = static_cast<int>(std::min<std::int64_t>(chains, (End - Begin) / width));
    run_whole<Begin, End>(start, std::make_integer_sequence<int, own_chains>{});
  }

  /// True when every reduction goes to neighbours in memory: several rows are then added in registers.
  static constexpr bool adds_rows = Kernel::has_outer_reduction && Kernel::reduces_to_neighbours && width > 1;

  /// The elements [begin, end) of `count` rows that lie `next` bytes apart and whose reductions go to the same
  /// elements; these are read and written once.
  CTGRAD_ALWAYS_INLINE static void add_rows(const Row& start, const std::int64_t* next, std::int64_t count,
                                            std::int64_t begin, std::int64_t end) {
    std::int64_t i = begin;
    for (; i + width <= end; i += width) add_columns<true>(start, next, count, i, width);
    if (i < end) add_columns<false>(start, next, count, i, end - i);
  }

private:
  template <int N, bool Used = Output<N>::is_reduction>
  struct Total {};
  template <int N>
  struct Total<N, true> {
    kernels::lanes_t<Output<N>::dtype, width> value;
  };
  struct Totals : Total<O>... {};

  /// Elements [i, i + used) of each row; `Whole` says that they fill a register.
  template <bool Whole>
  CTGRAD_ALWAYS_INLINE static void add_columns(const Row& start, const std::int64_t* next, std::int64_t count,
                                               std::int64_t i, std::int64_t used) {
    Row row = start;
    Bank bank;
    Totals totals;
    (begin_total<O, Whole>(row, i, used, totals), ...);
    for (std::int64_t k = 0; k < count; ++k) {
      read_broadcasts(bank, row);
      if constexpr (Whole) {
        step(bank, row, i);
      } else {
        step_partial(bank, row, i, used);
      }
      (add_total<O, Whole>(bank, row, i, used, totals), ...);
      ((row.pointer[I] += next[I]), ...);
      ((row.pointer[inputs + O] += next[inputs + O]), ...);
    }
    (end_total<O, Whole>(start, i, used, totals), ...);
  }
  template <int N, bool Whole>
  CTGRAD_ALWAYS_INLINE static void begin_total(const Row& row, std::int64_t i, std::int64_t used, Totals& totals) {
    if constexpr (Output<N>::is_reduction) {
      using Lanes = kernels::lanes_t<Output<N>::dtype, width>;
      if (row.first[N]) {
        totals.Total<N>::value = Lanes(Output<N>::reduction::template identity<element_out<N>>());
      } else if constexpr (Whole) {
        totals.Total<N>::value = Lanes::load(target<N>(row, i));
      } else {
        totals.Total<N>::value = Lanes::load_partial(target<N>(row, i), used);
      }
    }
  }
  template <int N, bool Whole>
  CTGRAD_ALWAYS_INLINE static void add_total(const Bank& bank, const Row& row, std::int64_t i, std::int64_t used,
                                             Totals& totals) {
    if constexpr (Output<N>::is_reduction) {
      totals.Total<N>::value = Output<N>::reduction::combine(totals.Total<N>::value, result<N>(bank));
    } else if constexpr (Whole) {
      write<N>(bank, row, i, totals);
    } else {
      write_partial<N>(bank, row, i, used, totals);
    }
  }
  template <int N, bool Whole>
  CTGRAD_ALWAYS_INLINE static void end_total(const Row& row, std::int64_t i, std::int64_t used, Totals& totals) {
    if constexpr (Output<N>::is_reduction) {
      if constexpr (Whole) {
        totals.Total<N>::value.store(target<N>(row, i));
      } else {
        totals.Total<N>::value.store_partial(target<N>(row, i), used);
      }
    }
  }

  /// For each output the running value of a reduction over the innermost axis.
  template <int N, bool Used = Output<N>::is_inner_reduction>
  struct Sum {};
  template <int N>
  struct Sum<N, true> {
    kernels::lanes_t<Output<N>::dtype, width> value;
  };
  struct Sums : Sum<O>... {};

  CTGRAD_ALWAYS_INLINE static void reset(Sums& sums) { (reset_one<O>(sums), ...); }
  template <int N>
  CTGRAD_ALWAYS_INLINE static void reset_one(Sums& sums) {
    if constexpr (Output<N>::is_inner_reduction)
      sums.Sum<N>::value = Output<N>::reduction::template identity<element_out<N>>();
  }

  /// One register of elements from i on. `First` says that they begin a sum.
  template <bool First>
  CTGRAD_ALWAYS_INLINE static void run_one(Bank& bank, const Row& row, std::int64_t i, Sums& sums) {
    step(bank, row, i);
    (write<O, First>(bank, row, i, sums), ...);
  }

  template <std::int64_t Begin, std::int64_t End, int... K>
  CTGRAD_ALWAYS_INLINE static void run_whole(const Row& start, std::integer_sequence<int, K...>) {
    constexpr int own_chains = sizeof...(K);
    const Row row = start;
    Bank bank;
    read_broadcasts(bank, row);
    Sums sums[own_chains];
    (run_one<true>(bank, row, Begin + K * width, sums[K]), ...);
    std::int64_t i = Begin + own_chains * width;
    for (; i + own_chains * width <= End; i += own_chains * width)
      (run_one<false>(bank, row, i + K * width, sums[K]), ...);
    if constexpr ((End - Begin) / width % own_chains != 0)
      for (; i < End; i += width) run_one<false>(bank, row, i, sums[0]);
    (finish<O, own_chains>(row, sums), ...);
  }

  template <int N>
  CTGRAD_ALWAYS_INLINE static element_out<N>* target(const Row& row, std::int64_t i) {
    return reinterpret_cast<element_out<N>*>(row.pointer[inputs + N]) + i;
  }

  template <int N>
  using Reader = InputReader<typename Kernel::template input<N>, width>;

  CTGRAD_ALWAYS_INLINE static void read_broadcasts(Bank& bank, const Row& row) {
    (Reader<I>::read_broadcast(kernels::get<I>(bank), {row.pointer[I], row.inner[I]}), ...);
  }
  CTGRAD_ALWAYS_INLINE static void step(Bank& bank, const Row& row, std::int64_t i) {
    (Reader<I>::read(kernels::get<I>(bank), {row.pointer[I], row.inner[I]}, i), ...);
    Kernel::template compute<width>(bank);
  }
  CTGRAD_ALWAYS_INLINE static void step_partial(Bank& bank, const Row& row, std::int64_t i, std::int64_t count) {
    (Reader<I>::read_partial(kernels::get<I>(bank), {row.pointer[I], row.inner[I]}, i, count), ...);
    Kernel::template compute<width>(bank);
  }

  template <int N>
  CTGRAD_ALWAYS_INLINE static auto result(const Bank& bank) {
    return kernels::lanes_t<Output<N>::dtype, width>(kernels::get<Output<N>::value>(bank));
  }

  /// `First` says that the value begins a sum.
  template <int N, bool First = false, class Running>
  CTGRAD_ALWAYS_INLINE static void write(const Bank& bank, const Row& row, std::int64_t i, Running& sums) {
    using Lanes = kernels::lanes_t<Output<N>::dtype, width>;
    using Memory = kernels::MemoryLanes<Output<N>::dtype, width>;
    const Lanes value = result<N>(bank);
    if constexpr (Output<N>::is_inner_reduction) {
      sums.Sum<N>::value = First ? value : Output<N>::reduction::combine(sums.Sum<N>::value, value);
    } else if constexpr (Output<N>::access == InnerAccess::contiguous && width > 1) {
      element_out<N>* to = target<N>(row, i);
      if constexpr (Output<N>::is_reduction) {
        (row.first[N] ? value : Output<N>::reduction::combine(Lanes::load(to), value)).store(to);
      } else if constexpr (width == native_width<Kernel> && Output<N>::dtype != DType::boolean) {
        row.streams ? Memory::stream(value, to) : Memory::store(value, to);
      } else {
        Memory::store(value, to);
      }
    } else {
      write_lanes<N>(value, row, i, width);
    }
  }

  template <int N, class Running>
  CTGRAD_ALWAYS_INLINE static void write_partial(const Bank& bank, const Row& row, std::int64_t i, std::int64_t count,
                                                 Running& sums) {
    const auto value = result<N>(bank);
    if constexpr (Output<N>::is_inner_reduction) {
      using Op = typename Output<N>::reduction;
      using Lanes = kernels::lanes_t<Output<N>::dtype, width>;
      static_assert(Output<N>::dtype != DType::boolean);  // booleans have no reductions
      const auto used = Lanes::iota() < Lanes(static_cast<element_out<N>>(count));
      sums.Sum<N>::value =
          Op::combine(sums.Sum<N>::value, select(used, value, Lanes(Op::template identity<element_out<N>>())));
    } else if constexpr (Output<N>::access == InnerAccess::contiguous && Output<N>::dtype != DType::boolean &&
                         width > 1) {
      using Lanes = kernels::lanes_t<Output<N>::dtype, width>;
      element_out<N>* to = target<N>(row, i);
      if constexpr (Output<N>::is_reduction) {
        (row.first[N] ? value : Output<N>::reduction::combine(Lanes::load_partial(to, count), value))
            .store_partial(to, count);
      } else {
        kernels::MemoryLanes<Output<N>::dtype, width>::store_partial(value, to, count);
      }
    } else {
      write_lanes<N>(value, row, i, count);
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

  template <int N, class Lanes>
  CTGRAD_ALWAYS_INLINE static void write_lanes(const Lanes& value, const Row& row, std::int64_t i, std::int64_t count) {
    element_out<N> lanes[width];
    spill<Output<N>::dtype>(value, lanes);
    const std::int64_t stride = Output<N>::access == InnerAccess::contiguous ? 1 : row.inner[inputs + N];
    for (int k = 0; k < count; ++k) {
      element_out<N>& to = *target<N>(row, (i + k) * stride);
      if constexpr (Output<N>::is_reduction) {
        to = row.first[N] ? lanes[k] : Output<N>::reduction::combine(to, lanes[k]);
      } else {
        to = lanes[k];
      }
    }
  }

  template <class Op, int N, int... K>
  CTGRAD_ALWAYS_INLINE static auto combine_chains(const Sums* sums, std::integer_sequence<int, K...>) {
    auto total = sums[0].Sum<N>::value;
    ((K > 0 ? static_cast<void>(total = Op::combine(total, sums[K].Sum<N>::value)) : static_cast<void>(0)), ...);
    return total;
  }
  template <int N, int Chains>
  CTGRAD_ALWAYS_INLINE static void finish(const Row& row, const Sums* sums) {
    if constexpr (Output<N>::is_inner_reduction) {
      using Op = typename Output<N>::reduction;
      const auto total = combine_chains<Op, N>(sums, std::make_integer_sequence<int, Chains>{});
      const element_out<N> value = detail::fold_lanes<Op, element_out<N>, width>(total);
      element_out<N>& to = *target<N>(row, 0);
      to = row.first[N] ? value : Op::combine(to, value);
    }
  }
};

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace ctgrad::cpu
