// SPDX-License-Identifier: BSL-1.0
#include "interpreter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace ctgrad_test {

double rounded(DType dtype, double x) {
  switch (dtype) {
    case DType::float32:
      return static_cast<double>(static_cast<float>(x));
    case DType::int32:
    case DType::int64:
      return std::trunc(x);
    case DType::boolean:
      return x != 0 ? 1 : 0;
    default:
      return x;
  }
}

double scalar_value(Opcode op, DType dtype, double a, double b, double c) {
  auto is = [&](Opcode other) { return op == other; };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  auto value = [&]() -> double {
    if (is(opcode<ops::Abs>)) return std::abs(a);
    if (is(opcode<ops::Add>)) return a + b;
    if (is(opcode<ops::Cast>) || is(opcode<ops::Copy>) || is(opcode<ops::StopGradient>)) return a;
    if (is(opcode<ops::Cos>)) return std::cos(a);
    if (is(opcode<ops::Divide>)) return is_floating(dtype) ? a / b : b == 0 ? 0 : std::trunc(a / b);
    if (is(opcode<ops::Equal>)) return a == b;
    if (is(opcode<ops::Erf>)) return std::erf(a);
    if (is(opcode<ops::Exp>)) return std::exp(a);
    if (is(opcode<ops::Greater>)) return a > b;
    if (is(opcode<ops::GreaterEqual>)) return a >= b;
    if (is(opcode<ops::Less>)) return a < b;
    if (is(opcode<ops::LessEqual>)) return a <= b;
    if (is(opcode<ops::Log>)) return std::log(a);
    if (is(opcode<ops::LogicalAnd>)) return a != 0 && b != 0;
    if (is(opcode<ops::LogicalNot>)) return a == 0;
    if (is(opcode<ops::LogicalOr>)) return a != 0 || b != 0;
    if (is(opcode<ops::Maximum>)) return a != a || b != b ? nan : std::max(a, b);
    if (is(opcode<ops::Minimum>)) return a != a || b != b ? nan : std::min(a, b);
    if (is(opcode<ops::Multiply>)) return a * b;
    if (is(opcode<ops::Negate>)) return -a;
    if (is(opcode<ops::NotEqual>)) return a != b;
    if (is(opcode<ops::Pow>)) return std::pow(a, b);
    if (is(opcode<ops::Relu>)) return a != a ? nan : std::max(a, 0.0);
    if (is(opcode<ops::Sigmoid>)) return 1 / (1 + std::exp(-a));
    if (is(opcode<ops::Sin>)) return std::sin(a);
    if (is(opcode<ops::Sqrt>)) return std::sqrt(a);
    if (is(opcode<ops::Square>)) return a * a;
    if (is(opcode<ops::Subtract>)) return a - b;
    if (is(opcode<ops::Tanh>)) return std::tanh(a);
    if (is(opcode<ops::Where>)) return a != 0 ? b : c;
    throw std::logic_error("the interpreter does not know " + std::string(info(op).name));
  };
  return rounded(dtype, value());
}

double reduction_identity(Opcode op) {
  const double infinity = std::numeric_limits<double>::infinity();
  return op == opcode<ops::Sum> ? 0 : op == opcode<ops::Prod> ? 1 : op == opcode<ops::Max> ? -infinity : infinity;
}

double reduction_step(Opcode op, double a, double b) {
  if (op == opcode<ops::Sum>) return a + b;
  if (op == opcode<ops::Prod>) return a * b;
  return scalar_value(op == opcode<ops::Max> ? opcode<ops::Maximum> : opcode<ops::Minimum>, DType::float64, a, b, 0);
}

std::vector<std::int64_t> extents_of(const ShapeValue& shape, const Dimensions& dimensions) {
  std::vector<std::int64_t> extents;
  for (int axis = 0; axis < shape.rank; ++axis) extents.push_back(dimensions(shape[axis]));
  return extents;
}

std::int64_t product(const std::vector<std::int64_t>& extents) {
  std::int64_t size = 1;
  for (const std::int64_t extent : extents) size *= extent;
  return size;
}

