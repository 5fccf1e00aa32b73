// SPDX-License-Identifier: BSL-1.0
/// \file
/// A fused loop with reductions: each result, or part of one, is folded by a group of threads; parts are folded in
/// order by a second pass. So the bits of a result do not depend on which thread came first.
#pragma once

#include "ctgrad/device/parallel/arrays.hpp"

namespace ctgrad::parallel {

/// How the work of a reduction is shared out.
struct ReductionPlan {
  /// Threads that fold one part together: 1, 32 or `block_threads`.
  int group = 1;
  /// Parts that each result is folded in.
  std::int64_t parts = 1;
  /// Elements of a part.
  std::int64_t part_length = 0;
};

/// Threads of the largest group.
inline constexpr int block_threads = 256;

/// Shares `results` folds of `length` elements between about `threads` threads. Where the innermost axis is folded
/// neighbouring threads take neighbouring elements of one fold, otherwise neighbouring folds. A part's length is a
/// multiple of `v`, the elements that are read at once.
inline ReductionPlan plan_reduction(std::int64_t results, std::int64_t length, bool folds_innermost, int v,
                                    std::int64_t threads) {
  ReductionPlan plan;
  if (folds_innermost) plan.group = length <= 4 * v ? 1 : length <= 64 * v ? 32 : block_threads;
  // A part is at least this long: its result is written and read once more.
  const std::int64_t shortest = folds_innermost ? std::int64_t{16} * block_threads * v : 64;
  const std::int64_t wanted = results > 0 ? threads / (results * plan.group) : 1;
  const std::int64_t most = length / shortest;
  plan.parts = wanted < most ? wanted : most;
  if (plan.parts < 1) plan.parts = 1;
  if (plan.parts > 4096) plan.parts = 4096;
  plan.part_length = (length + plan.parts - 1) / plan.parts;
  plan.part_length = (plan.part_length + v - 1) / v * v;
  if (plan.part_length > 0) plan.parts = length == 0 ? 1 : (length + plan.part_length - 1) / plan.part_length;
  return plan;
}

namespace detail {

/// The running result of every output that is a reduction.
template <class K, int O, bool = K::template output<O>::is_reduction>
struct Total {};
template <class K, int O>
struct Total<K, O, true> {
  element_t<K::template output<O>::dtype> value;
};
template <class K, class Outputs>
struct TotalsOf;
template <class K, int... O>
struct TotalsOf<K, std::integer_sequence<int, O...>> : Total<K, O>... {};
template <class K>
using Totals = TotalsOf<K, std::make_integer_sequence<int, K::output_count>>;

template <class K, int O>
CTGRAD_HOST_DEVICE auto& total(Total<K, O, true>& t) {
  return t.value;
}
template <class K, int O>
CTGRAD_HOST_DEVICE const auto& total(const Total<K, O, true>& t) {
  return t.value;
}

/// What a group does with the elements of one fold: it computes them, stores what is stored, and adds up the rest.
template <class K>
struct Fold {
  static constexpr int count = K::input_count + K::output_count;
  using Inputs = std::make_integer_sequence<int, K::input_count>;
  using Outputs = std::make_integer_sequence<int, K::output_count>;
  using Offsets = std::int64_t[count];

  /// Elements [begin, end) along the axes from `first_axis` on, V at a time; `base` is where the fold lies.
  template <int V, class Group>
  CTGRAD_HOST_DEVICE static void run(const Group& group, const ArraysOf<K>& arrays, const Offsets& base, int first_axis,
                                     std::int64_t begin, std::int64_t end, Totals<K>& totals) {
    reset(totals, Outputs{});
    const std::int64_t whole = begin + (end - begin) / V * V;
    CTGRAD_UNROLL
    for (std::int64_t i = begin + group.rank() * V; i < whole; i += group.size() * V)
      add<V>(arrays, base, first_axis, i, totals, Outputs{});
    if constexpr (V > 1)
      for (std::int64_t i = whole + group.rank(); i < end; i += group.size())
        add<1>(arrays, base, first_axis, i, totals, Outputs{});
  }

