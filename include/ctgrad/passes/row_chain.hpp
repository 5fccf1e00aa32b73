// SPDX-License-Identifier: BSL-1.0
/// \file
/// Finds runs of loops that work row by row: a softmax, a cross entropy with its gradient. On a device of many threads
/// a group can take a row through all of them at once, while the row is still near.
#pragma once

#include "ctgrad/passes/schedule.hpp"

namespace ctgrad {

/// The runs of a schedule. Runs of the same kernels are one kind.
template <int Steps>
struct RowChains {
  static constexpr int most_steps = 8;

  struct Kind {
    int count = 0;
    int kernel[most_steps] = {};
  };
  /// For each step that begins a run its kind, otherwise -1.
  int kind_of[Steps + 1] = {};
  Kind kind[Steps + 1] = {};
  int kind_count = 0;
};

namespace detail {

class RowChainFinder {
public:
  constexpr explicit RowChainFinder(const ScheduleView& schedule) : schedule_(schedule) {}

  /// The number of steps from `first` on that a group can run row by row; at least 1.
  constexpr int length_from(int first, int most) const {
    if (!is_row_loop(schedule_.steps[first]) || schedule_.steps[first].space.rank != 2) return 1;
    const ShapeValue& space = schedule_.steps[first].space;
    int operands = schedule_.steps[first].operand_count;
    bool folds = folds_columns(schedule_.steps[first]);
    int count = 1;
    while (count < most && first + count < schedule_.step_count) {
      const Step& next = schedule_.steps[first + count];
      operands += next.operand_count;
      if (operands > most_operands || !is_row_loop(next) || !same_rows(next.space, space)) break;
      bool good = true;
      for (int i = 0; i < count && good; ++i) good = stays_in_row(schedule_.steps[first + i], next);
      if (!good) break;
      folds = folds || folds_columns(next);
      ++count;
    }
    // Without a fold there is nothing that a row waits for: those loops are better one after the other.
    return folds ? count : 1;
  }

private:
  // All that a kernel is given must fit into its arguments.
  static constexpr int most_operands = 40;

  constexpr const StepOperand& operand(const Step& step, int k) const {
    return schedule_.operands[step.first_operand + k];
  }
  constexpr const KernelOutput& output(const Step& step, int o) const {
    return schedule_.outputs[schedule_.kernels[step.kernel].first_output + o];
  }

  static constexpr bool same_rows(const ShapeValue& a, const ShapeValue& space) {
    return a[0] == space[0] && (a.rank == 1 || a[1] == space[1]);
  }

  /// True for a loop over rows and columns that folds columns or nothing, or over rows that folds nothing.
  constexpr bool is_row_loop(const Step& step) const {
    if (step.kind != StepKind::kernel || step.space.rank > 2) return false;
    for (int o = 0; o < step.operand_count - step.input_count; ++o) {
      const StepOperand& to = operand(step, step.input_count + o);
      if (to.stride[0] == 0) return false;
      if (output(step, o).reduction >= 0 && (step.space.rank == 1 || to.stride[1] != 0)) return false;
    }
    return true;
  }

  constexpr bool folds_columns(const Step& step) const {
    for (int o = 0; o < step.operand_count - step.input_count; ++o)
      if (output(step, o).reduction >= 0) return true;
    return false;
  }

  /// The bytes that an operand touches, as multiples of its region's factor.
  struct Place {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    /// Bytes from row to row.
    Extent row = 0;
    bool is_known = false;
  };
  constexpr Place place_of(const Step& step, const StepOperand& x) const {
    Place place;
    if (x.offset != 0) return place;
    const auto bytes = static_cast<std::int64_t>(ctgrad::size_of(x.dtype));
    const bool has_columns = step.space.rank == 2 && x.stride[1] != 0;
    Extent span = has_columns ? multiply(x.stride[1], step.space[1]) : 1;
    if (x.stride[0] != 0) {
      if (has_columns && x.stride[0] != span) return place;
      if (!has_columns && x.stride[0] != 1) return place;
      span = multiply(x.stride[0], step.space[0]);
    }
    const Extent factor = x.region < schedule_.regions.arenas ? schedule_.arenas[x.region].factor : Extent{1};
    if (names_of(span) != names_of(factor)) return place;
    place.begin = x.byte_offset;
    place.end = x.byte_offset + coefficient_of(span) * bytes;
    place.row = multiply(x.stride[0], bytes);
    place.is_known = true;
    return place;
  }

  /// True when what one of two steps writes, the other touches in the same row or not at all.
  constexpr bool stays_in_row(const Step& a, const Step& b) const {
    for (int i = 0; i < a.operand_count; ++i)
      for (int k = 0; k < b.operand_count; ++k) {
        const StepOperand& x = operand(a, i);
        const StepOperand& y = operand(b, k);
        if ((i < a.input_count && k < b.input_count) || x.region != y.region) continue;
        const Place p = place_of(a, x);
        const Place q = place_of(b, y);
        if (!p.is_known || !q.is_known) return false;
        if (p.begin >= q.end || q.begin >= p.end) continue;
        if (p.begin != q.begin || p.row != q.row || p.row == 0) return false;
      }
    return true;
  }

  ScheduleView schedule_;
};

}  // namespace detail

/// The runs of `Source::view()`, from the first step on, each as long as it can be.
template <class Source>
constexpr auto find_row_chains() {
  constexpr ScheduleView schedule = Source::view();
  RowChains<schedule.step_count> chains;
  const detail::RowChainFinder finder(schedule);
  for (int i = 0; i < schedule.step_count;) {
    const int count = finder.length_from(i, chains.most_steps);
    chains.kind_of[i] = -1;
    for (int k = 1; k < count; ++k) chains.kind_of[i + k] = -1;
    if (count > 1) {
      int kind = 0;
      for (; kind < chains.kind_count; ++kind) {
        bool same = chains.kind[kind].count == count;
        for (int k = 0; k < count && same; ++k) same = chains.kind[kind].kernel[k] == schedule.steps[i + k].kernel;
        if (same) break;
      }
      if (kind == chains.kind_count) {
        chains.kind[kind].count = count;
        for (int k = 0; k < count; ++k) chains.kind[kind].kernel[k] = schedule.steps[i + k].kernel;
        ++chains.kind_count;
      }
      chains.kind_of[i] = kind;
    }
    i += count;
  }
  return chains;
}
template <class Source>
inline constexpr auto row_chains = find_row_chains<Source>();

}  // namespace ctgrad