void for_each_index(const std::vector<std::int64_t>& extents,
                    const std::function<void(const std::vector<std::int64_t>&)>& visit) {
  if (product(extents) == 0) return;
  std::vector<std::int64_t> index(extents.size(), 0);
  while (true) {
    visit(index);
    std::size_t axis = extents.size();
    while (axis > 0 && ++index[axis - 1] == extents[axis - 1]) index[--axis] = 0;
    if (axis == 0) return;
  }
}

namespace {

/// The position of an index in an array that stretches to it.
std::size_t position(const std::vector<std::int64_t>& extents, const std::vector<std::int64_t>& index) {
  std::int64_t at = 0;
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    const std::int64_t i = index[index.size() - extents.size() + axis];
    at = at * extents[axis] + (extents[axis] == 1 ? 0 : i);
  }
  return static_cast<std::size_t>(at);
}

class StructuredEvaluator {
public:
  using Extents = std::vector<std::int64_t>;

  static Numbers run(Opcode op, std::int64_t attribute, const std::vector<const Numbers*>& x,
                     const std::vector<Extents>& shapes, const Extents& result) {
    Numbers y(static_cast<std::size_t>(product(result)), 0.0);
    if (op == opcode<ops::MatMul>)
      matmul(attribute, x, shapes, result, y);
    else if (op == opcode<ops::Concat>)
      concat(attribute, x, shapes, result, y);
    else if (op == opcode<ops::Pad>)
      pad(attribute, x, shapes, result, y);
    else if (op == opcode<ops::Gather> || op == opcode<ops::ScatterAdd>)
      gather(op == opcode<ops::ScatterAdd>, attribute, x, shapes, result, y);
    else if (op == opcode<ops::Take> || op == opcode<ops::TakeAdjoint>)
      take(op == opcode<ops::TakeAdjoint>, x, shapes, result, y);
    else if (op == opcode<ops::ArgMax> || op == opcode<ops::ArgMin>)
      search(op == opcode<ops::ArgMax>, attribute, x, shapes, result, y);
    else if (op == opcode<ops::Conv2d>)
      convolve(attribute, shapes[0], shapes[1], result,
               [&](auto at_x, auto at_w, auto at_y) { y[at_y] += (*x[0])[at_x] * (*x[1])[at_w]; });
    else if (op == opcode<ops::Conv2dInputGradient>)
      convolve(attribute, result, shapes[1], shapes[0],
               [&](auto at_x, auto at_w, auto at_y) { y[at_x] += (*x[0])[at_y] * (*x[1])[at_w]; });
    else if (op == opcode<ops::Conv2dWeightGradient>)
      convolve(attribute, shapes[0], result, shapes[1],
               [&](auto at_x, auto at_w, auto at_y) { y[at_w] += (*x[0])[at_x] * (*x[1])[at_y]; });
    else if (op == opcode<ops::MaxPool2d>)
      pool_largest(attribute, *x[1], shapes[1], result, [&](auto from, auto to) { y[to] = (*x[0])[from]; });
    else if (op == opcode<ops::MaxPool2dGradient>)
      pool_largest(attribute, *x[1], shapes[1], shapes[0], [&](auto from, auto to) { y[from] += (*x[0])[to]; });
    else if (op == opcode<ops::AvgPool2d> || op == opcode<ops::AvgPool2dGradient>)
      pool_average(op == opcode<ops::AvgPool2dGradient>, attribute, *x[0], shapes[0], result, y);
    else
      throw std::logic_error("the interpreter does not know " + std::string(info(op).name));
    return y;
  }

private:
  static void matmul(std::int64_t attribute, const std::vector<const Numbers*>& x, const std::vector<Extents>& shapes,
                     const Extents& result, Numbers& y) {
    const bool ta = (attribute & 1) != 0;
    const bool tb = (attribute & 2) != 0;
    const std::int64_t inner = shapes[0][shapes[0].size() - (ta ? 2 : 1)];
    for_each_index(result, [&](const Extents& at) {
      double sum = 0;
      for (std::int64_t k = 0; k < inner; ++k) {
        Extents a = at;
        Extents b = at;
        const std::size_t last = at.size() - 1;
        a[last - 1] = ta ? k : at[last - 1];
        a[last] = ta ? at[last - 1] : k;
        b[last - 1] = tb ? at[last] : k;
        b[last] = tb ? k : at[last];
        sum += (*x[0])[position(shapes[0], a)] * (*x[1])[position(shapes[1], b)];
      }
      y[position(result, at)] = sum;
    });
  }

