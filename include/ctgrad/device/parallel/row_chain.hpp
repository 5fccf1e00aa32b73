// SPDX-License-Identifier: BSL-1.0
/// \file
/// Several loops over the same rows as one: a group takes a row through all of them. What one loop leaves for the next
/// is read while it is still in the caches, and the loops cost one start.
#pragma once

#include "ctgrad/device/parallel/reduction.hpp"
#include "ctgrad/passes/row_chain.hpp"

namespace ctgrad::parallel {

namespace detail {

/// The arrays of loop number I of a run, and whether it reads packs.
template <int I, class K>
struct RowLoop {
  ArraysOf<K> arrays;
  bool packs;
};

}  // namespace detail

/// Runs row `row` of every loop in turn.
template <class Numbers, class... K>
struct RowChainBody;
template <int... I, class... K>
struct RowChainBody<std::integer_sequence<int, I...>, K...> : detail::RowLoop<I, K>... {
  std::int64_t columns;

  RowChainBody(std::int64_t length, const LoopLayout* layouts)
      : detail::RowLoop<I, K>{ArraysOf<K>(layouts[I]),
                              layouts[I].rank == 2 && pack_width<K> > 1 && layouts[I].packs(pack_width<K>)}...,
        columns(length) {}

  template <class Group>
  CTGRAD_HOST_DEVICE void operator()(const Group& group, std::int64_t row) const {
    (run<I, K>(group, row, std::make_integer_sequence<int, K::output_count>{}), ...);
  }

private:
  template <int N, class L, class Group, int... O>
  CTGRAD_HOST_DEVICE void run(const Group& group, std::int64_t row, std::integer_sequence<int, O...>) const {
    const auto& loop = static_cast<const detail::RowLoop<N, L>&>(*this);
    std::int64_t base[L::input_count + L::output_count];
    for (int k = 0; k < L::input_count + L::output_count; ++k) base[k] = row * loop.arrays.stride[k][0];
    detail::Totals<L> totals;
    const std::int64_t length = loop.arrays.rank == 2 ? columns : 1;
    if constexpr (pack_width < L >> 1) {
      if (loop.packs) {
        detail::Fold<L>::template run<pack_width<L>>(group, loop.arrays, base, 1, 0, length, totals);
      } else {
        detail::Fold<L>::template run<1>(group, loop.arrays, base, 1, 0, length, totals);
      }
    } else {
      detail::Fold<L>::template run<1>(group, loop.arrays, base, 1, 0, length, totals);
    }
    (finish<L, O>(group, loop.arrays, base, totals), ...);
    // The next loop reads what other threads of the group have written.
    group.synchronize();
  }
  template <class L, int O, class Group>
  CTGRAD_HOST_DEVICE static void finish(const Group& group, const ArraysOf<L>& arrays,
                                        const std::int64_t (&base)[L::input_count + L::output_count],
                                        const detail::Totals<L>& totals) {
    using Out = typename L::template output<O>;
    if constexpr (Out::is_reduction) {
      const auto value = detail::Fold<L>::template together<O>(group, totals);
      if (group.rank() == 0)
        *reinterpret_cast<element_t<Out::dtype>*>(arrays.pointer[L::input_count + O] + base[L::input_count + O]) =
            value;
    }
  }
};

/// Runs the loops of a chain together and returns true, or returns false where there are too few rows for that: then a
/// row is better shared out between groups.
template <class System, class... K>
bool run_row_chain(System& system, const LoopArguments* loops) {
  const std::int64_t rows = loops[0].extent[0];
  const std::int64_t columns = loops[0].extent[1];
  const int group = columns <= 4 ? 1 : columns <= 1024 ? 32 : block_threads;
  if (rows * columns > 65536 && rows * group < system.concurrency() / 4) return false;
  if (rows == 0) return true;
  // Where there are no columns, sums are written all the same.
  int at = 0;
  const LoopLayout layouts[] = {layout_of<K>(loops[at++])...};
  system.for_each_group(rows, group,
                        RowChainBody<std::make_integer_sequence<int, sizeof...(K)>, K...>(columns, layouts));
  return true;
}

}  // namespace ctgrad::parallel
