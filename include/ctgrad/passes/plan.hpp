// SPDX-License-Identifier: BSL-1.0
/// \file
/// Gives every array a place in memory: by liveness, in one arena per run-time factor.
///
/// Steps are visited in order. An array gets the smallest free gap that holds it when its first step
/// comes, and gives it back after its last. A result of an elementwise loop takes over the place of an
/// operand that dies there. Cost: steps times the number of gaps, which stays small.
#pragma once

#include "ctgrad/passes/lower.hpp"

namespace ctgrad {

namespace detail {

/// Bytes of `count` elements, rounded so that what follows in an arena is aligned to a cache line. Arrays
/// smaller than that are rounded to their elements only: their size is multiplied by a run-time factor.
constexpr std::int64_t array_bytes(Extent size, DType dtype) {
  const std::int64_t bytes = coefficient_of(size) * static_cast<std::int64_t>(ctgrad::size_of(dtype));
  if (is_static(size) || bytes >= 64) return (bytes + 63) / 64 * 64;
  return (bytes + 7) / 8 * 8;
}

/// One arena while it is planned: a list of gaps below the high-water mark, sorted.
class ArenaPlanner {
public:
  /// A place that begins at a multiple of `alignment`.
  constexpr std::int64_t allocate(std::int64_t bytes, std::int64_t alignment) {
    int best = -1;
    for (int i = 0; i < gaps_.count; ++i) {
      const Gap& gap = gaps_.at[i];
      const std::int64_t end = round_up(gap.offset, alignment) + bytes;
      if (end <= gap.offset + gap.bytes && (best < 0 || gap.bytes < gaps_.at[best].bytes)) best = i;
    }
    Gap gap;
    if (best < 0) {
      // Grow; a gap that touches the top is used first.
      gap.offset = top_;
      if (!gaps_.empty() && gaps_.back().offset + gaps_.back().bytes == top_) {
        gap.offset = gaps_.back().offset;
        gaps_.pop_back();
      }
      top_ = round_up(gap.offset, alignment) + bytes;
      gap.bytes = top_ - gap.offset;
    } else {
      gap = gaps_.at[best];
      gaps_.erase(best);
    }
    const std::int64_t offset = round_up(gap.offset, alignment);
    release(gap.offset, offset - gap.offset);
    release(offset + bytes, gap.offset + gap.bytes - offset - bytes);
    return offset;
  }

  constexpr void release(std::int64_t offset, std::int64_t bytes) {
    if (bytes == 0) return;
    int at = gaps_.count;
    while (at > 0 && gaps_.at[at - 1].offset > offset) --at;
    const bool joins_left = at > 0 && gaps_.at[at - 1].offset + gaps_.at[at - 1].bytes == offset;
    const bool joins_right = at < gaps_.count && offset + bytes == gaps_.at[at].offset;
    if (joins_left && joins_right) {
      gaps_.at[at - 1].bytes += bytes + gaps_.at[at].bytes;
      gaps_.erase(at);
    } else if (joins_left) {
      gaps_.at[at - 1].bytes += bytes;
    } else if (joins_right) {
      gaps_.at[at].offset = offset;
      gaps_.at[at].bytes += bytes;
    } else {
      gaps_.insert(at, {offset, bytes});
    }
  }

  constexpr std::int64_t top() const { return top_; }

private:
  struct Gap {
    std::int64_t offset = 0;
    std::int64_t bytes = 0;
  };
  static constexpr std::int64_t round_up(std::int64_t offset, std::int64_t alignment) {
    return (offset + alignment - 1) / alignment * alignment;
  }
  Vector<Gap> gaps_;
  std::int64_t top_ = 0;
};

class Planner {
public:
  constexpr Planner(const GraphView& graph, ScheduleBuilder& schedule, int blocks, bool results_apart)
      : graph_(graph),
        out_(schedule),
        accesses_(graph),
        region_(graph.size, -1),
        offset_(graph.size),
        last_use_(graph.size, -1),
        owner_(graph.size, -1),
        pinned_(graph.size) {
    out_.regions.blocks = blocks;
    for (int i = 0; i < graph.output_count; ++i)
      if (results_apart && graph.outputs[i].kind == OutputKind::result) ++out_.regions.results;
    for (int i = 0; i < graph.size; ++i) owner_.at[i] = i;
    for (int i = 0; i < graph.shape_count; ++i) shape_size_.push_back(graph.shapes[i].size());
  }

