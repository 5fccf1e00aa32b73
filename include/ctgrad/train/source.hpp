// SPDX-License-Identifier: BSL-1.0
/// \file
/// The graphs of a model: its forward pass, and its training step.
#pragma once

#include <algorithm>
#include <cstddef>

#include "ctgrad/nn/module.hpp"
#include "ctgrad/passes/batch_norm_steps.hpp"
#include "ctgrad/passes/differentiate.hpp"
#include "ctgrad/program/pipeline.hpp"

namespace ctgrad::training {

namespace detail {

template <class R>
constexpr auto first_result(const R& result) {
  if constexpr (ctgrad::detail::is_symbol<R>) {
    return result;
  } else {
    return std::get<0>(result);
  }
}

template <class F, class M, class... Specs, std::size_t... I>
constexpr GraphBuilder trace_model(bool training, std::index_sequence<I...>) {
  GraphBuilder builder;
  builder.training = training;
  M model{};
  nn::attach_parameters(model, builder);
  const std::tuple<ctgrad::detail::symbol_of<Specs>...> inputs{
      ctgrad::detail::record_input<Specs>(builder, static_cast<int>(I))...};
  const auto result = F{}(static_cast<const M&>(model), std::get<I>(inputs)...);
  int index = 0;
  ctgrad::detail::for_each_symbol(result, [&](const auto& symbol) {
    builder.outputs.push_back({symbol.id, OutputKind::result, index++});
  });
  return builder;
}

}  // namespace detail

/// The forward pass of a loss: `F{}(model, inputs...)` returns the loss, or a tuple that begins with it.
template <class F, class M, class... Specs>
struct LossSource {
  static constexpr int blocks = 1;
  /// A layer records a few operations for each of its parameters, and most modules hold little but these.
  static constexpr ctgrad::detail::GraphSize expected() {
    constexpr int parameters = static_cast<int>(std::min(sizeof(M) / sizeof(nn::Parameter), std::size_t{2048}));
    return {192 + 7 * parameters / 2, 32, 64, 16, 16 + parameters};
  }
  static constexpr GraphBuilder run() {
    GraphBuilder builder = detail::trace_model<F, M, Specs...>(true, std::index_sequence_for<Specs...>{});
    for (const ParameterInfo& parameter : builder.parameters)
      if (parameter.node < 0)
        throw "ctgrad: the model has a parameter that its loss does not use; remove the layer or use it";
    return builder;
  }
};

/// The forward pass of a loss for a device whose library has batch normalisations in one call.
template <class Loss>
struct WithBatchNormSteps {
  static constexpr int blocks = 1;
  static constexpr ctgrad::detail::GraphSize expected() {
    const GraphView graph = Frozen<Loss>::graph.view();
    return {graph.size, graph.shape_count + 16, graph.list_count, graph.output_count, graph.parameter_count};
  }
  static constexpr GraphBuilder run() { return batch_norms_as_steps(Frozen<Loss>::graph.view()); }
};

namespace detail {

template <class Device>
concept AsksForBatchNormSteps = requires {
  requires Device::Libraries::batch_norms;
};
template <class Device, class Loss>
struct LossOn {
  using type = Loss;
};
template <AsksForBatchNormSteps Device, class Loss>
struct LossOn<Device, Loss> {
  using type = WithBatchNormSteps<Loss>;
};

}  // namespace detail

/// The forward pass of a loss as it is differentiated for a device. Which batch normalisations are steps of their own
/// must be known before that.
template <class Device, class Loss>
using loss_on = typename detail::LossOn<Device, Loss>::type;

namespace detail {

/// The number of elements of all parameters, or of all buffers.
template <class Loss>
constexpr std::int64_t count_elements(bool trainable) {
  const GraphView graph = Frozen<Loss>::graph.view();
  std::int64_t total = 0;
  for (int i = 0; i < graph.parameter_count; ++i)
    if (graph.parameters[i].trainable == trainable) total += graph.shapes[graph.parameters[i].shape].size();
  return total;
}

}  // namespace detail

/// The number of elements of all parameters.
template <class Loss>
inline constexpr std::int64_t parameter_count = detail::count_elements<Loss>(true);
/// The number of elements of all buffers.
template <class Loss>
inline constexpr std::int64_t buffer_count = detail::count_elements<Loss>(false);
/// The number of blocks of buffers: one, or none.
template <class Loss>
inline constexpr int buffer_blocks = buffer_count<Loss> > 0 ? 1 : 0;

namespace detail {

/// Appends a block of the given nodes side by side.
constexpr int pack(GraphBuilder& builder, DType dtype, const ctgrad::detail::Vector<int>& parts, std::int64_t size) {
  const int first = builder.lists.size();
  for (const int part : parts) builder.lists.push_back(part);
  ShapeValue shape;
  shape.push_back(size);
  return ctgrad::detail::record<ops::Pack>(builder, dtype, shape, ops::Pack::make(first, parts.size())).id;
}

/// Appends the reverse pass of a loss, times a scalar or number `scale`, to its graph; the node it returns is the
/// gradient of all parameters, in one block of the parameters' element type `dtype`.
template <class Loss, class Scale>
constexpr int append_gradient(GraphBuilder& builder, DType dtype, const Scale& scale) {
  const int loss = builder.outputs[0].node;
  const Value start = ctgrad::detail::to_value(builder, builder.nodes[loss].dtype, scale);
  const Value cast = start.dtype() == builder.nodes[loss].dtype ? start : cast_like(start, Value{&builder, loss});
  const int seed = broadcast_value(cast, builder.shape(loss)).id;
  ctgrad::detail::Vector<int> parameters;
  for (const ParameterInfo& parameter : builder.parameters)
    if (parameter.trainable) parameters.push_back(parameter.node);
  ctgrad::detail::Vector<int> gradients(parameters.size());
  reverse(builder, loss, seed, parameters.data(), parameters.size(), gradients.data());
  return pack(builder, dtype, gradients, parameter_count<Loss>);
}

/// Appends the new values of all buffers, in one block, as an update of the last block. Where `condition` is given,
/// they stay as they are unless it holds.
template <class Loss>
constexpr void append_buffer_updates(GraphBuilder& builder, int block, Value condition = {}) {
  ctgrad::detail::Vector<int> values;
  // A copy: new nodes may move the table.
  for (int i = 0; i < builder.parameters.size(); ++i) {
    const ParameterInfo parameter = builder.parameters[i];
    if (parameter.trainable) continue;
    int value = parameter.update >= 0 ? parameter.update : parameter.node;
    if (condition.id >= 0 && parameter.update >= 0)
      value = where(condition, Value{&builder, value}, Value{&builder, parameter.node}).id;
    values.push_back(value);
  }
  const DType dtype = builder.nodes[values[0]].dtype;
  builder.outputs.push_back({pack(builder, dtype, values, buffer_count<Loss>), OutputKind::update, block});
}

template <class Symbols>
constexpr Symbols block(GraphBuilder& builder, int number) {
  const Value v = ctgrad::detail::record<ops::Block>(builder, dtype_of<typename Symbols::element_type>,
                                                     Symbols::shape_type::value, number);
  return {&builder, v.id};
}

/// The blocks after that of the parameters: the optimizer's state.
template <class Parameters, int Count>
constexpr auto state_blocks(GraphBuilder& builder) {
  std::array<Parameters, Count> state{};
  for (int i = 0; i < Count; ++i) state[static_cast<std::size_t>(i)] = block<Parameters>(builder, 1 + i);
  return state;
}

/// Room for the graph of a training step.
template <class Loss>
constexpr ctgrad::detail::GraphSize expected_step(int blocks) {
  const GraphView forward = Frozen<Loss>::graph.view();
  return {forward.size * 9 / 2 + 128, forward.shape_count + 40, forward.list_count + forward.parameter_count,
          forward.output_count + blocks, forward.parameter_count};
}

}  // namespace detail

/// The whole training step: forward, reverse, the optimizer's update of the parameters and the new values of the
/// buffers in place. The numbers
/// of the optimizer are scalar inputs after the data's.
template <class Loss, class Optimizer, class T, int DataInputs>
struct StepSource {
  /// The type of the optimizer's numbers.
  using scalar_type = T;
  static constexpr int blocks = 1 + Optimizer::state_count + buffer_blocks<Loss>;
  static constexpr int scalar_count = static_cast<int>(std::tuple_size_v<decltype(Optimizer{}.scalars(1))>);
  static constexpr ctgrad::detail::GraphSize expected() { return detail::expected_step<Loss>(blocks); }