  static void concat(std::int64_t attribute, const std::vector<const Numbers*>& x, const std::vector<Extents>& shapes,
                     const Extents& result, Numbers& y) {
    const auto axis = static_cast<std::size_t>(attribute);
    for_each_index(result, [&](Extents at) {
      const std::size_t to = position(result, at);
      const bool second = at[axis] >= shapes[0][axis];
      if (second) at[axis] -= shapes[0][axis];
      y[to] = (*x[second])[position(shapes[second], at)];
    });
  }

  static void pad(std::int64_t attribute, const std::vector<const Numbers*>& x, const std::vector<Extents>& shapes,
                  const Extents& result, Numbers& y) {
    const auto axis = static_cast<std::size_t>(ops::Pad::axis(attribute));
    for_each_index(shapes[0], [&](Extents at) {
      const double value = (*x[0])[position(shapes[0], at)];
      at[axis] = ops::Pad::first(attribute) + at[axis] * ops::Pad::step(attribute);
      y[position(result, at)] = value;
    });
  }

  static void gather(bool scatter, std::int64_t attribute, const std::vector<const Numbers*>& x,
                     const std::vector<Extents>& shapes, const Extents& result, Numbers& y) {
    const auto axis = static_cast<std::size_t>(attribute);
    for_each_index(shapes[1], [&](Extents at) {
      const std::size_t narrow = position(shapes[1], at);
      at[axis] = static_cast<std::int64_t>((*x[1])[narrow]);
      if (scatter)
        y[position(result, at)] += (*x[0])[narrow];
      else
        y[narrow] = (*x[0])[position(shapes[0], at)];
    });
  }

  static void take(bool adjoint, const std::vector<const Numbers*>& x, const std::vector<Extents>& shapes,
                   const Extents& result, Numbers& y) {
    const Extents& table = adjoint ? result : shapes[0];
    const std::size_t row = static_cast<std::size_t>(product(table) / std::max<std::int64_t>(table[0], 1));
    for (std::size_t i = 0; i < x[1]->size(); ++i)
      for (std::size_t j = 0; j < row; ++j) {
        const std::size_t wide = static_cast<std::size_t>((*x[1])[i]) * row + j;
        if (adjoint)
          y[wide] += (*x[0])[i * row + j];
        else
          y[i * row + j] = (*x[0])[wide];
      }
  }

  /// Calls visit(place in x, in w, in y) for every product of a convolution.
  static void convolve(std::int64_t attribute, const Extents& x, const Extents& w, const Extents& y,
                       const std::function<void(std::size_t, std::size_t, std::size_t)>& visit) {
    const Window window = ops::WindowAttribute::convolution(attribute, w[2], w[3]);
    for_each_index(y, [&](const Extents& to) {
      const std::int64_t group = to[1] / (w[0] / window.groups);
      for_each_index({w[1], w[2], w[3]}, [&](const Extents& k) {
        const Extents from{to[0], group * w[1] + k[0],
                           to[2] * window.stride[0] - window.padding[0] + k[1] * window.dilation[0],
                           to[3] * window.stride[1] - window.padding[1] + k[2] * window.dilation[1]};
        if (from[2] < 0 || from[2] >= x[2] || from[3] < 0 || from[3] >= x[3]) return;
        visit(position(x, from), position(w, {to[1], k[0], k[1], k[2]}), position(y, to));
      });
    });
  }

