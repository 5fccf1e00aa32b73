// SPDX-License-Identifier: BSL-1.0
/// \file
/// The parameters of a model in one contiguous block and its buffers in another, with a named view of each.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ctgrad/core/error.hpp"
#include "ctgrad/core/memory.hpp"
#include "ctgrad/graph/graph.hpp"
#include "ctgrad/tensor/random.hpp"

namespace ctgrad::nn {

/// One parameter or buffer: its name, shape, and elements inside the block.
template <class T>
struct NamedParameter {
  std::string name;
  std::vector<std::int64_t> shape;
  std::span<T> elements;
  Initializer initializer = Initializer::constant;
  double a = 0;
  double b = 0;
  /// False for a buffer.
  bool trainable = true;
};

/// All trainable parameters side by side in one block of memory: an optimizer passes over it once, a checkpoint
/// writes it at once. Buffers, which no optimizer touches, lie in a second block.
template <class T>
class ParameterBlock {
public:
  /// Lays out the parameters and buffers that a traced graph asks for.
  ParameterBlock(const GraphView& graph, const std::vector<std::string>& names) {
    std::int64_t total[2] = {};
    for (int i = 0; i < graph.parameter_count; ++i)
      total[graph.parameters[i].trainable ? 0 : 1] += graph.shapes[graph.parameters[i].shape].size();
    size_ = total[0];
    memory_.reserve(static_cast<std::size_t>(total[0]) * sizeof(T) + 1);
    buffer_memory_.reserve(static_cast<std::size_t>(total[1]) * sizeof(T) + 1);
    T* next[2] = {data(), buffer_data()};
    for (int i = 0; i < graph.parameter_count; ++i) {
      const ParameterInfo& info = graph.parameters[i];
      const ShapeValue& shape = graph.shapes[info.shape];
      NamedParameter<T> parameter;
      parameter.name = names[static_cast<std::size_t>(i)];
      for (int axis = 0; axis < shape.rank; ++axis) parameter.shape.push_back(shape[axis]);
      T*& elements = next[info.trainable ? 0 : 1];
      parameter.elements = {elements, static_cast<std::size_t>(shape.size())};
      parameter.initializer = info.initializer;
      parameter.a = info.a;
      parameter.b = info.b;
      parameter.trainable = info.trainable;
      parameters_.push_back(parameter);
      elements += shape.size();
    }
  }
  ParameterBlock(const ParameterBlock&) = delete;
  ParameterBlock& operator=(const ParameterBlock&) = delete;
  ParameterBlock(ParameterBlock&&) noexcept = default;
  ParameterBlock& operator=(ParameterBlock&&) noexcept = default;

  /// Draws every parameter and buffer anew; the same seed gives the same numbers on every machine.
  void initialize(std::uint64_t seed) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const NamedParameter<T>& p = parameters_[i];
      const RandomStream random(seed, i);
      switch (p.initializer) {
        case Initializer::constant:
          for (T& x : p.elements) x = static_cast<T>(p.a);
          break;
        case Initializer::uniform:
          random.fill_uniform(p.elements, 0, static_cast<T>(p.a), static_cast<T>(p.b));
          break;
        case Initializer::normal:
          random.fill_normal(p.elements, 0, static_cast<T>(p.a), static_cast<T>(p.b));
          break;
      }
    }
  }

  /// Number of trainable numbers.
  std::int64_t size() const { return size_; }
  T* data() { return reinterpret_cast<T*>(memory_.data()); }
  const T* data() const { return reinterpret_cast<const T*>(memory_.data()); }
  std::span<T> elements() { return {data(), static_cast<std::size_t>(size_)}; }
  T* buffer_data() { return reinterpret_cast<T*>(buffer_memory_.data()); }
  /// Parameters and buffers in the order of the model's members.
  const std::vector<NamedParameter<T>>& parameters() const { return parameters_; }

  /// The parameter or buffer of a name; throws Error with the names there are.
  const NamedParameter<T>& operator[](std::string_view name) const {
    std::string known;
    for (const NamedParameter<T>& p : parameters_) {
      if (p.name == name) return p;
      known += (known.empty() ? "" : ", ") + p.name;
    }
    throw Error("ctgrad: the model has no parameter \"" + std::string(name) + "\"; it has " + known);
  }

private:
  std::int64_t size_ = 0;
  Memory memory_;
  Memory buffer_memory_;
  std::vector<NamedParameter<T>> parameters_;
};

}  // namespace ctgrad::nn