  constexpr void run() {
    find_arenas();
    place_leaves();
    place_fixed();
    find_last_uses();
    for (int step = out_.steps.count - 1; step >= 0; --step) place_in_results(step);
    for (int step = 0; step < out_.steps.count; ++step) plan_step(step);
    for (int i = 0; i < out_.arenas.count; ++i) out_.arenas.at[i].bytes = planners_.at[i].top();
    for (int i = 0; i < out_.operands.count; ++i) place(out_.operands.at[i]);
    check_updates();
    for (int i = 0; i < graph_.output_count; ++i) {
      const Output& output = graph_.outputs[i];
      if (output.kind != OutputKind::result) continue;
      ResultPlace result;
      result.place.node = output.node;
      result.place.dtype = graph_.nodes[output.node].dtype;
      place(result.place);
      result.shape = graph_.shape(output.node);
      out_.results.push_back(result);
    }
  }

private:
  constexpr std::int64_t bytes_of(int node) const { return array_bytes(size_of_node(node), graph_.nodes[node].dtype); }
  constexpr Extent size_of_node(int node) const { return shape_size_.at[graph_.nodes[node].shape]; }

  constexpr int arena_of(Extent size) {
    const Extent factor = is_static(size) ? 1 : make_extent(1, names_of(size));
    for (int i = 0; i < out_.arenas.count; ++i)
      if (out_.arenas.at[i].factor == factor) return i;
    out_.arenas.push_back({factor, 0, 0});
    planners_.push_back(ArenaPlanner{});
    return out_.arenas.count - 1;
  }

  /// The number of arenas fixes the numbers of the regions after them, so it must be known first.
  constexpr void find_arenas() {
    arena_of(1);
    for (int i = 0; i < out_.steps.count; ++i) {
      const Step& step = out_.steps.at[i];
      for (int k = step.input_count; k < step.operand_count; ++k)
        arena_of(size_of_node(out_.operands.at[step.first_operand + k].node));
    }
    out_.regions.arenas = out_.arenas.count;
  }

  constexpr void place_leaves() {
    // Parameters lie side by side in the first block, buffers in the last.
    std::int64_t block_size[2] = {};
    Vector<std::int64_t> parameter_offsets;
    for (int i = 0; i < graph_.parameter_count; ++i) {
      const ParameterInfo& parameter = graph_.parameters[i];
      std::int64_t& offset = block_size[parameter.trainable ? 0 : 1];
      parameter_offsets.push_back(offset);
      offset += coefficient_of(graph_.shapes[parameter.shape].size()) *
                static_cast<std::int64_t>(ctgrad::size_of(parameter.dtype));
    }
    for (int i = 0; i < graph_.size; ++i) {
      const Node& node = graph_.nodes[i];
      if (!is_memory_leaf(node)) continue;
      if (node.op == opcode<ops::Input>) {
        region_.at[i] = out_.regions.input(static_cast<int>(node.attribute));
      } else if (node.op == opcode<ops::Parameter>) {
        const int number = static_cast<int>(node.attribute);
        region_.at[i] = out_.regions.block(graph_.parameters[number].trainable ? 0 : out_.regions.blocks - 1);
        offset_.at[i] = parameter_offsets.at[number];
      } else if (node.op == opcode<ops::Block>) {
        region_.at[i] = out_.regions.block(static_cast<int>(node.attribute));
      } else {
        place_constant(i);
      }
    }
  }

  constexpr void place_constant(int i) {
    const Node& node = graph_.nodes[i];
    ConstantEntry entry;
    entry.dtype = node.dtype;
    entry.byte_offset = out_.constant_bytes;
    entry.value = node.scalar;
    if (node.op == opcode<ops::Arange>) {
      entry.kind = ConstantEntry::Kind::arange;
      entry.count = graph_.shape(i).size();
      if (entry.count < 0) throw "arange needs a length known at compile time";
    } else if (node.op == opcode<ops::Table>) {
      entry.kind = ConstantEntry::Kind::table;
      entry.count = graph_.shape(i).size();
      entry.table = node.table;
    } else if (node.op == opcode<ops::ExtentOf>) {
      entry.kind = ConstantEntry::Kind::extent;
      entry.extent = node.attribute;
    }
    region_.at[i] = out_.regions.constants();
    offset_.at[i] = out_.constant_bytes;
    out_.constant_bytes += (entry.count * static_cast<std::int64_t>(ctgrad::size_of(node.dtype)) + 7) / 8 * 8;
    out_.constants.push_back(entry);
  }