  /// Calls visit(place of an element, its window) for every element that each window sees.
  static void pool(std::int64_t attribute, const Extents& x, const Extents& y,
                   const std::function<void(std::size_t, std::size_t)>& visit) {
    const Window window = ops::WindowAttribute::pooling(attribute);
    const std::size_t row = x.size() - 2;
    for_each_index(y, [&](const Extents& to) {
      for_each_index({window.kernel[0], window.kernel[1]}, [&](const Extents& k) {
        Extents from = to;
        for (std::size_t axis = 0; axis < 2; ++axis) {
          from[row + axis] = to[row + axis] * window.stride[axis] - window.padding[axis] + k[axis];
          if (from[row + axis] < 0 || from[row + axis] >= x[row + axis]) return;
        }
        visit(position(x, from), position(y, to));
      });
    });
  }

  static void pool_largest(std::int64_t attribute, const Numbers& x, const Extents& wide, const Extents& narrow,
                           const std::function<void(std::size_t, std::size_t)>& visit) {
    const std::size_t none = x.size();
    std::vector<std::size_t> best(static_cast<std::size_t>(product(narrow)), none);
    pool(attribute, wide, narrow, [&](std::size_t from, std::size_t to) {
      std::size_t& place = best[to];
      if (place == none || (x[place] == x[place] && (x[from] != x[from] || x[from] > x[place]))) place = from;
    });
    for (std::size_t to = 0; to < best.size(); ++to) visit(best[to], to);
  }

  static void pool_average(bool gradient, std::int64_t attribute, const Numbers& x, const Extents& from,
                           const Extents& result, Numbers& y) {
    const Window window = ops::WindowAttribute::pooling(attribute);
    const double size = window.kernel[0] * window.kernel[1];
    pool(attribute, gradient ? result : from, gradient ? from : result, [&](std::size_t wide, std::size_t narrow) {
      y[gradient ? wide : narrow] += x[gradient ? narrow : wide] / size;
    });
  }

  static void search(bool largest, std::int64_t attribute, const std::vector<const Numbers*>& x,
                     const std::vector<Extents>& shapes, const Extents& result, Numbers& y) {
    const auto axis = static_cast<std::size_t>(attribute);
    for_each_index(result, [&](Extents at) {
      const std::size_t to = position(result, at);
      at.insert(at.begin() + static_cast<std::ptrdiff_t>(axis), 0);
      double best = (*x[0])[position(shapes[0], at)];
      for (std::int64_t k = 1; k < shapes[0][axis]; ++k) {
        at[axis] = k;
        const double candidate = (*x[0])[position(shapes[0], at)];
        if (best == best && (candidate != candidate || (largest ? candidate > best : candidate < best))) {
          best = candidate;
          y[to] = static_cast<double>(k);
        }
      }
    });
  }
};

}  // namespace

Numbers evaluate_structured(Opcode op, std::int64_t attribute, const std::vector<const Numbers*>& x,
                            const std::vector<std::vector<std::int64_t>>& shapes,
                            const std::vector<std::int64_t>& result) {
  return StructuredEvaluator::run(op, attribute, x, shapes, result);
}

