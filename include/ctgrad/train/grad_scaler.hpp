// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loss scaling: the training step that multiplies the loss, divides the gradients, and skips what overflowed.
#pragma once

#include <limits>

#include "ctgrad/ops/abs.hpp"
#include "ctgrad/optim/sgd.hpp"
#include "ctgrad/train/source.hpp"

namespace ctgrad {

/// A policy of `make_trainer` (Micikevicius et al. 2018): the reverse pass starts from the loss times a scale, so that
/// small gradients do not vanish in 16 bits, and the gradients are divided by it, in float. A step whose gradients are
/// not all finite changes neither parameters, optimizer state nor buffers, does not count as a step of the optimizer,
/// and multiplies the scale by backoff_factor; after growth_interval good steps in a row it is multiplied by
/// growth_factor, unless that overflows. Names, values and rules are those of PyTorch's GradScaler. With both factors 1
/// the scale is constant. All of it is part of the compiled step.
struct GradScaler {
  double init_scale = 65536;
  double growth_factor = 2;
  double backoff_factor = 0.5;
  double growth_interval = 2000;
};

namespace training {

/// An optimizer under a GradScaler.
template <class Optimizer>
struct Scaled : Optimizer {
  GradScaler scaler;
};

template <class Optimizer>
inline constexpr bool is_scaled = false;
template <class Optimizer>
inline constexpr bool is_scaled<Scaled<Optimizer>> = true;

/// What a GradScaler keeps: three numbers, each a block of its own, as the step leaves them.
struct ScalerState {
  /// By which the next loss is multiplied.
  double scale = 0;
  /// Good steps since the scale changed.
  double growth_tracker = 0;
  /// Steps that changed the parameters.
  double updates = 0;
};

namespace detail {

/// The run-time numbers of an optimizer under a scaler: its own, then the scaler's.
template <class Optimizer>
constexpr auto scaled_scalars(const Scaled<Optimizer>& optimizer, std::int64_t step) {
  const auto own = [&] {
    if constexpr (optim::CountsSteps<Optimizer>) {
      return optimizer.settings();
    } else {
      return optimizer.scalars(step);
    }
  }();
  std::array<double, std::tuple_size_v<std::remove_const_t<decltype(own)>> + 3> all{};
  for (std::size_t i = 0; i < own.size(); ++i) all[i] = own[i];
  all[own.size()] = optimizer.scaler.growth_factor;
  all[own.size() + 1] = optimizer.scaler.backoff_factor;
  all[own.size() + 2] = optimizer.scaler.growth_interval;
  return all;
}

}  // namespace detail

/// The training step with loss scaling. After the blocks of the optimizer come the three numbers of the scaler. The
/// run-time numbers are doubles: a correction such as Adam's takes the difference of nearly equal ones.
template <class Loss, class Optimizer, class T, int DataInputs>
struct StepSource<Loss, Scaled<Optimizer>, T, DataInputs> {
  using scalar_type = double;
  static constexpr int blocks = 1 + Optimizer::state_count + 3 + buffer_blocks<Loss>;
  static constexpr int scalar_count =
      static_cast<int>(std::tuple_size_v<decltype(detail::scaled_scalars(Scaled<Optimizer>{}, 1))>);
  static constexpr ctgrad::detail::GraphSize expected() {
    ctgrad::detail::GraphSize size = detail::expected_step<Loss>(blocks);
    size.nodes += 64;
    return size;
  }

  static constexpr GraphBuilder run() {
    GraphBuilder builder(Frozen<Loss>::graph.view());
    using Scalar = Symbol<double, Shape<>>;
    constexpr int first = 1 + Optimizer::state_count;
    const Scalar scale = detail::block<Scalar>(builder, first);
    const Scalar tracker = detail::block<Scalar>(builder, first + 1);
    const Scalar updates = detail::block<Scalar>(builder, first + 2);
    std::array<Scalar, scalar_count> input{};
    for (int i = 0; i < scalar_count; ++i)
      input[static_cast<std::size_t>(i)] = ctgrad::detail::record_input<Spec<double, Shape<>>>(builder, DataInputs + i);

    using Parameters = Symbol<T, Shape<parameter_count<Loss>>>;
    const Parameters scaled{&builder, detail::append_gradient<Loss>(builder, dtype_of<T>, scale)};
    // The largest magnitude is NaN where any number is.
    const auto finite = max(abs(scaled)) <= std::numeric_limits<T>::max();
    const Parameters g = scaled * cast<T>(1 / scale);
    const Parameters p = detail::block<Parameters>(builder, 0);
    const auto state = detail::state_blocks<Parameters, Optimizer::state_count>(builder);
    const auto updated = Optimizer::update(p, g, state, optimizer_scalars(input, updates + 1));
    const auto choose = [&](const auto& made, const auto& old, int block) {
      builder.outputs.push_back({where(finite, made, old).id, OutputKind::update, block});
    };
    choose(updated.first, p, 0);
    for (int i = 0; i < Optimizer::state_count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      choose(updated.second[at], state[at], 1 + i);
    }
    if constexpr (buffer_blocks < Loss >> 0)
      detail::append_buffer_updates<Loss>(builder, blocks - 1, Value{&builder, finite.id});

    const Scalar growth = input[scalar_count - 3];
    const Scalar backoff = input[scalar_count - 2];
    const auto grows = tracker + 1 >= input[scalar_count - 1];
    // The scale multiplies a loss of type T, so it must be finite there.
    const Scalar larger =
        where(scale * growth <= static_cast<double>(std::numeric_limits<T>::max()), scale * growth, scale);
    choose(where(grows, larger, scale), scale * backoff, first);
    choose(where(grows, 0, tracker + 1), tracker * 0, first + 1);
    choose(updates + 1, updates, first + 2);
    return builder;
  }

private:
  /// The numbers that the optimizer's update takes, for its own count of the step.
  template <class Inputs, class Scalar>
  static constexpr auto optimizer_scalars(const Inputs& input, const Scalar& step) {
    constexpr std::size_t count = std::tuple_size_v<Inputs> - 3;
    std::array<Scalar, count> own{};
    for (std::size_t i = 0; i < count; ++i) own[i] = input[i];
    const auto numbers = [&] {
      if constexpr (optim::CountsSteps<Optimizer>) {
        return Optimizer::numbers(own, step);
      } else {
        return own;
      }
    }();
    std::array<Symbol<T, Shape<>>, std::tuple_size_v<std::remove_const_t<decltype(numbers)>>> rounded{};
    for (std::size_t i = 0; i < rounded.size(); ++i) rounded[i] = cast<T>(numbers[i]);
    return rounded;
  }
};

}  // namespace training

}  // namespace ctgrad
