// SPDX-License-Identifier: BSL-1.0
/// \file
/// A kernel as the loops around it see it: sizes, and functions for a row and for folding partial results.
///
/// With it those loops are compiled once for a program, not once for each kernel.
#pragma once

#include <cstdint>
#include <cstring>

#include "ctgrad/device/cpu/static_row.hpp"
#include "ctgrad/device/loop_arguments.hpp"

namespace ctgrad::cpu {

/// Where the rows of each array begin. Not cleared: that would take longer than many a loop.
struct RowArguments {
  char* pointer[max_loop_operands];
  /// Elements between neighbours in a row.
  std::int64_t inner[max_loop_operands];
  /// Bytes from a row to the next.
  std::int64_t next[max_loop_operands];
  /// For each output that is a reduction: true when nothing has been written to it yet.
  bool first[max_loop_operands];
  /// True when what is stored goes past the caches.
  bool streams;
};

/// One partial result of any element type.
struct PartialResult {
  alignas(8) char bytes[8];
};

struct LoopKernel {
  /// How an output is written.
  enum class Write : std::uint8_t {
    store,
    reduce_outer,
    reduce_inner,  ///< the innermost axis is reduced: the row keeps the sum in registers
  };

  int inputs = 0;
  int outputs = 0;
  /// Elements that one pass through the registers takes.
  int width = 1;
  /// Operations on one element.
  int operations = 0;
  int inner_reductions = 0;
  /// Bytes of an element of each array.
  const std::uint8_t* element_bytes = nullptr;
  const Write* write = nullptr;
  /// Runs the elements [begin, end) of `count` rows.
  void (*rows)(const RowArguments& arguments, std::int64_t count, std::int64_t begin, std::int64_t end) = nullptr;
  /// Writes the fold, in order, of `count` partial results of a reduction to `to`; its identity where there are none.
  void (*fold)(int output, const PartialResult* partial, std::int64_t count, void* to) = nullptr;

  constexpr int operands() const { return inputs + outputs; }
};

namespace detail {

template <class Kernel, std::int64_t Length, class Inputs = std::make_integer_sequence<int, Kernel::input_count>,
          class Outputs = std::make_integer_sequence<int, Kernel::output_count>>
struct LoopKernelOf;
template <class Kernel, std::int64_t Length, int... I, int... O>
struct LoopKernelOf<Kernel, Length, std::integer_sequence<int, I...>, std::integer_sequence<int, O...>> {
  template <int N>
  using Output = typename Kernel::template output<N>;

  static Row<Kernel> first_row(const RowArguments& arguments) {
    Row<Kernel> row;
    for (int k = 0; k < Row<Kernel>::operands; ++k) {
      row.pointer[k] = arguments.pointer[k];
      row.inner[k] = arguments.inner[k];
    }
    for (int o = 0; o < Kernel::output_count; ++o) row.first[o] = arguments.first[o];
    row.streams = arguments.streams;
    return row;
  }

  /// True when rows that follow each other are folded: they are then added in registers.
  static bool adds_rows(const RowArguments& arguments) {
    return ((Output<O>::is_reduction && arguments.next[Kernel::input_count + O] == 0) || ...);
  }

  /// Only the columns of loops that fold rows and keep columns are shared out between threads.
  static constexpr bool may_be_part = Kernel::has_outer_reduction && !Kernel::has_inner_reduction;