  /// The whole group's fold of output O, for rank 0.
  template <int O, class Group>
  CTGRAD_HOST_DEVICE static auto together(const Group& group, const Totals<K>& totals) {
    return group.template reduce<typename K::template output<O>::reduction>(total<K, O>(totals));
  }

private:
  template <int... O>
  CTGRAD_HOST_DEVICE static void reset(Totals<K>& totals, std::integer_sequence<int, O...>) {
    (reset_one<O>(totals), ...);
  }
  template <int O>
  CTGRAD_HOST_DEVICE static void reset_one(Totals<K>& totals) {
    using Out = typename K::template output<O>;
    if constexpr (Out::is_reduction) total<K, O>(totals) = Out::reduction::template identity<element_t<Out::dtype>>();
  }
  template <int W, int... O>
  CTGRAD_HOST_DEVICE static void add(const ArraysOf<K>& arrays, const Offsets& base, int first_axis, std::int64_t i,
                                     Totals<K>& totals, std::integer_sequence<int, O...>) {
    Offsets offset;
    for (int k = 0; k < count; ++k) offset[k] = base[k];
    arrays.locate(i, first_axis, arrays.rank, offset);
    typename K::template bank<1> bank[W];
    Element<K, W>::compute(bank, arrays, offset, Inputs{});
    (Element<K, W>::template store<O>(bank, arrays, offset), ...);
    (fold<O, W>(totals, bank), ...);
  }
  template <int O, int W>
  CTGRAD_HOST_DEVICE static void fold(Totals<K>& totals, const typename K::template bank<1> (&bank)[W]) {
    using Out = typename K::template output<O>;
    if constexpr (Out::is_reduction) {
      auto& sum = total<K, O>(totals);
      for (int j = 0; j < W; ++j) sum = Out::reduction::combine(sum, kernels::get<Out::value>(bank[j]));
    }
  }
};

}  // namespace detail

/// Folds part `task / results` of result `task % results` with the threads of a group.
template <class K, int V>
struct ReductionBody {
  static constexpr int count = K::input_count + K::output_count;

  ArraysOf<K> arrays;
  std::int64_t results;
  std::int64_t length;
  std::int64_t parts;
  std::int64_t part_length;
  /// For each output, where its partial results go when there are several parts: [parts, results].
  char* partial[K::output_count];

  template <class Group>
  CTGRAD_HOST_DEVICE void operator()(const Group& group, std::int64_t task) const {
    run(group, task, std::make_integer_sequence<int, K::output_count>{});
  }

private:
  template <class Group, int... O>
  CTGRAD_HOST_DEVICE void run(const Group& group, std::int64_t task, std::integer_sequence<int, O...>) const {
    const std::int64_t result = parts == 1 ? task : task % results;
    const std::int64_t part = parts == 1 ? 0 : task / results;
    std::int64_t base[count] = {};
    arrays.locate(result, 0, arrays.kept, base);
    const std::int64_t begin = part * part_length;
    const std::int64_t end = begin + part_length < length ? begin + part_length : length;
    detail::Totals<K> totals;
    detail::Fold<K>::template run<V>(group, arrays, base, arrays.kept, begin, end, totals);
    (finish<O>(group, totals, base, result, part), ...);
  }

  template <int O, class Group>
  CTGRAD_HOST_DEVICE void finish(const Group& group, const detail::Totals<K>& totals, const std::int64_t (&base)[count],
                                 std::int64_t result, std::int64_t part) const {
    using Out = typename K::template output<O>;
    if constexpr (Out::is_reduction) {
      using T = element_t<Out::dtype>;
      const T value = detail::Fold<K>::template together<O>(group, totals);
      if (group.rank() != 0) return;
      if (parts == 1) {
        *reinterpret_cast<T*>(arrays.pointer[K::input_count + O] + base[K::input_count + O]) = value;
      } else {
        reinterpret_cast<T*>(partial[O])[part * results + result] = value;
      }
    }
  }
};

/// Folds the partial results of result `result`, in order of the parts.
template <class K>
struct FoldBody {
  ArraysOf<K> arrays;
  std::int64_t results;
  std::int64_t parts;
  char* partial[K::output_count];

