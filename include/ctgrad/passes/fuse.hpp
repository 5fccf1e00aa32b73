// SPDX-License-Identifier: BSL-1.0
/// \file
/// Groups the nodes of a legal graph into steps: one loop for many elementwise operations and reductions.
///
/// Elementwise nodes are pulled, lazily, into the loop of whoever needs them: a reduction, a node that must
/// be an array because a matrix product, a view, an output or another iteration space reads it. A loop may
/// hold several such roots of one iteration space: their common operands are then read once. Values that
/// are cheap to compute are computed again where a second loop needs them; others are stored.
///
/// Elementwise work on the result of a reduction is the epilogue of its loop: a loop over what the reduction keeps, run
/// part by part as the results come.
///
/// Steps are numbered in the order they run. A root joins an existing loop only if all it reads from memory
/// was written by earlier steps, so no cycle can arise and one sweep over the nodes is enough.
#pragma once

#include "ctgrad/passes/fusion.hpp"
#include "ctgrad/passes/legalize.hpp"

namespace ctgrad {

namespace detail {

class Fuser {
public:
  constexpr explicit Fuser(const GraphView& graph)
      : graph_(graph),
        accesses_(graph),
        stored_(graph.size),
        producer_(graph.size, -1),
        latest_loop_(graph.size, -1),
        chain_(graph.size),
        elementwise_(graph.size),
        is_update_(graph.size),
        mark_(graph.size, -1),
        wanted_(graph.size, -1),
        refused_(graph.size, -1) {
    for (int i = 0; i < graph.size; ++i)
      if (operation_info[graph.nodes[i].op].kind == OpKind::elementwise) elementwise_.at[i] = 1;
  }

  constexpr FusionBuilder run() {
    mark_stored();
    for (int i = 0; i < graph_.size; ++i) {
      const Node& node = graph_.nodes[i];
      switch (operation_info[node.op].kind) {
        case OpKind::leaf:
          if (node.op == opcode<ops::RandomUniform>) add_own_step(i);
          break;
        case OpKind::view:
          break;
        case OpKind::elementwise:
          chain_.at[i] = chain_length(i);
          if (chain_.at[i] >= limits_.chain) stored_.at[i] = 1;
          if (stored_.at[i] != 0) {
            place_root(i);
            chain_.at[i] = 0;
          }
          break;
        case OpKind::reduction:
          place_root(i);
          break;
        case OpKind::structured:
          if (node.op == opcode<ops::Pack>) {
            place_pack(i);
          } else if (node.op == opcode<ops::SideResult>) {
            producer_.at[i] = producer_.at[node.operand[0]];
          } else {
            add_own_step(i);
          }
          break;
      }
    }
    drop_unread_stores();
    return finish();
  }

private:
  /// What a root needs to be computed in a loop of its own.
  struct Demand {
    Vector<std::int32_t> members;
    Vector<std::int32_t> loads;
    /// Operands that did not fit: they must be placed first, as roots of their own.
    Vector<std::int32_t> cuts;
    int visited = 0;
  };

  constexpr bool is_elementwise(int i) const { return elementwise_.at[i] != 0; }
  constexpr bool is_reduction(int i) const { return operation_info[graph_.nodes[i].op].kind == OpKind::reduction; }
  constexpr std::int32_t space_of(int i) const {
    return is_reduction(i) ? graph_.nodes[graph_.nodes[i].operand[0]].shape : graph_.nodes[i].shape;
  }

  constexpr void store(int node) {
    const int root = accesses_.root(node);
    if (!is_memory_leaf(graph_.nodes[root])) stored_.at[root] = 1;
  }