  /// Whole rows, of `Length` elements.
  static void run_short_rows(const RowArguments& arguments, std::int64_t count, std::int64_t begin, std::int64_t end) {
    if constexpr (may_be_part)
      if (end - begin != Length) return LoopKernelOf<Kernel, 0>::run_rows(arguments, count, begin, end);
    // Copies: what is stored might be `arguments` for all the compiler knows.
    Row<Kernel> row = first_row(arguments);
    if constexpr (Length % native_width<Kernel> != 0) row.streams = false;  // not all rows begin at registers
    const std::int64_t next[] = {arguments.next[I]..., arguments.next[Kernel::input_count + O]...};
    auto move = [&](std::int64_t done) __attribute__((always_inline)) {
      ((row.pointer[I] += done * next[I]), ...);
      ((row.pointer[Kernel::input_count + O] += done * next[Kernel::input_count + O]), ...);
      if constexpr (Kernel::has_reduction) ((row.first[O] = row.first[O] && next[Kernel::input_count + O] != 0), ...);
    };
    if constexpr (RowLoop<Kernel, native_width<Kernel>>::adds_rows) {
      if (adds_rows(arguments)) {
        for (std::int64_t i = 0; i < count; i += added_rows) {
          const std::int64_t done = count - i < added_rows ? count - i : added_rows;
          add_static_rows<Kernel, 0, Length>(row, next, done);
          move(done);
        }
        return;
      }
    }
    for (std::int64_t i = 0; i < count; ++i) {
      if constexpr (Kernel::has_inner_reduction) {
        RowLoop<Kernel, native_width<Kernel>>::run(row, 0, Length);  // one sum over all registers
      } else {
        Row<Kernel> one = row;
        run_static_row<Kernel, native_width<Kernel>, 0, Length>(one);
      }
      move(1);
    }
  }

  static void run_rows(const RowArguments& arguments, std::int64_t count, std::int64_t begin, std::int64_t end) {
    Row<Kernel> row = first_row(arguments);
    using Loop = RowLoop<Kernel, native_width<Kernel>>;
    while (true) {
      std::int64_t done = 1;
      if constexpr (Loop::adds_rows) {
        if (adds_rows(arguments)) done = count < added_rows ? count : added_rows;
        Loop::add_rows(row, arguments.next, done, begin, end);
      } else {
        Loop::run(row, begin, end);
      }
      count -= done;
      if (count == 0) break;
      ((row.pointer[I] += done * arguments.next[I]), ...);
      ((row.pointer[Kernel::input_count + O] += done * arguments.next[Kernel::input_count + O]), ...);
      if constexpr (Kernel::has_reduction)
        ((row.first[O] = row.first[O] && arguments.next[Kernel::input_count + O] != 0), ...);
    }
  }

  template <int N>
  static void fold_output(const PartialResult* partial, std::int64_t count, void* to) {
    if constexpr (Output<N>::is_reduction) {
      using T = element_t<Output<N>::dtype>;
      T total = Output<N>::reduction::template identity<T>();
      for (std::int64_t b = 0; b < count; ++b) {
        T part;
        std::memcpy(&part, partial[b].bytes, sizeof(T));
        total = b == 0 ? part : Output<N>::reduction::combine(total, part);
      }
      std::memcpy(to, &total, sizeof(T));
    }
  }
  static void fold(int output, const PartialResult* partial, std::int64_t count, void* to) {
    ((output == O ? fold_output<O>(partial, count, to) : static_cast<void>(0)), ...);
  }

  static constexpr std::uint8_t bytes[] = {static_cast<std::uint8_t>(size_of(Kernel::template input<I>::dtype))...,
                                           static_cast<std::uint8_t>(size_of(Output<O>::dtype))...};
  static constexpr LoopKernel::Write write[] = {(Output<O>::is_inner_reduction ? LoopKernel::Write::reduce_inner
                                                 : Output<O>::is_reduction     ? LoopKernel::Write::reduce_outer
                                                                               : LoopKernel::Write::store)...};
  static constexpr LoopKernel value{Kernel::input_count,
                                    Kernel::output_count,
                                    native_width<Kernel>,
                                    Kernel::step_count + 1,
                                    (0 + ... + (Output<O>::is_inner_reduction ? 1 : 0)),
                                    bytes,
                                    write,
                                    Length > 0 ? &run_short_rows : &run_rows,
                                    Kernel::has_reduction ? &fold : nullptr};
};

}  // namespace detail

/// Rows of at most this many registers are short: what they take depends on how much of it is known beforehand.
inline constexpr int short_row_registers = 4;

/// `Length` is that of all rows it will run, where that is known, otherwise 0. Loops of one axis are not made of whole
/// rows.
template <class Kernel, std::int64_t Length = 0>
inline constexpr const LoopKernel& loop_kernel =
    detail::LoopKernelOf<Kernel, (Length <= short_row_registers * native_width<Kernel> ? Length : 0)>::value;

}  // namespace ctgrad::cpu
