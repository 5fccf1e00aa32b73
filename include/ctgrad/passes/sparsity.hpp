// SPDX-License-Identifier: BSL-1.0
/// \file
/// Which elements of a graph's results depend on which elements of its inputs: the pattern of a Jacobian.
///
/// Each element of each node has the set of input elements it may change with, worked out from the sets of its operands
/// (Griewank and Walther 2008, section 7.1). "May" is by the structure of the graph: what happens to be 0 at a point is
/// part of the pattern. What has the derivative 0 everywhere is not: comparisons, integers, stop_gradient, products
/// with the constant 0.
#pragma once

#include "ctgrad/passes/element_sets.hpp"
#include "ctgrad/passes/interpret.hpp"
#include "ctgrad/passes/vectorize.hpp"

namespace ctgrad::detail {

/// The elements of an operation's image and the window elements they meet.
struct WindowWalk {
  Window window;
  /// The extents of the image and of the result.
  Extent image[2];
  Extent result[2];

  /// Calls visit(position in the result, position in the image), both within one channel.
  template <class Visit>
  constexpr void operator()(const Visit& visit) const {
    for (Extent row = 0; row < result[0]; ++row)
      for (Extent column = 0; column < result[1]; ++column)
        for (int i = 0; i < window.kernel[0]; ++i)
          for (int j = 0; j < window.kernel[1]; ++j) {
            const Extent y = row * window.stride[0] - window.padding[0] + i * window.dilation[0];
            const Extent x = column * window.stride[1] - window.padding[1] + j * window.dilation[1];
            if (y >= 0 && y < image[0] && x >= 0 && x < image[1])
              visit(static_cast<int>(row * result[1] + column), static_cast<int>(y * image[1] + x));
          }
  }
};

/// The elements of nodes, and the words of their sets (64 input elements each), that one pattern may take; beyond that
/// compilers stop, or take minutes.
inline constexpr std::int64_t most_elements = std::int64_t{1} << 19;
inline constexpr std::int64_t most_words = std::int64_t{1} << 22;

/// Works out the sets of a graph's nodes, from the inputs to the outputs.
class Dependence {
public:
  ElementSets sets;

  constexpr Dependence(const GraphBuilder& graph, const int* x, int inputs, const int* y, int outputs) : graph_(graph) {
    for (int k = 0; k < outputs; ++k)
      if (y[k] > last_) last_ = y[k];
    for (int i = 0; i < inputs; ++i)
      if (x[i] > last_) last_ = x[i];
    between_ = mark_between(graph, x, inputs, y, outputs, last_);
    start_ = Vector<int>(last_ + 1, -1);
    int element = 0;
    for (int i = 0; i < inputs; ++i) {
      begin(x[i]);
      for (int e = 0; e < size_of(x[i]); ++e) set_of(x[i], e) = sets.unit(element++);
    }
  }

  static constexpr int total_size(const GraphBuilder& graph, const int* ids, int count) {
    int total = 0;
    for (int i = 0; i < count; ++i) total += static_cast<int>(graph.shape(ids[i]).size());
    return total;
  }

  /// Works out all sets; false where that would take a compiler too long.
  constexpr bool run() {
    std::int64_t elements = 0;
    for (int id = 0; id <= last_; ++id)
      if (between_.at[id] != 0) elements += graph_.shape(id).size();
    if (elements > most_elements) return false;
    for (int id = 0; id <= last_; ++id) {
      if (between_.at[id] != 0 && is_floating(graph_.nodes.at[id].dtype)) propagate(id, graph_.nodes.at[id]);
      if (sets.steps() > most_words) return false;
    }
    return true;
  }

  /// The set of an element of a node.
  constexpr int set(int id, int element) const { return start_.at[id] < 0 ? 0 : of_.at[start_.at[id] + element]; }

private:
  constexpr int size_of(int id) const { return static_cast<int>(graph_.shape(id).size()); }
  constexpr bool depends(int id) const { return id >= 0 && start_.at[id] >= 0; }
  constexpr int& set_of(int id, int element) { return of_.at[start_.at[id] + element]; }
  /// Gives a node empty sets.
  constexpr void begin(int id) {
    start_.at[id] = of_.count;
    const int size = size_of(id);
    for (int e = 0; e < size; ++e) of_.push_back(0);
  }

