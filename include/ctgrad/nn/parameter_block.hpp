// SPDX-License-Identifier: BSL-1.0
/// \file
/// The parameters of a model in one contiguous block and its buffers in another, with a named view of each.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ctgrad/core/error.hpp"
#include "ctgrad/core/memory.hpp"
#include "ctgrad/core/memory_use.hpp"
#include "ctgrad/graph/graph.hpp"
#include "ctgrad/tensor/random.hpp"
#include "ctgrad/tensor/tensor.hpp"

namespace ctgrad::nn {

namespace detail {

[[noreturn]] CTGRAD_COLD inline void throw_shape(std::string_view name, std::span<const std::int64_t> shape,
                                                 std::span<const std::int64_t> asked_for) {
  throw_error(ctgrad::detail::Message()
                  .text("ctgrad: the parameter \"")
                  .text(name)
                  .text("\" has the shape ")
                  .extents(shape)
                  .text(", not ")
                  .extents(asked_for)
                  .text("; ask for a view of its own shape"));
}

}  // namespace detail

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

/// What a block needs to know of one parameter or buffer of a traced model. The graph itself is not needed while a
/// program runs, and stays out of it with all that it points to.
struct ParameterLayout {
  ShapeValue shape;
  Initializer initializer = Initializer::constant;
  double a = 0;
  double b = 0;
  bool trainable = true;
};

/// The layouts of the parameters and buffers that the graph of `Source` asks for.
template <class Source>
inline constexpr auto parameter_layouts = [] {
  const GraphView graph = Frozen<Source>::graph.view();
  std::array<ParameterLayout, Frozen<Source>::graph.view().parameter_count> layouts;
  for (int i = 0; i < graph.parameter_count; ++i) {
    const ParameterInfo& info = graph.parameters[i];
    layouts[static_cast<std::size_t>(i)] = {graph.shapes[info.shape], info.initializer, info.a, info.b, info.trainable};
  }
  return layouts;
}();

/// All trainable parameters side by side in one block of memory: an optimizer passes over it once, a checkpoint
/// writes it at once. Buffers, which no optimizer touches, lie in a second block.
template <class T>
class ParameterBlock {
public:
  /// Makes room for parameters and buffers with these layouts and names.
  ParameterBlock(std::span<const ParameterLayout> layouts, const std::vector<std::string>& names)
      : parameters_(layouts.size()) {
    std::int64_t total[2] = {};
    for (const ParameterLayout& layout : layouts) total[layout.trainable ? 0 : 1] += layout.shape.size();
    size_ = total[0];
    memory_.reserve(static_cast<std::size_t>(total[0]) * sizeof(T));
    buffer_memory_.reserve(static_cast<std::size_t>(total[1]) * sizeof(T));
    T* next[2] = {data(), buffer_data()};
    for (std::size_t i = 0; i < layouts.size(); ++i) {
      const ParameterLayout& layout = layouts[i];
      NamedParameter<T>& parameter = parameters_[i];
      parameter.name = names[i];
      parameter.shape.assign(layout.shape.extent, layout.shape.extent + layout.shape.rank);
      T*& elements = next[layout.trainable ? 0 : 1];
      parameter.elements = {elements, static_cast<std::size_t>(layout.shape.size())};
      parameter.initializer = layout.initializer;
      parameter.a = layout.a;
      parameter.b = layout.b;
      parameter.trainable = layout.trainable;
      elements += layout.shape.size();
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

  /// The parameter of a name as an array: `trainer.parameters().view<Shape<16, 2>>("hidden.weight")`. The shape must be
  /// the parameter's. Throws Error with the names there are, or with the parameter's shape. The view shows the
  /// parameter as training goes on; writing to it sets the parameter.
  template <class S>
  TensorView<T, S> view(std::string_view name) {
    return view_of<S>(name);
  }
  template <class S>
  TensorView<const T, S> view(std::string_view name) const {
    return view_of<S>(name);
  }

  /// Bytes of the parameters and buffers, and those of their names and shapes.
  MemoryUse memory() const {
    MemoryUse use;
    use.parameters = static_cast<std::int64_t>(memory_.bytes() + buffer_memory_.bytes());
    std::size_t bytes = parameters_.capacity() * sizeof(NamedParameter<T>);
    for (const NamedParameter<T>& p : parameters_)
      bytes += p.shape.capacity() * sizeof(std::int64_t) + bytes_outside(p.name);
    use.bookkeeping = static_cast<std::int64_t>(bytes);
    return use;
  }

private:
  template <class S>
  TensorView<T, S> view_of(std::string_view name) const {
    static_assert(S::value.is_static(),
                  "ctgrad: a parameter's shape is known at compile time; give each axis a number");
    const NamedParameter<T>& parameter = (*this)[name];
    const Extents<S::rank> extents = ctgrad::detail::static_extents<S>();
    if (!std::ranges::equal(parameter.shape, extents)) detail::throw_shape(parameter.name, parameter.shape, extents);
    return {parameter.elements.data(), extents};
  }

  /// Bytes of a text on the heap: none when it is short enough to lie inside the string.
  static std::size_t bytes_outside(const std::string& text) {
    const auto object = reinterpret_cast<std::uintptr_t>(&text);
    const auto characters = reinterpret_cast<std::uintptr_t>(text.data());
    return characters - object < sizeof(std::string) ? 0 : text.capacity() + 1;
  }

  std::int64_t size_ = 0;
  Memory memory_;
  Memory buffer_memory_;
  std::vector<NamedParameter<T>> parameters_;
};

}  // namespace ctgrad::nn
