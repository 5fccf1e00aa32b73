// SPDX-License-Identifier: BSL-1.0
/// \file
/// Random graphs of all kinds of operations, for comparing what the passes make of them.
#pragma once

#include <random>

#include "interpreter.hpp"

namespace ctgrad_test {

/// Grows a graph of double arrays node by node. The values stay of moderate size, and the operations smooth
/// where a caller asks for that.
class RandomGraph {
public:
  explicit RandomGraph(unsigned seed, bool smooth = false) : random_(seed), smooth_(smooth) {
    dimensions[batch] = pick(1, 3);
    const int inputs = pick(1, 3);
    for (int i = 0; i < inputs; ++i) {
      ShapeValue shape;
      const int rank = pick(0, 3);
      for (int axis = 0; axis < rank; ++axis) {
        const Extent extents[] = {1, 2, 3, 4, batch, batch};
        shape.push_back(extents[pick(0, 5)]);
      }
      values.push_back(ctgrad::detail::record<ops::Input>(builder, DType::float64, shape, i));
    }
    input_count = inputs;
    fill_inputs();
  }

  /// Adds `count` operations.
  void grow(int count) {
    while (count > 0)
      if (add_one()) --count;
  }

  void fill_inputs() {
    leaves.inputs.clear();
    std::uniform_real_distribution<double> uniform(-2, 2);
    for (int i = 0; i < input_count; ++i) {
      Numbers array(
          static_cast<std::size_t>(product(extents_of(values[static_cast<std::size_t>(i)].shape(), dimensions))));
      for (double& x : array) x = uniform(random_);
      leaves.inputs.push_back(std::move(array));
    }
  }

  void add_result(const Value& v) { builder.outputs.push_back({v.id, OutputKind::result, result_count++}); }

  Value any() { return values[static_cast<std::size_t>(pick(0, static_cast<int>(values.size()) - 1))]; }
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  Value last() const { return values.back(); }

  GraphBuilder builder;
  std::vector<Value> values;
  Leaves leaves;
  Dimensions dimensions;
  int input_count = 0;
  int result_count = 0;

private:
  bool add(const Value& v) {
    // Keep arrays small: the interpreter is slow.
    if (dimensions(v.shape().size()) > 300 || ctgrad::detail::names_of(v.shape().size()) >> 12 != 0) return false;
    values.push_back(v);
    return true;
  }

  /// A value that broadcasts with x, or a number.
  Value partner(const Value& x) {
    for (int tries = 0; tries < 8; ++tries) {
      const Value y = any();
      if (ctgrad::detail::can_broadcast(x.shape(), y.shape())) return y;
    }
    const double numbers[] = {0.5, 2, -1, 1, 0, 3, -2};
    return ctgrad::detail::record_constant(builder, DType::float64, numbers[pick(0, 6)]);
  }

  bool add_one() {
    const int kind = pick(0, 99);
    if (kind < 20) return add(unary());
    if (kind < 48) return add(binary());
    if (kind < 60) return reduction();
    if (kind < 78) return view();
    return structured();
  }

  Value unary() {
    const Value x = any();
    switch (pick(0, smooth_ ? 7 : 9)) {
      case 0:
        return tanh(x);
      case 1:
        return sin(x);
      case 2:
        return -x;
      case 3:
        return sigmoid(x);
      case 4:
        return exp(tanh(x));
      case 5:
        return cos(x) + 1;
      case 6:
        return x * x / (1 + x * x);
      case 7:
        return sqrt(x * x + 0.5) * 0.25;
      case 8:
        return relu(x);
      default:
        return abs(x);
    }
  }

  Value binary() {
    const Value x = any();
    const Value y = partner(x);
    switch (pick(0, smooth_ ? 5 : 9)) {
      case 0:
        return x + y;
      case 1:
        return x - y;
      case 2:
        return tanh(x) * sigmoid(y);
      case 3:
        return x * 0.5 + y / 2;
      case 4:
        return sin(x) / (2 + cos(y));
      case 5:
        return -x + y;
      case 6:
        return maximum(x, y);
      case 7:
        return minimum(x, y) / 4;
      case 8:
        return where(x > y, x, -y);
      default:
        return where(x > 0, y, 0) * -1.0;
    }
  }

  bool reduction() {
    const Value x = any();
    if (x.shape().rank == 0) return false;
    const auto mask = static_cast<unsigned>(pick(1, (1 << x.shape().rank) - 1));
    const bool keep = pick(0, 1) == 0;
    const ShapeValue narrow = ctgrad::detail::reduce_shape(x.shape(), mask, false);
    const int which = pick(0, smooth_ ? 1 : 3);
    Value y = which <= 1   ? apply_shaped<ops::Sum>(x, narrow, mask)
              : which == 2 ? apply_shaped<ops::Max>(x, narrow, mask)
                           : apply_shaped<ops::Min>(x, narrow, mask);
    if (which <= 1) y = tanh(y);
    if (keep) y = apply_shaped<ops::Reshape>(y, ctgrad::detail::reduce_shape(x.shape(), mask, true));
    return add(y);
  }