  constexpr void propagate(int id, const Node& node) {
    const int x = node.operand[0];
    bool any = false;
    for (const int operand : node.operand) any = any || depends(operand);
    if (!any || node.is<ops::StopGradient>() || is_zero_product(node)) return;
    if (node.is<ops::Reshape>()) {
      start_.at[id] = start_.at[x];
      return;
    }
    begin(id);
    const OpKind kind = info(node).kind;
    if (kind == OpKind::elementwise) {
      elementwise(id, node);
    } else if (kind == OpKind::reduction) {
      reduce(id, node);
    } else if (node.is<ops::CustomDerivative>() || node.is<ops::UserKernel>()) {
      everything(id, node);
    } else if (kind == OpKind::view) {
      const int size = size_of(id);
      const Vector<int> from = view_source(id, node);
      for (int e = 0; e < size; ++e) set_of(id, e) = set(x, from.at[e]);
    } else if (node.is<ops::MatMul>()) {
      matmul(id, node);
    } else if (node.is<ops::Concat>() || node.is<ops::Pad>()) {
      place(id, node);
    } else if (node.is<ops::Gather>() || node.is<ops::Take>() || node.is<ops::ScatterAdd>() ||
               node.is<ops::TakeAdjoint>()) {
      choose(id, node);
    } else if (node.is<ops::MaxPool2d>() || node.is<ops::AvgPool2d>() || node.is<ops::MaxPool2dGradient>() ||
               node.is<ops::AvgPool2dGradient>()) {
      pool(id, node);
    } else if (node.is<ops::Conv2d>() || node.is<ops::Conv2dInputGradient>()) {
      convolve(id, node);
    } else {
      everything(id, node);
    }
  }

  /// True for the constant 0, stretched or not.
  constexpr bool is_zero(int id) const {
    while (graph_.nodes.at[id].is<ops::BroadcastTo>() || graph_.nodes.at[id].is<ops::Reshape>())
      id = graph_.nodes.at[id].operand[0];
    return graph_.nodes.at[id].is<ops::Constant>() && graph_.nodes.at[id].scalar == 0;
  }
  constexpr bool is_zero_product(const Node& node) const {
    return node.is<ops::Multiply>() && (is_zero(node.operand[0]) || is_zero(node.operand[1]));
  }

  constexpr void elementwise(int id, const Node& node) {
    const ShapeValue shape = graph_.shape(id);
    const int size = size_of(id);
    for (const int x : node.operand) {
      if (!depends(x)) continue;
      const ShapeValue from = graph_.shape(x);
      if (from == shape) {
        for (int e = 0; e < size; ++e) set_of(id, e) = sets.united(set_of(id, e), set(x, e));
      } else if (size != 0) {
        Extent index[max_rank] = {};
        int e = 0;
        do {
          set_of(id, e) = sets.united(set_of(id, e), set(x, position_of(from, index, shape.rank)));
          ++e;
        } while (next_index(shape, index));
      }
    }
  }

  constexpr void reduce(int id, const Node& node) {
    const int x = node.operand[0];
    const ShapeValue from = graph_.shape(x);
    if (from.size() == 0) return;
    const int own = sets.count();
    Extent index[max_rank] = {};
    int e = 0;
    do {
      Extent at = 0;
      for (int axis = 0; axis < from.rank; ++axis)
        if ((node.attribute >> axis & 1) == 0) at = at * from[axis] + index[axis];
      int& total = set_of(id, static_cast<int>(at));
      total = sets.joined(total, set(x, e++), own);
    } while (next_index(from, index));
  }

  /// For each element of a view, its place in the operand.
  constexpr Vector<int> view_source(int id, const Node& node) const {
    const ShapeValue shape = graph_.shape(id);
    const ShapeValue from = graph_.shape(node.operand[0]);
    Vector<int> result;
    result.reserve(size_of(id));
    if (shape.size() == 0) return result;
    Extent index[max_rank] = {};
    do {
      Extent source[max_rank] = {};
      for (int axis = 0; axis < shape.rank; ++axis) source[axis] = index[axis];
      if (node.is<ops::Permute>()) {
        for (int axis = 0; axis < shape.rank; ++axis)
          source[ops::Permute::source_axis(node.attribute, axis)] = index[axis];
      } else if (node.is<ops::Slice>()) {
        const int axis = ops::Slice::axis(node.attribute);
        source[axis] = ops::Slice::first(node.attribute) + index[axis] * ops::Slice::step(node.attribute);
      }
      result.push_back(node.is<ops::Reshape>() ? result.count : position_of(from, source, shape.rank));
    } while (next_index(shape, index));
    return result;
  }