  constexpr void mark_stored() {
    for (int i = 0; i < graph_.size; ++i) {
      const Node& node = graph_.nodes[i];
      const OpKind kind = operation_info[node.op].kind;
      for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) {
        const int x = node.operand[k];
        const bool same_loop = is_elementwise(x) && (kind == OpKind::elementwise || kind == OpKind::reduction) &&
                               graph_.nodes[x].shape == space_of(i);
        if (!same_loop) store(x);
      }
      if (node.op == opcode<ops::Pack>) has_updates_or_packs_ = true;
      if (node.op == opcode<ops::Pack>)
        for (int k = 0; k < ops::Pack::count(node.attribute); ++k)
          store(graph_.lists[ops::Pack::first(node.attribute) + k]);
    }
    for (int i = 0; i < graph_.output_count; ++i) {
      store(graph_.outputs[i].node);
      if (graph_.outputs[i].kind != OutputKind::update) continue;
      is_update_.at[graph_.outputs[i].node] = 1;
      has_updates_or_packs_ = true;
    }
  }

  constexpr void add_own_step(int i) {
    producer_.at[i] = loops_of_step_.count;
    own_.push_back(i);
    loops_of_step_.push_back(-1);
  }

  constexpr void place_pack(int i) {
    int last = -1;
    for (int k = 0; k < ops::Pack::count(graph_.nodes[i].attribute); ++k) {
      const int part = accesses_.root(graph_.lists[ops::Pack::first(graph_.nodes[i].attribute) + k]);
      if (producer_.at[part] > last) last = producer_.at[part];
    }
    producer_.at[i] = last;
  }

  /// True when operand `x` of member `i` can be computed in the loop of `i`.
  constexpr bool is_fusible(int x, int i) const {
    return is_elementwise(x) && graph_.nodes[x].shape == space_of(i) && producer_.at[x] < 0;
  }

  /// The number of operations in a row, up to `i`, that no loop has computed yet.
  constexpr int chain_length(int i) const {
    int longest = 0;
    for (int k = 0; k < 3 && graph_.nodes[i].operand[k] >= 0; ++k) {
      const int x = graph_.nodes[i].operand[k];
      if (is_fusible(x, i) && chain_.at[x] > longest) longest = chain_.at[x];
    }
    return longest + 1;
  }

  /// Collects what computing node `i` takes, in the loop of a root.
  constexpr void demand(int i, Demand& need, int depth) {
    mark_.at[i] = stamp_;
    ++need.visited;
    const Node& node = graph_.nodes[i];
    for (int k = 0; k < 3 && node.operand[k] >= 0; ++k)
      if (!is_fusible(node.operand[k], i)) add_load(need, node.operand[k]);
    for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) {
      const int x = node.operand[k];
      if (!is_fusible(x, i) || mark_.at[x] == stamp_) continue;
      const bool computed = latest_loop_.at[x] >= 0;
      const bool full = need.visited >= limits_.demand || need.loads.count >= limits_.loads - 2;
      const bool dear = full || !operation_info[graph_.nodes[x].op].cheap || depth >= limits_.recompute_depth;
      if (computed && dear && may_be_stored(x, need)) {
        // Computed in an earlier loop and too dear to compute again: unless this root joins that loop, the
        // loop stores it.
        add_load(need, x);
      } else if (full) {
        need.cuts.push_back(x);
      } else {
        demand(x, need, computed ? depth + 1 : depth);
      }
    }
    need.members.push_back(i);
  }

  /// True when the loop that computes `x` stores it, or has room for one array more.
  constexpr bool may_be_stored(int x, const Demand& need) const {
    if (stored_.at[x] != 0) return true;
    const GrowingLoop& home = loops_.at[loops_of_step_.at[latest_loop_.at[x]]];
    return home.loads.count + home.written + need.loads.count < limits_.operands;
  }

  /// What root `root` takes, once everything that is too much for one loop has been placed in others.
  constexpr Demand demand_within_limits(int root) {
    while (true) {
      stamp_ = next_stamp_++;
      Demand need;
      demand(root, need, 0);
      if (need.cuts.empty() && need.loads.count > limits_.loads)
        for (int k = 0; k < 3 && graph_.nodes[root].operand[k] >= 0; ++k)
          if (is_fusible(graph_.nodes[root].operand[k], root)) need.cuts.push_back(graph_.nodes[root].operand[k]);
      if (need.cuts.empty()) return need;
      for (int i = 0; i < need.cuts.count; ++i) {
        stored_.at[need.cuts.at[i]] = 1;
        if (producer_.at[need.cuts.at[i]] < 0) place_root(need.cuts.at[i]);
      }
    }
  }

