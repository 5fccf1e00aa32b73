// SPDX-License-Identifier: BSL-1.0
/// \file
/// The steps with indices: gathering, adding back, rows of a table, the place of the largest element. Sums are added in
/// the order of the indices, whatever thread comes first.
#pragma once

#include <algorithm>

#include "ctgrad/device/parallel/index_report.hpp"

namespace ctgrad::parallel {

/// An array of int32 or int64 indices.
struct IndexArray {
  const void* data;
  bool wide;

  IndexArray(const void* indices, DType dtype) : data(indices), wide(dtype == DType::int64) {}
  CTGRAD_HOST_DEVICE std::int64_t operator[](std::int64_t i) const {
    return wide ? static_cast<const std::int64_t*>(data)[i] : static_cast<const std::int32_t*>(data)[i];
  }
};

/// Element i of the result, shaped like the indices: [outer, part, inner] from [outer, length, inner].
template <class T>
struct GatherBody {
  const T* from;
  T* result;
  IndexArray index;
  std::int64_t inner, length, part;
  IndexReport* report;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t at = index[i];
    if (!check_index(report, Indexed::gather, at, length)) return;
    const std::int64_t outer = i / (part * inner);
    result[i] = from[(outer * length + at) * inner + i % inner];
  }
};

template <class T, class System>
void run_gather(System& system, const StepArguments& x, int axis) {
  const AxisSplit full(x.shape[0], axis);
  const AxisSplit part(x.result_shape(), axis);
  system.for_each(
      x.result_shape().size(),
      GatherBody<T>{static_cast<const T*>(x.pointer[0]), static_cast<T*>(x.result()),
                    IndexArray(x.pointer[1], x.dtype[1]), full.inner, full.length, part.length, system.index_report()});
  system.check_indices();
}

/// Line i of the result: zeros, and the elements of one line of the operand added in order. Lines do not meet.
template <class T>
struct ScatterAddBody {
  using Sum = compute_t<T>;

  const T* from;
  T* result;
  /// Where sums are kept until they are rounded: the result itself unless elements have 16 bits.
  Sum* sums;
  IndexArray index;
  std::int64_t inner, length, part;
  IndexReport* report;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t outer = i / inner;
    const std::int64_t j = i - outer * inner;
    const std::int64_t first = outer * length * inner + j;
    for (std::int64_t k = 0; k < length; ++k) sums[first + k * inner] = Sum(0);
    for (std::int64_t k = 0; k < part; ++k) {
      const std::int64_t small = (outer * part + k) * inner + j;
      const std::int64_t at = index[small];
      if (!check_index(report, Indexed::scatter_add, at, length)) continue;
      Sum& sum = sums[first + at * inner];
      sum = static_cast<Sum>(sum + static_cast<Sum>(from[small]));
    }
    if constexpr (!std::is_same_v<T, Sum>)
      for (std::int64_t k = 0; k < length; ++k) result[first + k * inner] = static_cast<T>(sums[first + k * inner]);
  }
};

template <class T, class System>
void run_scatter_add(System& system, const StepArguments& x, int axis) {
  using Sum = compute_t<T>;
  const AxisSplit full(x.result_shape(), axis);
  const AxisSplit part(x.shape[0], axis);
  auto* result = static_cast<T*>(x.result());
  Sum* sums = nullptr;
  if constexpr (std::is_same_v<T, Sum>) {
    sums = result;
  } else {
    sums = static_cast<Sum*>(system.scratch(static_cast<std::size_t>(x.result_shape().size()) * sizeof(Sum)));
  }
  system.for_each(full.outer * full.inner, ScatterAddBody<T>{static_cast<const T*>(x.pointer[0]), result, sums,
                                                             IndexArray(x.pointer[1], x.dtype[1]), full.inner,
                                                             full.length, part.length, system.index_report()});
  system.check_indices();
}

/// Element i of the rows that were asked for.
template <class T>
struct TakeBody {
  const T* table;
  T* result;
  IndexArray index;
  std::int64_t inner, length;
  IndexReport* report;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t row = i / inner;
    const std::int64_t at = index[row];
    if (!check_index(report, Indexed::take, at, length)) return;
    result[i] = table[at * inner + i - row * inner];
  }
};

template <class T, class System>
void run_take(System& system, const StepArguments& x) {
  const AxisSplit rows(x.shape[0], 0);
  system.for_each(x.result_shape().size(),
                  TakeBody<T>{static_cast<const T*>(x.pointer[0]), static_cast<T*>(x.result()),
                              IndexArray(x.pointer[1], x.dtype[1]), rows.inner, rows.length, system.index_report()});
  system.check_indices();
}

/// The places of each row of a table among the indices, as a chain in rising order: the first place of each row, the
/// next one of the same row after each place, -1 at the end; and whether a place follows another.
struct IndexChains {
  std::int64_t* first;
  std::int64_t* next;
  bool* follows;
  std::int64_t rows, count;

  static std::size_t bytes(std::int64_t rows, std::int64_t count) {
    return static_cast<std::size_t>(rows + count) * sizeof(std::int64_t) + static_cast<std::size_t>(count);
  }
  IndexChains(void* memory, std::int64_t row_count, std::int64_t index_count)
      : first(static_cast<std::int64_t*>(memory)),
        next(first + row_count),
        follows(reinterpret_cast<bool*>(next + index_count)),
        rows(row_count),
        count(index_count) {}
};