  template <class Group>
  CTGRAD_HOST_DEVICE void operator()(const Group& group, std::int64_t result) const {
    run(group, result, std::make_integer_sequence<int, K::output_count>{});
  }

private:
  template <class Group, int... O>
  CTGRAD_HOST_DEVICE void run(const Group& group, std::int64_t result, std::integer_sequence<int, O...>) const {
    std::int64_t base[K::input_count + K::output_count] = {};
    arrays.locate(result, 0, arrays.kept, base);
    (fold<O>(group, base, result), ...);
  }
  template <int O, class Group>
  CTGRAD_HOST_DEVICE void fold(const Group& group, const std::int64_t (&base)[K::input_count + K::output_count],
                               std::int64_t result) const {
    using Out = typename K::template output<O>;
    if constexpr (Out::is_reduction) {
      using T = element_t<Out::dtype>;
      const T* from = reinterpret_cast<const T*>(partial[O]);
      T sum = Out::reduction::template identity<T>();
      for (std::int64_t p = group.rank(); p < parts; p += group.size())
        sum = Out::reduction::combine(sum, from[p * results + result]);
      sum = group.template reduce<typename Out::reduction>(sum);
      if (group.rank() == 0) *reinterpret_cast<T*>(arrays.pointer[K::input_count + O] + base[K::input_count + O]) = sum;
    }
  }
};

namespace detail {

/// Room for the partial results of each reduction, in the system's scratch memory.
template <class K, class System, int... O>
void place_partials(System& system, std::int64_t elements, char* (&partial)[K::output_count],
                    std::integer_sequence<int, O...>) {
  std::int64_t offset[K::output_count] = {};
  std::int64_t bytes = 0;
  auto add = [&](int o, bool is_reduction, DType dtype) {
    if (!is_reduction) return;
    offset[o] = bytes;
    bytes += (elements * static_cast<std::int64_t>(size_of(dtype)) + 15) / 16 * 16;
  };
  (add(O, K::template output<O>::is_reduction, K::template output<O>::dtype), ...);
  auto* memory = static_cast<char*>(system.scratch(static_cast<std::size_t>(bytes)));
  ((partial[O] = memory + offset[O]), ...);
}

template <class K, int V, class System>
void start_reduction(System& system, const LoopLayout& layout) {
  const ArraysOf<K> arrays(layout);
  const std::int64_t results = layout.results();
  const std::int64_t length = layout.folded();
  const ReductionPlan plan = plan_reduction(results, length, layout.folds_innermost, V, system.concurrency());
  ReductionBody<K, V> body{arrays, results, length, plan.parts, plan.part_length, {}};
  if (plan.parts > 1)
    place_partials<K>(system, results * plan.parts, body.partial, std::make_integer_sequence<int, K::output_count>{});
  system.for_each_group(results * plan.parts, plan.group, body);
  if (plan.parts == 1) return;
  FoldBody<K> fold{arrays, results, plan.parts, {}};
  for (int o = 0; o < K::output_count; ++o) fold.partial[o] = body.partial[o];
  // Few results of many parts are folded by groups, many results by a thread each, side by side in memory.
  const int group = results >= 1024 || plan.parts <= 4 ? 1 : plan.parts <= 64 ? 32 : block_threads;
  system.for_each_group(results, group, fold);
}

}  // namespace detail

/// Runs a loop with reductions. Reductions over nothing give their identity.
template <class K, class System>
void run_reduction(System& system, const LoopArguments& loop) {
  const LoopLayout layout = layout_of<K>(loop);
  if (layout.results() == 0) return;
  constexpr int v = pack_width<K>;
  if constexpr (v > 1) {
    // Where the innermost axis is kept, neighbouring threads read neighbouring elements: no packs are needed.
    if (layout.folds_innermost && layout.packs(v)) return detail::start_reduction<K, v>(system, layout);
  }
  detail::start_reduction<K, 1>(system, layout);
}

}  // namespace ctgrad::parallel