  /// Row i of the product depends on row i of the first matrix, column j on column j of the second.
  constexpr void matmul(int id, const Node& node) {
    const ShapeValue shape = graph_.shape(id);
    const int r = shape.rank;
    if (shape.size() == 0) return;
    const bool transposed[] = {ops::MatMul::transpose_a(node.attribute), !ops::MatMul::transpose_b(node.attribute)};
    Vector<int> lines[2];
    ShapeValue line_shape[2];
    for (int k = 0; k < 2; ++k) {
      const int x = node.operand[k];
      const ShapeValue from = graph_.shape(x);
      const int summed = from.rank - (transposed[k] ? 2 : 1);
      // The lines lie where the product has them: rows before columns.
      line_shape[k] = from;
      line_shape[k][from.rank - 2] = k == 0 ? shape[r - 2] : 1;
      line_shape[k][from.rank - 1] = k == 0 ? 1 : shape[r - 1];
      lines[k] = Vector<int>(static_cast<int>(line_shape[k].size()));
      if (!depends(x) || from.size() == 0) continue;
      const int own = sets.count();
      Extent index[max_rank] = {};
      int e = 0;
      do {
        Extent at[max_rank] = {};
        for (int axis = 0; axis < from.rank; ++axis) at[axis] = index[axis];
        const Extent line = index[summed == from.rank - 1 ? from.rank - 2 : from.rank - 1];
        at[from.rank - 2] = at[from.rank - 1] = line;
        int& total = lines[k].at[position_of(line_shape[k], at, from.rank)];
        total = sets.joined(total, set(x, e++), own);
      } while (next_index(from, index));
    }
    Extent index[max_rank] = {};
    int e = 0;
    do {
      set_of(id, e++) = sets.united(lines[0].at[position_of(line_shape[0], index, r)],
                                    lines[1].at[position_of(line_shape[1], index, r)]);
    } while (next_index(shape, index));
  }

  /// Operands side by side, or between zeros.
  constexpr void place(int id, const Node& node) {
    const ShapeValue shape = graph_.shape(id);
    const bool pad = node.is<ops::Pad>();
    const int along = pad ? ops::Pad::axis(node.attribute) : static_cast<int>(node.attribute);
    Extent first = pad ? ops::Pad::first(node.attribute) : 0;
    const Extent step = pad ? ops::Pad::step(node.attribute) : 1;
    for (int i = 0; i < 2 && node.operand[i] >= 0; ++i) {
      const ShapeValue from = graph_.shape(node.operand[i]);
      Extent index[max_rank] = {};
      int e = 0;
      if (from.size() != 0) do {
          Extent to[max_rank] = {};
          for (int axis = 0; axis < shape.rank; ++axis) to[axis] = index[axis];
          to[along] = first + index[along] * step;
          set_of(id, position_of(shape, to, shape.rank)) = set(node.operand[i], e++);
        } while (next_index(from, index));
      first += from[along];
    }
  }

  /// The integers of a node that are known while the program compiles; false where they are not.
  constexpr bool known_integers(int id, Vector<int>& result) const {
    const Node& node = graph_.nodes.at[id];
    const int size = size_of(id);
    if (node.is<ops::Table>() || node.is<ops::Arange>() || node.is<ops::Constant>()) {
      for (int e = 0; e < size; ++e)
        result.push_back(node.is<ops::Table>()    ? node.table[e]
                         : node.is<ops::Arange>() ? e
                                                  : static_cast<int>(node.scalar));
      return true;
    }
    if (info(node).kind != OpKind::view || node.is<ops::CustomDerivative>()) return false;
    Vector<int> operand;
    if (!known_integers(node.operand[0], operand)) return false;
    const Vector<int> from = view_source(id, node);
    for (int e = 0; e < size; ++e) result.push_back(operand.at[from.at[e]]);
    return true;
  }