  constexpr void add_load(Demand& need, int x) const {
    for (int i = 0; i < need.loads.count; ++i)
      if (need.loads.at[i] == x) return;
    need.loads.push_back(x);
  }

  constexpr void place_root(int root) {
    const Demand need = demand_within_limits(root);
    const std::int32_t space = space_of(root);
    // The first step this root may run in: after the writers of what it reads; a value of the same iteration
    // space may also be taken over within the loop that computes it.
    int earliest = 0;
    for (int i = 0; i < need.loads.count; ++i) {
      const int x = need.loads.at[i];
      const int writer = writer_of(x);
      if (writer < 0) continue;
      const bool same_loop = is_elementwise(x) && graph_.nodes[x].shape == space;
      const int bound = same_loop ? writer : writer + 1;
      if (bound > earliest) earliest = bound;
    }
    int step = find_host(root, need);
    const bool as_epilogue = step >= 0;
    if (!as_epilogue) step = find_loop(root, need, earliest);
    for (int i = 0; i < need.loads.count; ++i) {
      const int x = need.loads.at[i];
      if (!is_elementwise(x) || producer_.at[x] >= 0 || latest_loop_.at[x] == step) continue;
      stored_.at[x] = 1;
      producer_.at[x] = latest_loop_.at[x];
      ++loops_.at[loops_of_step_.at[producer_.at[x]]].written;
    }
    add_to_loop(step, as_epilogue ? loops_.at[loops_of_step_.at[step]].epilogue : loops_of_step_.at[step], as_epilogue,
                root, need);
  }

  /// The step whose epilogue the root joins, or -1. All that the root reads must have been written before that
  /// step, but for whole results of its reductions and values of the epilogue itself.
  constexpr int find_host(int root, const Demand& need) {
    if (!is_elementwise(root) || is_update_.at[root] != 0) return -1;
    int step = -1;
    for (int i = 0; i < need.loads.count; ++i) {
      const int writer = writer_of(need.loads.at[i]);
      if (writer > step) step = writer;
    }
    if (step < 0 || loops_of_step_.at[step] < 0) return -1;
    const GrowingLoop& host = loops_.at[loops_of_step_.at[step]];
    const std::int32_t space = graph_.nodes[root].shape;
    if (host.reduction < 0 || host.space == space) return -1;
    if (host.epilogue >= 0 && loops_.at[host.epilogue].space != space) return -1;
    const Extent kept = graph_.shape(host.reduction).size();
    if (graph_.shapes[space].size() != kept) return -1;
    int operands = need.members.count + need.loads.count;
    if (host.epilogue >= 0) operands += loops_.at[host.epilogue].members.count + loops_.at[host.epilogue].loads.count;
    if (operands > limits_.operands) return -1;
    for (int i = 0; i < need.loads.count; ++i) {
      const int x = need.loads.at[i];
      if (writer_of(x) != step || (host.epilogue >= 0 && loops_.at[host.epilogue].members.contains(x))) continue;
      const int source = accesses_.root(x);
      if (!is_reduction(source)) return -1;
      if (source == x) continue;
      const Access& access = accesses_.view(x);
      if (access.offset != 0 || graph_.shape(x).size() != kept || !is_contiguous(access, graph_.shape(x))) return -1;
    }
    if (host.epilogue < 0) {
      GrowingLoop loop;
      loop.space = space;
      loops_.at[loops_of_step_.at[step]].epilogue = loops_.count;
      loops_.push_back(static_cast<GrowingLoop&&>(loop));
    }
    return step;
  }

  /// The step after which, or in whose loop, a load can be had; -1 for leaves.
  constexpr int writer_of(int x) const {
    const int root = accesses_.root(x);
    return producer_.at[root] >= 0 || !is_elementwise(root) ? producer_.at[root] : latest_loop_.at[root];
  }