  /// Arrays whose place is not theirs to choose: parts of packs, updates of blocks, and results where they have regions
  /// of their own. A result that is an argument or a constant, or the same as another, lies where that is.
  constexpr void place_fixed() {
    part_offset_ = Vector<std::int64_t>(graph_.size);
    for (int i = 0; i < graph_.size; ++i) {
      const Node& node = graph_.nodes[i];
      if (node.op != opcode<ops::Pack>) continue;
      std::int64_t offset = 0;
      for (int k = 0; k < ops::Pack::count(node.attribute); ++k) {
        const int part = accesses_.root(graph_.lists[ops::Pack::first(node.attribute) + k]);
        owner_.at[part] = i;
        part_offset_.at[part] = offset;
        offset += size_of_node(part) * static_cast<std::int64_t>(ctgrad::size_of(node.dtype));
      }
    }
    int result = 0;
    for (int i = 0; i < graph_.output_count; ++i) {
      const Output& output = graph_.outputs[i];
      if (output.kind == OutputKind::update) {
        region_.at[output.node] = out_.regions.block(output.index);
      } else {
        pinned_.at[owner_.at[output.node]] = 1;
        const bool own = region_.at[output.node] < 0 && owner_.at[output.node] == output.node;
        if (out_.regions.results > 0 && own) region_.at[output.node] = out_.regions.result(result);
        ++result;
      }
    }
  }

  constexpr void find_last_uses() {
    for (int s = 0; s < out_.steps.count; ++s) {
      const Step& step = out_.steps.at[s];
      for (int k = 0; k < step.operand_count; ++k)
        last_use_.at[owner_.at[out_.operands.at[step.first_operand + k].node]] = s;
    }
  }

  constexpr bool is_temporary(int node) const {
    return !is_memory_leaf(graph_.nodes[node]) && (region_.at[node] < 0 || region_.at[node] < out_.regions.arenas);
  }

  /// What a loop overwrites with a result that has a region of its own lies there from the beginning.
  constexpr void place_in_results(int s) {
    const Step step = out_.steps.at[s];
    for (int k = step.input_count; k < step.operand_count; ++k) {
      const int node = owner_.at[out_.operands.at[step.first_operand + k].node];
      const int first = out_.regions.result(0);
      if (region_.at[node] < first || region_.at[node] >= first + out_.regions.results) continue;
      const int heir = find_dying_operand(s, step, k, node);
      if (heir >= 0) region_.at[heir] = region_.at[node];
    }
  }

  constexpr void plan_step(int s) {
    const Step step = out_.steps.at[s];
    for (int k = step.input_count; k < step.operand_count; ++k) {
      const int node = owner_.at[out_.operands.at[step.first_operand + k].node];
      if (region_.at[node] >= 0) continue;
      const Extent size = size_of_node(node);
      region_.at[node] = arena_of(size);
      ArenaInfo& arena = out_.arenas.at[region_.at[node]];
      arena.bytes_without_reuse += bytes_of(node);
      const int heir = find_dying_operand(s, step, k, node);
      if (heir >= 0) {
        offset_.at[node] = offset_.at[heir];
        released_.push_back(heir);
      } else {
        // Large arrays begin at a page, as those outside of arenas do: see Memory. A run-time factor would multiply
        // what lies before them.
        const bool large = is_static(size) && bytes_of(node) >= 16384;
        offset_.at[node] = planners_.at[region_.at[node]].allocate(bytes_of(node), large ? 4096 : 1);
      }
    }
    // A part of an epilogue may run before the last part of its step: what that step uses is released after both.
    if (s + 1 < out_.steps.count && out_.steps.at[s + 1].is_epilogue) return;
    if (step.is_epilogue) release_operands(out_.steps.at[s - 1], s - 1);
    release_operands(step, s);
    released_.clear();
  }

  constexpr void release_operands(const Step& step, int last) {
    for (int k = 0; k < step.operand_count; ++k) {
      const int node = owner_.at[out_.operands.at[step.first_operand + k].node];
      if (last_use_.at[node] != last || !is_temporary(node) || pinned_.at[node] != 0 || was_released(node)) continue;
      planners_.at[region_.at[node]].release(offset_.at[node], bytes_of(node));
      released_.push_back(node);
    }
  }

  constexpr bool was_released(int node) const {
    for (int i = 0; i < released_.count; ++i)
      if (released_.at[i] == node) return true;
    return false;
  }

