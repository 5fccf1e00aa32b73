// SPDX-License-Identifier: BSL-1.0
/// \file
/// A trainable parameter of a module, or a buffer, and how its first value is drawn.
#pragma once

#include "ctgrad/core/math.hpp"
#include "ctgrad/graph/symbol.hpp"

namespace ctgrad::nn {

/// How the initial value of a parameter is drawn; see `init`.
struct Initial {
  Initializer kind = Initializer::constant;
  double a = 0;
  double b = 0;
};

/// The usual ways to draw the initial value of a parameter.
namespace init {

/// All elements equal.
constexpr Initial constant(double value) { return {Initializer::constant, value, 0}; }
constexpr Initial zeros() { return constant(0); }
constexpr Initial ones() { return constant(1); }
/// Uniform in [low, high).
constexpr Initial uniform(double low, double high) { return {Initializer::uniform, low, high}; }
/// Normal with the given mean and standard deviation.
constexpr Initial normal(double mean, double standard_deviation) {
  return {Initializer::normal, mean, standard_deviation};
}
/// Normal with standard deviation gain / sqrt(fan_in) (He et al. 2015); the gain of ReLU is sqrt(2).
constexpr Initial kaiming_normal(std::int64_t fan_in, double gain = 1.4142135623730951) {
  return normal(0, gain / math::sqrt(static_cast<double>(fan_in)));
}
/// Uniform with the same standard deviation.
constexpr Initial kaiming_uniform(std::int64_t fan_in, double gain = 1.4142135623730951) {
  const double bound = gain * math::sqrt(3.0 / static_cast<double>(fan_in));
  return uniform(-bound, bound);
}
/// Uniform with standard deviation gain * sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010).
constexpr Initial xavier_uniform(std::int64_t fan_in, std::int64_t fan_out, double gain = 1) {
  const double bound = gain * math::sqrt(6.0 / static_cast<double>(fan_in + fan_out));
  return uniform(-bound, bound);
}
/// Normal with the same standard deviation.
constexpr Initial xavier_normal(std::int64_t fan_in, std::int64_t fan_out, double gain = 1) {
  return normal(0, gain * math::sqrt(2.0 / static_cast<double>(fan_in + fan_out)));
}
/// What PyTorch's layers start with: uniform between -1/sqrt(fan_in) and 1/sqrt(fan_in).
constexpr Initial pytorch_default(std::int64_t fan_in) { return kaiming_uniform(fan_in, math::sqrt(1.0 / 3.0)); }

}  // namespace init

namespace detail {

/// The parameter or buffer of a number as a node of shape S, recorded at its first use.
template <class T, class S>
constexpr int stored_value(GraphBuilder& builder, int index, const Initial& initial) {
  static_assert(S::value.is_static(), "ctgrad: the shape of a parameter or buffer must be known at compile time");
  if (index < 0) throw "ctgrad: a module's parameter or buffer is used outside a model that is being traced";
  ParameterInfo& info = builder.parameters[index];
  if (info.node < 0) {
    const Value v = ctgrad::detail::record<ops::Parameter>(builder, dtype_of<T>, S::value, index);
    info.node = v.id;
    info.shape = builder.nodes[v.id].shape;
    info.dtype = dtype_of<T>;
    info.initializer = initial.kind;
    info.a = initial.a;
    info.b = initial.b;
  } else if (!(builder.shapes[info.shape] == S::value)) {
    throw "ctgrad: a parameter or buffer is used with two different shapes; give each use its own layer";
  }
  return info.node;
}

/// What is stored in node `id` as a symbol of type T: rounded where that has 16 bits.
template <class T, class S>
constexpr Symbol<T, S> rounded(GraphBuilder& builder, int id) {
  const Symbol<compute_t<T>, S> stored{&builder, id};
  if constexpr (is_half<T>) {
    return cast<T>(stored);
  } else {
    return stored;
  }
}

}  // namespace detail

/// A trainable parameter: a member of a module, `nn::Parameter weight;`. Its name is the path of members that
/// leads to it, as in "hidden.weight". Its shape is given where the module uses it, so that it may depend on the
/// input: `weight.get<Shape<Out, in>>(x, init::zeros())`.
struct Parameter {
  /// Position among the parameters of the model; set by the tracer.
  int index = -1;

  /// The parameter as a symbol of shape S and the element type of `x`, in the graph of `x`. A second use with the
  /// same shape is the same parameter. Where `x` has 16 bits the parameter is float nevertheless, and this is its
  /// rounded value.
  template <class S, class T, class SX>
  constexpr Symbol<T, S> get(const Symbol<T, SX>& x, const Initial& initial) const {
    return detail::rounded<T, S>(*x.builder, detail::stored_value<compute_t<T>, S>(*x.builder, index, initial));
  }
};

/// State of a module that is not trained but that a training step may give a new value, such as running statistics: a
/// member, `nn::Buffer running_mean;`. It is named, saved and loaded like a parameter, has no gradient, and no
/// optimizer touches it.
struct Buffer {
  /// Position among the parameters and buffers of the model; set by the tracer.
  int index = -1;

  /// The buffer as a symbol of shape S and the element type of `x`, in the graph of `x`: the value it had before the
  /// step, or what the step has set it to. Where `x` has 16 bits the buffer is float, and this is its rounded value.
  template <class S, class T, class SX>
  constexpr Symbol<T, S> get(const Symbol<T, SX>& x, const Initial& initial) const {
    const int node = detail::stored_value<compute_t<T>, S>(*x.builder, index, initial);
    const int update = x.builder->parameters[index].update;
    return detail::rounded<T, S>(*x.builder, update >= 0 ? update : node);
  }

  /// What the buffer holds after this training step; only while one is traced, and after `get`.
  template <class T, class S>
  constexpr void set(const Symbol<T, S>& new_value) const {
    const auto value = cast_stored(new_value);
    if (!value.builder->training) throw "ctgrad: a buffer is set only while training; ask ctgrad_is_training(x) first";
    if (index < 0 || value.builder->parameters[index].node < 0)
      throw "ctgrad: a buffer is set before its value was asked for with get";
    ParameterInfo& info = value.builder->parameters[index];
    if (info.dtype != dtype_of<compute_t<T>> || !(value.builder->shapes[info.shape] == S::value))
      throw "ctgrad: a buffer is set to a value of another shape or element type";
    info.update = value.id;
  }

private:
  template <class T, class S>
  static constexpr Symbol<compute_t<T>, S> cast_stored(const Symbol<T, S>& value) {
    if constexpr (is_half<T>) {
      return cast<float>(value);
    } else {
      return value;
    }
  }
};

}  // namespace ctgrad::nn