  /// The earliest loop the root may join with profit, or a new one.
  constexpr int find_loop(int root, const Demand& need, int earliest) {
    const std::int32_t space = space_of(root);
    stamp_ = next_stamp_++;
    for (int i = 0; i < need.loads.count; ++i) wanted_.at[need.loads.at[i]] = stamp_;
    int best = -1;
    for (int step = loops_of_step_.count - 1; step >= earliest; --step) {
      const int l = loops_of_step_.at[step];
      if (l < 0 || loops_.at[l].space != space || !can_join(loops_.at[l], step, root, need)) continue;
      best = step;
    }
    if (best >= 0) {
      // A step that may not move is not asked again until another one has.
      int refused = next_stamp_++;
      for (int i = 0; i < need.loads.count; ++i) {
        const int step = writer_of(need.loads.at[i]);
        if (step < 0 || step >= best || loops_of_step_.at[step] < 0 || refused_.at[step] == refused) continue;
        if (may_move(step, best) && is_at_hand(need.loads, step, space)) {
          move_loop(step, best);
          refused = next_stamp_++;
        } else {
          refused_.at[step] = refused;
        }
      }
      return best;
    }
    GrowingLoop loop;
    loop.space = space;
    loops_.push_back(static_cast<GrowingLoop&&>(loop));
    own_.push_back(-1);
    loops_of_step_.push_back(loops_.count - 1);
    return loops_of_step_.count - 1;
  }

  /// True when the loop of step `from` may as well run in that of the later step `to`, which goes through the same
  /// space and wants values that `from` computes: they are then at hand. Only loops stand between them, lest what
  /// `from` reads be kept for long, and none reads what it writes.
  constexpr bool may_move(int from, int to) const {
    if (has_updates_or_packs_) return false;
    const GrowingLoop& loop = loops_.at[loops_of_step_.at[from]];
    const GrowingLoop& target = loops_.at[loops_of_step_.at[to]];
    if (loop.space != target.space || loop.reduction >= 0 || loop.epilogue >= 0) return false;
    // An epilogue reads what was written before its step.
    if (target.epilogue >= 0 || loop.members.count + target.members.count > limits_.operations) return false;
    if (!is_at_hand(target.loads, from, target.space)) return false;
    int loads = target.loads.count;
    for (int i = 0; i < loop.loads.count; ++i)
      if (!target.loads.contains(loop.loads.at[i])) ++loads;
    // As for a root that joins a loop.
    if (loads > limits_.loads || loads + loop.written + target.written > limits_.operands - limits_.operands / 4)
      return false;
    for (int step = from + 1; step < to; ++step)
      if (loops_of_step_.at[step] < 0 || reads_from(step, from)) return false;
    return true;
  }
  /// True when what is read of the arrays of step `from` are its values themselves, not views of them, which would have
  /// to be in memory.
  constexpr bool is_at_hand(const Vector<std::int32_t>& loads, int from, std::int32_t space) const {
    for (int i = 0; i < loads.count; ++i) {
      const int x = loads.at[i];
      if (writer_of(x) == from && !(is_elementwise(x) && graph_.nodes[x].shape == space)) return false;
    }
    return true;
  }
  /// True when the loop of a step reads what step `from` writes.
  constexpr bool reads_from(int step, int from) const {
    const GrowingLoop& loop = loops_.at[loops_of_step_.at[step]];
    const GrowingLoop* parts[2] = {&loop, loop.epilogue >= 0 ? &loops_.at[loop.epilogue] : nullptr};
    for (const GrowingLoop* part : parts)
      for (int i = 0; part != nullptr && i < part->loads.count; ++i)
        if (writer_of(part->loads.at[i]) == from) return true;
    return false;
  }
  /// Moves the loop of step `from` into that of step `to`. The step stays, without a loop, until the end.
  constexpr void move_loop(int from, int to) {
    GrowingLoop& loop = loops_.at[loops_of_step_.at[from]];
    GrowingLoop& target = loops_.at[loops_of_step_.at[to]];
    for (int i = 0; i < loop.members.count; ++i) {
      const int x = loop.members.at[i];
      if (latest_loop_.at[x] == from) latest_loop_.at[x] = to;
      if (producer_.at[x] == from) producer_.at[x] = to;
      target.add_member(x);
    }
    Vector<std::int32_t> loads;
    for (const GrowingLoop* part : {&target, &loop})
      for (int i = 0; i < part->loads.count; ++i)
        if (!target.members.contains(part->loads.at[i]) && !loads.contains(part->loads.at[i]))
          loads.push_back(part->loads.at[i]);
    target.loads = static_cast<Vector<std::int32_t>&&>(loads);
    target.written += loop.written;
    loop = GrowingLoop();
    loop.space = no_space;
  }

