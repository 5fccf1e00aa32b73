// SPDX-License-Identifier: BSL-1.0
/// \file
/// Runs a fused loop on the CPU: vector registers inside, threads outside.
///
/// The bits of every result depend on the extents alone, never on the number of threads: threads divide the
/// results between them, or, where a reduction leaves only one, fixed blocks whose sums are added in order.
#pragma once

#include <cstdint>

#include "ctgrad/device/cpu/row.hpp"

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace ctgrad::cpu {

/// The largest number of arrays one loop works on.
inline constexpr int max_loop_operands = 48;
static_assert(ctgrad::detail::FusionLimits{}.operands <= max_loop_operands,
              "ctgrad: fusion makes loops of more arrays than a loop has room for");

/// A loop's extents, pointers and strides, evaluated for one run.
struct LoopArguments {
  int rank = 1;
  // Not cleared: that would take longer than many a loop. Whoever fills it sets what rank and operands use.
  std::int64_t extent[max_rank];
  void* pointer[max_loop_operands];
  std::int64_t stride[max_loop_operands][max_rank];
};

/// Loops with fewer element operations than this run in one thread: waking another takes longer.
inline constexpr std::int64_t parallel_threshold = 1 << 18;

/// Full reductions are cut into blocks of at least this many elements, at most `reduction_blocks` of them.
inline constexpr std::int64_t reduction_block = 8192;
inline constexpr int reduction_blocks = 256;

template <class Kernel>
class Loop {
  static constexpr int inputs = Kernel::input_count;
  static constexpr int outputs = Kernel::output_count;
  static constexpr int operands = inputs + outputs;
  static constexpr int width = native_width<Kernel>;
  using Row = cpu::Row<Kernel>;
  using Inputs = std::make_integer_sequence<int, inputs>;
  using Outputs = std::make_integer_sequence<int, outputs>;

  template <int I>
  using element_in = element_t<Kernel::template input<I>::dtype>;
  template <int O>
  using element_out = element_t<Kernel::template output<O>::dtype>;

public:
  static void run(const LoopArguments& arguments) {
    std::int64_t size = 1;
    for (int axis = 0; axis < arguments.rank; ++axis) size *= arguments.extent[axis];
    if (size == 0) return fill_identities(arguments, Outputs{});
    const bool threads = size * (Kernel::step_count + 1) >= parallel_threshold;
    const int last = arguments.rank - 1;
    if constexpr (Kernel::has_inner_reduction) {
      if (arguments.rank == 1 && arguments.extent[0] > reduction_block) return run_blocks(arguments, threads);
    }
    if (!threads) {
      run_range(arguments, 0, arguments.extent[0], 0, arguments.extent[last]);
    } else if (outputs_keep_axis(arguments, 0)) {
      split(arguments.rank == 1 ? arguments.extent[0] / width + 1 : arguments.extent[0],
            [&](std::int64_t begin, std::int64_t end) {
              if (arguments.rank == 1) {
                const std::int64_t limit = arguments.extent[0];
                const std::int64_t from = begin * width;
                const std::int64_t to = end * width < limit ? end * width : limit;
                if (from < to) run_range(arguments, 0, 1, from, to);
              } else {
                run_range(arguments, begin, end, 0, arguments.extent[last]);
              }
            });
    } else if (arguments.rank > 1 && outputs_keep_axis(arguments, last)) {
      split(arguments.extent[last] / width + 1, [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t limit = arguments.extent[last];
        const std::int64_t to = end * width < limit ? end * width : limit;
        if (begin * width < to) run_range(arguments, 0, arguments.extent[0], begin * width, to);
      });
    } else {
      run_range(arguments, 0, arguments.extent[0], 0, arguments.extent[last]);
    }
  }

private:
  /// Not inlined: it has several callers, and code size is compile time.
  [[gnu::noinline]] static void run_row(Row& row, std::int64_t begin, std::int64_t end) {
    RowLoop<Kernel, width>::run(row, begin, end);
  }

  /// True when every output has elements of its own for each index of the axis.
  static bool outputs_keep_axis(const LoopArguments& arguments, int axis) {
    for (int o = 0; o < outputs; ++o)
      if (arguments.stride[inputs + o][axis] == 0) return false;
    return true;
  }

  /// All rows with outermost index in [begin, end), elements [from, to) of each.
  [[gnu::noinline]] static void run_range(const LoopArguments& arguments, std::int64_t begin, std::int64_t end,
                                          std::int64_t from, std::int64_t to) {
    const int outer = arguments.rank - 1;
    Row row;
    for (int k = 0; k < operands; ++k) {
      row.inner[k] = arguments.stride[k][outer];
      row.pointer[k] = static_cast<char*>(arguments.pointer[k]);
    }
    for (bool& first : row.first) first = true;
    if (outer == 0) return run_row(row, from, to);
    std::int64_t index[max_rank] = {begin};
    move(row, arguments, 0, begin, Inputs{}, Outputs{});
    while (index[0] < end) {
      for (int o = 0; o < outputs; ++o) {
        row.first[o] = true;
        for (int axis = 0; axis < outer; ++axis)
          if (index[axis] != 0 && arguments.stride[inputs + o][axis] == 0) row.first[o] = false;
      }
      run_row(row, from, to);
      int axis = outer - 1;
      while (true) {
        move(row, arguments, axis, 1, Inputs{}, Outputs{});
        if (++index[axis] < arguments.extent[axis] || axis == 0) break;
        move(row, arguments, axis, -arguments.extent[axis], Inputs{}, Outputs{});
        index[axis--] = 0;
      }
    }
  }

  template <int... I, int... O>
  CTGRAD_ALWAYS_INLINE static void move(Row& row, const LoopArguments& arguments, int axis, std::int64_t count,
                                        std::integer_sequence<int, I...>, std::integer_sequence<int, O...>) {
    ((row.pointer[I] += arguments.stride[I][axis] * count * static_cast<std::int64_t>(sizeof(element_in<I>))), ...);
    ((row.pointer[inputs + O] +=
      arguments.stride[inputs + O][axis] * count * static_cast<std::int64_t>(sizeof(element_out<O>))),
     ...);
  }

  /// One result for each block, of any element type.
  struct Partials {
    alignas(8) char bytes[reduction_blocks][8];
  };

  /// A reduction to few elements over one long axis: fixed blocks, their results combined in order.
  static void run_blocks(const LoopArguments& arguments, bool threads) {
    const std::int64_t length = arguments.extent[0];
    std::int64_t block = (length + reduction_blocks - 1) / reduction_blocks;
    if (block < reduction_block) block = reduction_block;
    block = (block + 63) / 64 * 64;
    const std::int64_t count = (length + block - 1) / block;
    Partials partial[outputs] = {};
    auto body = [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) {
        Row row;
        for (int k = 0; k < operands; ++k) {
          row.inner[k] = arguments.stride[k][0];
          row.pointer[k] = static_cast<char*>(arguments.pointer[k]);
        }
        aim_at_partials(row, partial, b, Outputs{});
        run_row(row, b * block, b * block + block < length ? b * block + block : length);
      }
    };
    if (threads) {
      split(count, body);
    } else {
      body(0, count);
    }
    combine_partials(arguments, partial, count, Outputs{});
  }

  template <int... O>
  static void aim_at_partials(Row& row, Partials (&partial)[outputs], std::int64_t block,
                              std::integer_sequence<int, O...>) {
    ((row.first[O] = true), ...);
    ((Kernel::template output<O>::is_inner_reduction
          ? static_cast<void>(row.pointer[inputs + O] = partial[O].bytes[block])
          : static_cast<void>(0)),
     ...);
  }
  template <int... O>
  static void combine_partials(const LoopArguments& arguments, Partials (&partial)[outputs], std::int64_t count,
                               std::integer_sequence<int, O...>) {
    (combine_partial<O>(arguments, partial[O], count), ...);
  }
  template <int O>
  static void combine_partial(const LoopArguments& arguments, const Partials& partial, std::int64_t count) {
    if constexpr (Kernel::template output<O>::is_inner_reduction) {
      using T = element_out<O>;
      auto value = [&](std::int64_t b) {
        T x;
        __builtin_memcpy(&x, partial.bytes[b], sizeof(T));
        return x;
      };
      T total = value(0);
      for (std::int64_t b = 1; b < count; ++b) total = Kernel::template output<O>::reduction::combine(total, value(b));
      *static_cast<T*>(arguments.pointer[inputs + O]) = total;
    }
  }

  /// Reductions over nothing give their identity.
  template <int... O>
  static void fill_identities(const LoopArguments& arguments, std::integer_sequence<int, O...>) {
    (fill_identity<O>(arguments), ...);
  }
  template <int O>
  static void fill_identity(const LoopArguments& arguments) {
    using Output = typename Kernel::template output<O>;
    if constexpr (Output::is_reduction) {
      std::int64_t count = 1;
      for (int axis = 0; axis < arguments.rank; ++axis)
        if (arguments.stride[inputs + O][axis] != 0) count *= arguments.extent[axis];
      auto* to = static_cast<element_out<O>*>(arguments.pointer[inputs + O]);
      for (std::int64_t i = 0; i < count; ++i) to[i] = Output::reduction::template identity<element_out<O>>();
    }
  }

  /// Calls body(begin, end) for ranges that cover [0, count), in as many threads as OpenMP offers.
  template <class Body>
  static void split(std::int64_t count, const Body& body) {
#if defined(_OPENMP)
#pragma omp parallel
    {
      const std::int64_t threads = omp_get_num_threads();
      const std::int64_t thread = omp_get_thread_num();
      body(count * thread / threads, count * (thread + 1) / threads);
    }
#else
    body(0, count);
#endif
  }
};

}  // namespace ctgrad::cpu