  static constexpr GraphBuilder run() {
    GraphBuilder builder(Frozen<Loss>::graph.view());
    using Parameters = Symbol<T, Shape<parameter_count<Loss>>>;
    const Parameters g{&builder, detail::append_gradient<Loss>(builder, dtype_of<T>, 1)};
    const Parameters p = detail::block<Parameters>(builder, 0);
    const auto state = detail::state_blocks<Parameters, Optimizer::state_count>(builder);
    std::array<Symbol<T, Shape<>>, scalar_count> scalars{};
    for (int i = 0; i < scalar_count; ++i)
      scalars[static_cast<std::size_t>(i)] = ctgrad::detail::record_input<Spec<T, Shape<>>>(builder, DataInputs + i);
    const auto updated = Optimizer::update(p, g, state, scalars);
    builder.outputs.push_back({updated.first.id, OutputKind::update, 0});
    for (int i = 0; i < Optimizer::state_count; ++i)
      builder.outputs.push_back({updated.second[static_cast<std::size_t>(i)].id, OutputKind::update, 1 + i});
    if constexpr (buffer_blocks < Loss >> 0) detail::append_buffer_updates<Loss>(builder, blocks - 1);
    return builder;
  }
};

/// A function of the model without training: `F{}(model, inputs...)`. The layout of the parameters is the one the
/// loss fixed, whether the function uses them all or not.
template <class F, class Loss, class M, class... Specs>
struct InferenceSource {
  static constexpr int blocks = 1 + buffer_blocks<Loss>;
  static constexpr GraphBuilder run() {
    GraphBuilder builder = detail::trace_model<F, M, Specs...>(false, std::index_sequence_for<Specs...>{});
    const GraphView trained = Frozen<Loss>::graph.view();
    for (int i = 0; i < trained.parameter_count; ++i) {
      const ShapeValue& shape = trained.shapes[trained.parameters[i].shape];
      ParameterInfo& own = builder.parameters[i];
      if (own.node >= 0 && !(builder.shapes[own.shape] == shape))
        throw "ctgrad: the model has parameters of other shapes here than in its loss; give it inputs of the same size";
      own.shape = builder.intern(shape);
      own.dtype = trained.parameters[i].dtype;
    }
    return builder;
  }
};

}  // namespace ctgrad::training