  /// True when the root may join the loop of a step and shares something with it. `wanted_` marks its loads.
  constexpr bool can_join(const GrowingLoop& loop, int step, int root, const Demand& need) const {
    if (is_reduction(root) && loop.reduction >= 0 &&
        loop.reduced_axes != static_cast<unsigned>(graph_.nodes[root].attribute))
      return false;
    if (loop.members.count + need.members.count > limits_.operations) return false;
    // What reads constants only joins any loop: its stores run beside what the loop waits for.
    bool shares = !is_reduction(root);
    int known = 0;
    for (int i = 0; i < need.loads.count; ++i) {
      const int x = need.loads.at[i];
      shares = shares && graph_.nodes[accesses_.root(x)].op == opcode<ops::Constant>;
      if (writer_of(x) == step) ++known;
    }
    shares = shares || known > 0;
    for (int i = 0; i < loop.loads.count; ++i) {
      const int x = loop.loads.at[i];
      if (wanted_.at[x] != stamp_ || writer_of(x) == step) continue;
      ++known;
      // Constants do not count: reading one costs nothing.
      shares = shares || graph_.nodes[x].op != opcode<ops::Constant>;
    }
    const int loads = loop.loads.count + need.loads.count - known;
    int arrays = loads + loop.written;
    for (int i = 0; i < need.members.count; ++i)
      if (stored_.at[need.members.at[i]] != 0 || need.members.at[i] == root) ++arrays;
    // Some of what the loop computes may have to be stored later.
    return shares && loads <= limits_.loads && arrays <= limits_.operands - limits_.operands / 4;
  }

  constexpr void add_to_loop(int step, int number, bool is_epilogue, int root, const Demand& need) {
    GrowingLoop& loop = loops_.at[number];
    for (int i = 0; i < need.members.count; ++i) {
      const int x = need.members.at[i];
      if (!loop.add_member(x)) continue;
      if (latest_loop_.at[x] < 0) latest_loop_.at[x] = step;
      if (stored_.at[x] == 0 && x != root) continue;
      if (x == root || producer_.at[x] < 0) ++loops_.at[loops_of_step_.at[step]].written;
      if (producer_.at[x] < 0) producer_.at[x] = step;
    }
    for (int i = 0; i < need.loads.count; ++i) {
      const int x = need.loads.at[i];
      // What the epilogue reads of its own step are reductions.
      bool known = writer_of(x) == step && (!is_epilogue || loop.members.contains(x));
      for (int k = 0; k < loop.loads.count && !known; ++k) known = loop.loads.at[k] == x;
      if (!known) loop.loads.push_back(x);
    }
    if (is_reduction(root)) {
      loop.reduction = root;
      loop.reduced_axes = static_cast<unsigned>(graph_.nodes[root].attribute);
    }
    producer_.at[root] = step;
  }