  /// Gather and take, and their adjoints. Both sides are [outer, places, inner]: the table, and what is chosen.
  constexpr void choose(int id, const Node& node) {
    const bool adjoint = node.is<ops::ScatterAdd>() || node.is<ops::TakeAdjoint>();
    const bool rows = node.is<ops::Take>() || node.is<ops::TakeAdjoint>();
    const int x = node.operand[0];
    const int index = node.operand[1];
    if (!depends(x)) return;
    const ShapeValue table = graph_.shape(adjoint ? id : x);
    const int axis = rows ? 0 : static_cast<int>(node.attribute);
    int outer = 1, inner = 1;
    for (int i = 0; i < axis; ++i) outer *= static_cast<int>(table[i]);
    for (int i = axis + 1; i < table.rank; ++i) inner *= static_cast<int>(table[i]);
    const int length = static_cast<int>(table[axis]);
    const int chosen = rows ? size_of(index) : static_cast<int>(graph_.shape(index)[axis]);
    Vector<int> known;
    const bool is_known = known_integers(index, known);
    const int own = sets.count();
    for (int o = 0; o < outer; ++o)
      for (int i = 0; i < inner; ++i) {
        auto table_at = [&](int place) { return (o * length + place) * inner + i; };
        auto chosen_at = [&](int place) { return (o * chosen + place) * inner + i; };
        if (is_known) {
          for (int k = 0; k < chosen; ++k) {
            const int place = known.at[rows ? k : chosen_at(k)];
            if (place < 0 || place >= length) continue;
            int& total = set_of(id, adjoint ? table_at(place) : chosen_at(k));
            total = sets.joined(total, set(x, adjoint ? chosen_at(k) : table_at(place)), own);
          }
        } else {
          int total = 0;
          for (int k = 0; k < (adjoint ? chosen : length); ++k)
            total = sets.joined(total, set(x, adjoint ? chosen_at(k) : table_at(k)), own);
          for (int k = 0; k < (adjoint ? length : chosen); ++k)
            set_of(id, adjoint ? table_at(k) : chosen_at(k)) = total;
        }
      }
  }

  constexpr void pool(int id, const Node& node) {
    const int x = node.operand[0];
    if (!depends(x)) return;
    const bool adjoint = node.is<ops::MaxPool2dGradient>() || node.is<ops::AvgPool2dGradient>();
    const ShapeValue image = graph_.shape(adjoint ? id : x);
    const ShapeValue result = graph_.shape(adjoint ? x : id);
    const int r = image.rank;
    const WindowWalk walk{
        ops::WindowAttribute::pooling(node.attribute), {image[r - 2], image[r - 1]}, {result[r - 2], result[r - 1]}};
    const int image_size = static_cast<int>(image[r - 2] * image[r - 1]);
    const int result_size = static_cast<int>(result[r - 2] * result[r - 1]);
    const int channels = image_size == 0 ? 0 : static_cast<int>(image.size()) / image_size;
    const int own = sets.count();
    for (int c = 0; c < channels; ++c)
      walk([&](int in_result, int in_image) {
        const int large = c * image_size + in_image;
        const int small = c * result_size + in_result;
        int& total = set_of(id, adjoint ? large : small);
        total = sets.joined(total, set(x, adjoint ? small : large), own);
      });
  }

  /// A convolution or its adjoint. The elements of one place and group depend on the same part of the image, in all its
  /// channels; where the weights depend on the inputs, everything is taken to depend on all of them.
  constexpr void convolve(int id, const Node& node) {
    const int x = node.operand[0];
    const int w = node.operand[1];
    if (depends(w)) return everything(id, node);
    const bool adjoint = node.is<ops::Conv2dInputGradient>();
    const ShapeValue image = graph_.shape(adjoint ? id : x);
    const ShapeValue result = graph_.shape(adjoint ? x : id);
    const ShapeValue kernel = graph_.shape(w);
    const Window window = ops::WindowAttribute::convolution(node.attribute, kernel[2], kernel[3]);
    const WindowWalk walk{window, {image[2], image[3]}, {result[2], result[3]}};
    const int image_size = static_cast<int>(image[2] * image[3]);
    const int result_size = static_cast<int>(result[2] * result[3]);
    const int from_size = adjoint ? result_size : image_size;
    const int to_size = adjoint ? image_size : result_size;
    const int from_channels = static_cast<int>(adjoint ? result[1] : image[1]) / window.groups;
    const int to_channels = static_cast<int>(adjoint ? image[1] : result[1]) / window.groups;
    for (int block = 0; block < static_cast<int>(image[0]) * window.groups; ++block) {
      Vector<int> place(from_size);
      int own = sets.count();
      for (int c = 0; c < from_channels; ++c)
        for (int e = 0; e < from_size; ++e)
          place.at[e] = sets.joined(place.at[e], set(x, (block * from_channels + c) * from_size + e), own);
      Vector<int> total(to_size);
      own = sets.count();
      walk([&](int in_result, int in_image) {
        int& sum = total.at[adjoint ? in_image : in_result];
        sum = sets.joined(sum, place.at[adjoint ? in_result : in_image], own);
      });
      for (int c = 0; c < to_channels; ++c)
        for (int e = 0; e < to_size; ++e) set_of(id, (block * to_channels + c) * to_size + e) = total.at[e];
    }
  }