std::vector<Numbers> evaluate(const GraphView& graph, const Leaves& leaves, const Dimensions& dimensions) {
  using Extents = std::vector<std::int64_t>;
  std::vector<Numbers> values;
  std::vector<Extents> shapes;
  std::int64_t parameter_offset = 0;
  for (int i = 0; i < graph.size; ++i) {
    const Node& node = graph[i];
    shapes.push_back(extents_of(graph.shape(i), dimensions));
    const Extents& shape = shapes.back();
    Numbers y(static_cast<std::size_t>(product(shape)), 0.0);
    std::vector<const Numbers*> x;
    std::vector<Extents> from;
    for (int k = 0; k < 3 && node.operand[k] >= 0; ++k) {
      x.push_back(&values[static_cast<std::size_t>(node.operand[k])]);
      from.push_back(shapes[static_cast<std::size_t>(node.operand[k])]);
    }
    const OpKind kind = info(node).kind;
    if (node.is<ops::Input>()) {
      y = leaves.inputs.at(static_cast<std::size_t>(node.attribute));
    } else if (node.is<ops::Block>()) {
      y = leaves.blocks.at(static_cast<std::size_t>(node.attribute));
    } else if (node.is<ops::Parameter>()) {
      parameter_offset = 0;
      const bool trainable = graph.parameters[node.attribute].trainable;
      for (int p = 0; p < static_cast<int>(node.attribute); ++p)
        if (graph.parameters[p].trainable == trainable)
          parameter_offset += graph.shapes[graph.parameters[p].shape].size();
      const Numbers& block = trainable ? leaves.blocks.at(0) : leaves.blocks.back();
      std::copy_n(block.begin() + parameter_offset, y.size(), y.begin());
    } else if (node.is<ops::Constant>()) {
      y[0] = rounded(node.dtype, node.scalar);
    } else if (node.is<ops::Arange>()) {
      for (std::size_t k = 0; k < y.size(); ++k) y[k] = static_cast<double>(k);
    } else if (node.is<ops::ExtentOf>()) {
      y[0] = static_cast<double>(dimensions(node.attribute));
    } else if (kind == OpKind::elementwise) {
      for_each_index(shape, [&](const Extents& at) {
        auto operand = [&](std::size_t k) { return k < x.size() ? (*x[k])[position(from[k], at)] : 0.0; };
        y[position(shape, at)] = scalar_value(node.op, node.dtype, operand(0), operand(1), operand(2));
      });
    } else if (kind == OpKind::reduction) {
      std::fill(y.begin(), y.end(), reduction_identity(node.op));
      for_each_index(from[0], [&](const Extents& at) {
        std::int64_t to = 0;
        for (std::size_t axis = 0; axis < at.size(); ++axis)
          if ((node.attribute >> axis & 1) == 0) to = to * from[0][axis] + at[axis];
        double& total = y.at(static_cast<std::size_t>(to));
        total = reduction_step(node.op, total, (*x[0])[position(from[0], at)]);
      });
    } else if (node.is<ops::BroadcastTo>()) {
      for_each_index(shape, [&](const Extents& at) { y[position(shape, at)] = (*x[0])[position(from[0], at)]; });
    } else if (node.is<ops::Permute>()) {
      for_each_index(shape, [&](const Extents& at) {
        Extents source = at;
        for (std::size_t axis = 0; axis < at.size(); ++axis)
          source[static_cast<std::size_t>(ops::Permute::source_axis(node.attribute, static_cast<int>(axis)))] =
              at[axis];
        y[position(shape, at)] = (*x[0])[position(from[0], source)];
      });
    } else if (node.is<ops::Reshape>() || node.is<ops::CustomDerivative>()) {
      y = *x[0];
    } else if (node.is<ops::Slice>()) {
      for_each_index(shape, [&](const Extents& at) {
        Extents source = at;
        std::int64_t& i_axis = source[static_cast<std::size_t>(ops::Slice::axis(node.attribute))];
        i_axis = ops::Slice::first(node.attribute) + i_axis * ops::Slice::step(node.attribute);
        y[position(shape, at)] = (*x[0])[position(from[0], source)];
      });
    } else if (node.is<ops::Pack>()) {
      y.clear();
      for (int k = 0; k < ops::Pack::count(node.attribute); ++k) {
        const Numbers& part = values[static_cast<std::size_t>(graph.lists[ops::Pack::first(node.attribute) + k])];
        y.insert(y.end(), part.begin(), part.end());
      }
    } else {
      y = evaluate_structured(node.op, node.attribute, x, from, shape);
    }
    if (static_cast<std::int64_t>(y.size()) != product(shape))
      throw std::logic_error("node %" + std::to_string(i) + " has the wrong size: " + std::to_string(y.size()) +
                             " instead of " + std::to_string(product(shape)));
    values.push_back(std::move(y));
  }
  return values;
}

}  // namespace ctgrad_test
