// SPDX-License-Identifier: BSL-1.0
/// \file
/// A fused loop without reductions: a thread for each pack of neighbouring elements.
#pragma once

#include "ctgrad/device/parallel/arrays.hpp"

namespace ctgrad::parallel {

/// Computes pack `index` of V elements of the loop.
template <class K, int V>
struct ElementwiseBody {
  static constexpr int count = K::input_count + K::output_count;

  ArraysOf<K> arrays;
  std::int64_t size;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t index) const {
    const std::int64_t first = index * V;
    if (V == 1 || first + V <= size) {
      run<V>(first);
    } else {
      for (std::int64_t i = first; i < size; ++i) run<1>(i);
    }
  }

private:
  template <int W>
  CTGRAD_HOST_DEVICE void run(std::int64_t first) const {
    std::int64_t offset[count] = {};
    arrays.locate(first, 0, arrays.rank, offset);
    run<W>(offset, std::make_integer_sequence<int, K::input_count>{},
           std::make_integer_sequence<int, K::output_count>{});
  }
  template <int W, int... I, int... O>
  CTGRAD_HOST_DEVICE void run(const std::int64_t (&offset)[count], std::integer_sequence<int, I...> inputs,
                              std::integer_sequence<int, O...>) const {
    typename K::template bank<1> bank[W];
    Element<K, W>::compute(bank, arrays, offset, inputs);
    (Element<K, W>::template store<O>(bank, arrays, offset), ...);
  }
};

/// Runs a loop without reductions.
template <class K, class System>
void run_elementwise(System& system, const LoopArguments& loop) {
  const LoopLayout layout = layout_of<K>(loop);
  const ArraysOf<K> arrays(layout);
  const std::int64_t size = loop.size();
  if (size == 0) return;
  constexpr int v = pack_width<K>;
  if (v > 1 && layout.packs(v)) {
    system.for_each((size + v - 1) / v, ElementwiseBody<K, v>{arrays, size});
  } else {
    system.for_each(size, ElementwiseBody<K, 1>{arrays, size});
  }
}

}  // namespace ctgrad::parallel