  /// What the library cannot look into: every element depends on all of the operands, within each point of a vmap.
  constexpr void everything(int id, const Node& node) {
    const bool user = node.is<ops::UserKernel>() || node.is<ops::CustomDerivative>();
    const int levels = user && node.attribute != 0 ? ops::PointAttribute::levels(node.attribute) : 0;
    int points = 1;
    for (int axis = 0; axis < levels; ++axis) points *= static_cast<int>(graph_.shape(id)[axis]);
    for (int p = 0; p < points; ++p) {
      const int own = sets.count();
      int total = 0;
      for (int i = 0; i < 3; ++i) {
        const int x = node.operand[i];
        // A custom rule replaces the derivative of the value it stands for.
        if (!depends(x) || (i == 0 && node.is<ops::CustomDerivative>())) continue;
        const int size = size_of(x) / points;
        for (int e = p * size; e < (p + 1) * size; ++e) total = sets.joined(total, set(x, e), own);
      }
      const int size = size_of(id) / points;
      for (int e = p * size; e < (p + 1) * size; ++e) set_of(id, e) = total;
    }
  }

  const GraphBuilder& graph_;
  int last_ = 0;
  Vector<char> between_;
  /// Where the sets of a node's elements begin in `of_`; -1 where all are empty.
  Vector<int> start_;
  Vector<int> of_;
};

/// A pattern by rows, under construction.
struct PatternBuilder {
  Vector<int> row_offsets;
  Vector<int> columns;
  /// True where the graph is too large to be looked through.
  bool too_large = false;
};

/// The pattern of the derivative of the nodes `y` by the nodes `x`, their elements side by side. `symmetric` adds what
/// is missing for a symmetric one.
constexpr PatternBuilder sparsity_of(const GraphBuilder& graph, const int* x, int inputs, const int* y, int outputs,
                                     bool symmetric) {
  PatternBuilder pattern;
  Dependence dependence(graph, x, inputs, y, outputs);
  pattern.too_large = !dependence.run();
  if (pattern.too_large) return pattern;
  const ElementSets& sets = dependence.sets;
  const int count = Dependence::total_size(graph, y, outputs);
  Vector<int> row;
  for (int k = 0; k < outputs; ++k)
    for (int e = 0; e < static_cast<int>(graph.shape(y[k]).size()); ++e) row.push_back(dependence.set(y[k], e));
  // What symmetry adds: the transpose.
  const int words = symmetric ? (count + 63) / 64 : 0;
  Vector<std::uint64_t> mirrored(words * count);
  for (int i = 0; symmetric && i < count; ++i) {
    const int set = row.at[i];
    for (int w = 0; w < sets.length(set); ++w) mirrored.at[i * words + sets.first_word(set) + w] |= sets.words(set)[w];
    for_each_bit(sets.words(set), sets.length(set), 64 * sets.first_word(set),
                 [&](int j) { mirrored.at[j * words + i / 64] |= std::uint64_t{1} << (i % 64); });
  }
  pattern.row_offsets.push_back(0);
  for (int i = 0; i < count; ++i) {
    auto add = [&](int j) { pattern.columns.push_back(j); };
    const int set = row.at[i];
    if (symmetric) {
      for_each_bit(mirrored.at + i * words, words, 0, add);
    } else {
      for_each_bit(sets.words(set), sets.length(set), 64 * sets.first_word(set), add);
    }
    pattern.row_offsets.push_back(pattern.columns.count);
  }
  return pattern;
}

}  // namespace ctgrad::detail