  /// An operand of an elementwise loop that dies here and that the output may overwrite: same bytes, and
  /// each element is read only where it is written.
  constexpr int find_dying_operand(int s, const Step& step, int output, int node) const {
    if (step.kind != StepKind::kernel) return -1;
    const StepOperand& to = out_.operands.at[step.first_operand + output];
    const KernelOutput& description =
        out_.outputs.at[out_.kernels.at[step.kernel].first_output + output - step.input_count];
    if (description.reduction >= 0 || owner_.at[to.node] != to.node) return -1;
    for (int k = 0; k < step.input_count; ++k) {
      const StepOperand& from = out_.operands.at[step.first_operand + k];
      const int x = from.node;
      if (owner_.at[x] != x || !is_temporary(x) || pinned_.at[x] != 0 || last_use_.at[x] != s || was_released(x) ||
          (region_.at[x] >= 0 && region_.at[x] != region_.at[node]) || bytes_of(x) != bytes_of(node) ||
          from.offset != to.offset || ctgrad::size_of(from.dtype) != ctgrad::size_of(to.dtype))
        continue;
      bool same = true;
      for (int axis = 0; axis < step.space.rank; ++axis) same = same && from.stride[axis] == to.stride[axis];
      // Nor may another operand be a part of it.
      for (int other = 0; other < step.operand_count; ++other)
        same = same && (other == k || owner_.at[out_.operands.at[step.first_operand + other].node] != x);
      if (same && !(step.is_epilogue && is_input(out_.steps.at[s - 1], x))) return x;
    }
    return -1;
  }

  /// True when a step reads the array. Other parts of a step that has an epilogue may still do so.
  constexpr bool is_input(const Step& step, int node) const {
    for (int k = 0; k < step.input_count; ++k)
      if (owner_.at[out_.operands.at[step.first_operand + k].node] == node) return true;
    return false;
  }

  constexpr void place(StepOperand& operand) const {
    const int owner = owner_.at[operand.node];
    operand.array = owner;
    operand.region = region_.at[owner];
    operand.byte_offset = offset_.at[owner] + part_offset_.at[operand.node];
  }

  /// A block may be overwritten only when nobody reads it later.
  constexpr void check_updates() const {
    const int first = out_.regions.block(0);
    const int last = first + out_.regions.blocks;
    if (first == last) return;
    Vector<int> written(out_.regions.blocks, -1);
    for (int s = 0; s < out_.steps.count; ++s) {
      const Step& step = out_.steps.at[s];
      const StepOperand* operands = out_.operands.data() + step.first_operand;
      for (int k = 0; k < step.operand_count; ++k) {
        const int region = operands[k].region;
        if (region < first || region >= last) continue;
        int& write = written.at[region - first];
        if (k >= step.input_count) {
          write = s;
        } else if (write >= 0 && write < s && operation_info[graph_.nodes[operands[k].node].op].kind == OpKind::leaf) {
          throw "parameters, optimizer state or buffers are read after their update; use the updated value instead";
        }
      }
    }
  }

  GraphView graph_;
  ScheduleBuilder& out_;
  AccessTable accesses_;
  /// Number of elements of each shape of the graph.
  Vector<Extent> shape_size_;
  Vector<ArenaPlanner> planners_;
  Vector<int> region_;
  Vector<std::int64_t> offset_;
  Vector<int> last_use_;
  /// The array that holds a node: itself, or the pack it is a part of.
  Vector<int> owner_;
  Vector<std::int64_t> part_offset_;
  Vector<char> pinned_;
  Vector<int> released_;
};

}  // namespace detail

/// True for graphs that may throw in the middle of a run: at an index out of range, or in a kernel.
constexpr bool may_fail(const GraphView& graph) {
  for (int i = 0; i < graph.size; ++i) {
    const Node& node = graph[i];
    const bool searches =
        node.is<ops::Take>() || node.is<ops::TakeAdjoint>() || node.is<ops::Gather>() || node.is<ops::ScatterAdd>();
    if (node.is<ops::UserKernel>() || (searches && !graph[node.operand[1]].is<ops::Table>())) return true;
  }
  return false;
}

/// Lowers a fused graph and plans its memory. `blocks` is the number of blocks of parameters and optimizer
/// state; with `results_apart` each result has a region of its own, memory that the caller gives.
constexpr detail::ScheduleBuilder plan(const GraphView& graph, const FusionView& fusion, int blocks,
                                       bool results_apart = false) {
  detail::ScheduleBuilder schedule = lower(graph, fusion);
  detail::Planner(graph, schedule, blocks, results_apart).run();
  return schedule;
}

}  // namespace ctgrad