  bool view() {
    const Value x = any();
    const ShapeValue& shape = x.shape();
    const int rank = shape.rank;
    switch (pick(0, 4)) {
      case 0: {  // the same elements under another shape
        ShapeValue flat;
        if (pick(0, 1) == 0) flat.push_back(1);
        flat.push_back(shape.size());
        if (pick(0, 1) == 0) flat.push_back(1);
        return add(apply_shaped<ops::Reshape>(x, flat));
      }
      case 1: {
        if (rank < 2) return false;
        std::vector<int> order;
        for (int i = 0; i < rank; ++i) order.push_back(i);
        std::shuffle(order.begin(), order.end(), random_);
        std::int64_t attribute = 0;
        for (int i = 0; i < rank; ++i)
          attribute |= static_cast<std::int64_t>(order[static_cast<std::size_t>(i)]) << (4 * i);
        return add(apply_shaped<ops::Permute>(x, ops::Permute::shape(shape, attribute), attribute));
      }
      case 2: {
        if (rank > 3) return false;
        ShapeValue wide;
        if (pick(0, 1) == 0) wide.push_back(pick(1, 2));
        for (int axis = 0; axis < rank; ++axis)
          wide.push_back(shape[axis] == 1 ? (pick(0, 1) == 0 ? 2 : batch) : shape[axis]);
        return add(apply_shaped<ops::BroadcastTo>(x, wide));
      }
      default: {
        if (rank == 0) return false;
        const int axis = pick(0, rank - 1);
        if (shape[axis] <= 1) return false;
        const int length = static_cast<int>(shape[axis]);
        const int first = pick(0, length - 1);
        const int step = pick(1, 2);
        ShapeValue narrow = shape;
        narrow[axis] = pick(1, (length - first + step - 1) / step);
        return add(apply_shaped<ops::Slice>(x, narrow, ops::Slice::make(axis, first, step)));
      }
    }
  }

  bool structured() {
    const Value x = any();
    const ShapeValue shape = x.shape();
    const int rank = shape.rank;
    switch (pick(0, 5)) {
      case 0:
      case 1: {
        const Value y = any();
        const auto attribute = static_cast<std::int64_t>(pick(0, 3));
        const ShapeValue other = y.shape();
        if (rank < 2 || other.rank < 2) return false;
        ShapeValue batch_x = shape;
        ShapeValue batch_y = other;
        batch_x.rank -= 2;
        batch_y.rank -= 2;
        const Extent inner = shape[rank - ((attribute & 1) != 0 ? 2 : 1)];
        if (inner != other[other.rank - ((attribute & 2) != 0 ? 1 : 2)] ||
            !ctgrad::detail::can_broadcast(batch_x, batch_y))
          return false;
        return add(tanh(apply_shaped<ops::MatMul>(x, ops::MatMul::shape(shape, other, attribute), attribute, y)));
      }
      case 2: {
        const Value y = any();
        if (rank == 0 || y.shape().rank != rank) return false;
        const int axis = pick(0, rank - 1);
        for (int i = 0; i < rank; ++i)
          if (i == axis ? !is_static(shape[i]) || !is_static(y.shape()[i]) : shape[i] != y.shape()[i]) return false;
        ShapeValue joined = shape;
        joined[axis] += y.shape()[axis];
        return joined[axis] <= 8 && add(apply_shaped<ops::Concat>(x, joined, axis, y));
      }
      case 3: {
        if (rank == 0) return false;
        const int axis = pick(0, rank - 1);
        if (!is_static(shape[axis]) || shape[axis] == 0) return false;
        const int first = pick(0, 2);
        const int step = pick(1, 2);
        ShapeValue wide = shape;
        wide[axis] = first + (shape[axis] - 1) * step + 1 + pick(0, 1);
        return wide[axis] <= 8 && add(apply_shaped<ops::Pad>(x, wide, ops::Pad::make(axis, first, step)));
      }
      case 4: {  // rows by an index with repetitions
        if (rank == 0 || rank > 3 || shape[0] <= 0) return false;
        ShapeValue count;
        count.push_back(3);
        const Value numbers = ctgrad::detail::record<ops::Arange>(builder, DType::int64, count, 0);
        const Value index =
            minimum(numbers, ctgrad::detail::record_constant(builder, DType::int64, static_cast<double>(shape[0] - 1)));
        ShapeValue rows = shape;
        rows[0] = 3;
        return add(apply_shaped<ops::Take>(x, rows, 0, index));
      }
      default: {  // elements along an axis, at the place of the largest
        if (rank == 0 || smooth_) return false;
        const int axis = pick(0, rank - 1);
        if (shape[axis] <= 0 && !is_static(shape[axis])) return false;
        const unsigned mask = 1U << axis;
        const Value best = ctgrad::detail::record<ops::ArgMax>(
            builder, DType::int64, ctgrad::detail::reduce_shape(shape, mask, false), axis, x);
        const ShapeValue kept = ctgrad::detail::reduce_shape(shape, mask, true);
        const Value index = ctgrad::detail::record<ops::Reshape>(builder, DType::int64, kept, 0, best);
        return add(apply_shaped<ops::Gather>(x, kept, axis, index));
      }
    }
  }

  std::mt19937 random_;
  bool smooth_;
};

}  // namespace ctgrad_test