struct ClearChainsBody {
  IndexChains chains;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    if (i < chains.rows) chains.first[i] = -1;
    if (i < chains.count) chains.follows[i] = false;
  }
};

/// Place i looks for the next one of its row: at most as many steps as there are indices, about as many as there are
/// rows where all are asked for alike. Neighbouring threads look at neighbours.
struct LinkPlacesBody {
  IndexChains chains;
  IndexArray index;
  IndexReport* report;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t row = index[i];
    std::int64_t next = i + 1;
    if (!check_index(report, Indexed::take_adjoint, row, chains.rows)) next = chains.count;
    while (next < chains.count && index[next] != row) ++next;
    chains.next[i] = next < chains.count ? next : -1;
    if (next < chains.count) chains.follows[next] = true;
  }
};

struct BeginChainsBody {
  IndexChains chains;
  IndexArray index;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t row = index[i];
    if (row >= 0 && row < chains.rows && !chains.follows[i]) chains.first[row] = i;
  }
};

/// Row r of the table: the sum of the rows of the operand in its chain, in order. Each thread of a group has columns of
/// its own, so it needs the others for nothing.
template <class T>
struct TakeAdjointBody {
  const T* from;
  T* table;
  IndexChains chains;
  std::int64_t inner;

  template <class Group>
  CTGRAD_HOST_DEVICE void operator()(const Group& group, std::int64_t row) const {
    T* to = table + row * inner;
    for (std::int64_t j = group.rank(); j < inner; j += group.size()) {
      compute_t<T> sum = 0;
      for (std::int64_t i = chains.first[row]; i >= 0; i = chains.next[i])
        sum += static_cast<compute_t<T>>(from[i * inner + j]);
      to[j] = static_cast<T>(sum);
    }
  }
};

template <class T, class System>
void run_take_adjoint(System& system, const StepArguments& x) {
  const AxisSplit rows(x.result_shape(), 0);
  const IndexArray index(x.pointer[1], x.dtype[1]);
  const std::int64_t count = x.shape[1].size();
  const IndexChains chains(system.scratch(IndexChains::bytes(rows.length, count) + 1), rows.length, count);
  system.for_each(std::max(rows.length, count), ClearChainsBody{chains});
  system.for_each(count, LinkPlacesBody{chains, index, system.index_report()});
  system.check_indices();
  system.for_each(count, BeginChainsBody{chains, index});
  system.for_each_group(
      rows.length, 32,
      TakeAdjointBody<T>{static_cast<const T*>(x.pointer[0]), static_cast<T*>(x.result()), chains, rows.inner});
}

/// The better of two places in a line: the larger (smaller) element, the first of equals; NaN is before all.
template <class T, bool Largest>
struct BetterPlace {
  CTGRAD_HOST_DEVICE static bool is_better(T a, std::int64_t place_a, T b, std::int64_t place_b) {
    const bool a_is_nan = a != a;
    const bool b_is_nan = b != b;
    if (a_is_nan || b_is_nan) return a_is_nan && (!b_is_nan || place_a < place_b);
    if (a == b) return place_a < place_b;
    return Largest ? a > b : a < b;
  }
};

/// An element and its place, as a group folds them.
template <class T>
struct PlacedElement {
  T value;
  std::int64_t place;
};

template <class T, bool Largest>
struct FoldPlaces {
  CTGRAD_HOST_DEVICE static PlacedElement<T> combine(PlacedElement<T> a, PlacedElement<T> b) {
    // A negative place stands for a thread that has seen nothing.
    if (b.place < 0) return a;
    if (a.place < 0) return b;
    return BetterPlace<T, Largest>::is_better(b.value, b.place, a.value, a.place) ? b : a;
  }
};

/// The place of the largest element of line i.
template <class T, bool Largest>
struct ArgReduceBody {
  const T* from;
  std::int64_t* result;
  std::int64_t inner, length;

  template <class Group>
  CTGRAD_HOST_DEVICE void operator()(const Group& group, std::int64_t i) const {
    const std::int64_t outer = i / inner;
    const T* line = from + outer * length * inner + i - outer * inner;
    PlacedElement<T> best{T(), -1};
    for (std::int64_t k = group.rank(); k < length; k += group.size())
      best = FoldPlaces<T, Largest>::combine(best, {line[k * inner], k});
    best = group.template reduce<FoldPlaces<T, Largest>>(best);
    if (group.rank() == 0) result[i] = best.place;
  }
};

template <class T, bool Largest, class System>
void run_arg_reduce(System& system, const StepArguments& x, int axis) {
  const AxisSplit split(x.shape[0], axis);
  const std::int64_t lines = split.outer * split.inner;
  if (split.length == 0 && lines > 0)
    throw_error("ctgrad: argmax or argmin of an axis of length 0 has no answer; give it at least one element");
  // Neighbouring lines are neighbours in memory where the axis is not the last.
  const int group = split.inner > 1 || split.length <= 8 ? 1 : split.length <= 1024 ? 32 : 256;
  system.for_each_group(lines, group,
                        ArgReduceBody<T, Largest>{static_cast<const T*>(x.pointer[0]),
                                                  static_cast<std::int64_t*>(x.result()), split.inner, split.length});
}

}  // namespace ctgrad::parallel