  /// A value that was stored to keep a loop small need not be, if all its readers ended up in that loop.
  constexpr void drop_unread_stores() {
    Vector<char> read(graph_.size);
    Vector<int> in_loop(graph_.size, -1);
    for (int step = 0; step < own_.count; ++step)
      if (own_.at[step] >= 0)
        for (int k = 0; k < 3 && graph_.nodes[own_.at[step]].operand[k] >= 0; ++k)
          read.at[accesses_.root(graph_.nodes[own_.at[step]].operand[k])] = 1;
    for (int l = 0; l < loops_.count; ++l) {
      const GrowingLoop& loop = loops_.at[l];
      for (int m = 0; m < loop.members.count; ++m) in_loop.at[loop.members.at[m]] = l;
      for (int m = 0; m < loop.members.count; ++m) {
        const Node& node = graph_.nodes[loop.members.at[m]];
        for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) {
          const int x = node.operand[k];
          const bool at_hand = is_elementwise(x) && graph_.nodes[x].shape == loop.space && in_loop.at[x] == l;
          if (!at_hand) read.at[accesses_.root(x)] = 1;
        }
      }
    }
    for (int i = 0; i < graph_.size; ++i)
      if (graph_.nodes[i].op == opcode<ops::Pack>)
        for (int k = 0; k < ops::Pack::count(graph_.nodes[i].attribute); ++k)
          read.at[accesses_.root(graph_.lists[ops::Pack::first(graph_.nodes[i].attribute) + k])] = 1;
    for (int i = 0; i < graph_.output_count; ++i) read.at[accesses_.root(graph_.outputs[i].node)] = 1;
    for (int i = 0; i < graph_.size; ++i)
      if (is_elementwise(i) && read.at[i] == 0) producer_.at[i] = -1;
  }

  constexpr FusionBuilder finish() {
    FusionBuilder result;
    // An epilogue is a step of its own in the result, so the numbers after it grow.
    Vector<std::int32_t> row(loops_of_step_.count);
    Vector<char> in_epilogue(graph_.size);
    for (int step = 0; step < loops_of_step_.count; ++step) {
      row.at[step] = result.steps.size();
      if (loops_of_step_.at[step] < 0) {
        FusedStep fused;
        fused.node = own_.at[step];
        result.steps.push_back(fused);
        continue;
      }
      const GrowingLoop& loop = loops_.at[loops_of_step_.at[step]];
      if (loop.space == no_space) continue;
      add_row(loop, false, result);
      if (loop.epilogue < 0) continue;
      const GrowingLoop& epilogue = loops_.at[loop.epilogue];
      add_row(epilogue, true, result);
      for (int i = 0; i < epilogue.members.count; ++i)
        if (producer_.at[epilogue.members.at[i]] == step) in_epilogue.at[epilogue.members.at[i]] = 1;
    }
    for (int i = 0; i < graph_.size; ++i)
      if (producer_.at[i] >= 0) producer_.at[i] = row.at[producer_.at[i]] + in_epilogue.at[i];
    result.producer = static_cast<Vector<std::int32_t>&&>(producer_);
    return result;
  }

  static constexpr void add_row(const GrowingLoop& loop, bool is_epilogue, FusionBuilder& result) {
    FusedStep fused;
    fused.space = loop.space;
    fused.first_member = result.members.count;
    fused.member_count = loop.members.count;
    fused.is_epilogue = is_epilogue;
    for (int i = 0; i < loop.members.count; ++i) result.members.push_back(loop.members.at[i]);
    result.steps.push_back(fused);
  }

  /// The iteration space of a loop that has moved into another.
  static constexpr std::int32_t no_space = -2;

  GraphView graph_;
  FusionLimits limits_;
  AccessTable accesses_;
  Vector<char> stored_;
  Vector<std::int32_t> producer_;
  /// The first loop that computes a node; -1 when none does.
  Vector<int> latest_loop_;
  /// See chain_length.
  Vector<int> chain_;
  /// Looked up so often that a table of its own pays.
  Vector<char> elementwise_;
  /// An update writes where parameters lie, which other parts of the host's loop may still read.
  Vector<char> is_update_;
  Vector<int> mark_;
  /// Holds the stamp of the root that is being placed for what that reads.
  Vector<int> wanted_;
  /// For a step, the stamp of the last time that its loop was not moved.
  Vector<int> refused_;
  /// Both tie arrays to the order of the steps.
  bool has_updates_or_packs_ = false;
  int stamp_ = 0;
  int next_stamp_ = 0;
  Vector<int> own_;
  Vector<int> loops_of_step_;
  Vector<GrowingLoop> loops_;
};

}  // namespace detail

/// Groups the nodes of a legal graph into steps.
constexpr detail::FusionBuilder fuse(const GraphView& graph) { return detail::Fuser(graph).run(); }

}  // namespace ctgrad
