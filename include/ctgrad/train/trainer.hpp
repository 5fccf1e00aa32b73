// SPDX-License-Identifier: BSL-1.0
/// \file
/// A model, its parameters, its compiled training step and its compiled inference.
#pragma once

#include "ctgrad/nn/parameter_block.hpp"
#include "ctgrad/optim/sgd.hpp"
#include "ctgrad/program/program.hpp"
#include "ctgrad/train/autocast.hpp"
#include "ctgrad/train/grad_scaler.hpp"
#include "ctgrad/train/source.hpp"

namespace ctgrad {

namespace detail {

/// A scalar view as a number, and tuples of them as tuples of numbers; other views stay.
template <class T, class S>
auto as_number(const TensorView<const T, S>& view) {
  if constexpr (S::rank == 0) {
    return view.item();
  } else {
    return view;
  }
}
/// A number in another device's memory stays there until somebody reads it.
template <class T, class S, class Device>
requires(!std::is_same_v<Device, Cpu>) auto as_number(const TensorView<const T, S, Device>& view) { return view; }
template <class A, class B>
auto as_number(const std::pair<A, B>& parts) {
  return std::pair{as_number(parts.first), as_number(parts.second)};
}
template <class T, std::size_t N>
auto as_number(const std::array<T, N>& parts) {
  return std::apply([](const auto&... part) { return std::array{as_number(part)...}; }, parts);
}
template <class... V>
auto as_number(const std::tuple<V...>& parts) {
  return std::apply([](const auto&... part) { return std::tuple{as_number(part)...}; }, parts);
}

template <class S>
inline constexpr bool is_spec = false;
template <class T, class S>
inline constexpr bool is_spec<Spec<T, S>> = true;

}  // namespace detail

/// A function of a model that is being trained: what `Trainer::inference` returns. It reads the trainer's parameters
/// and must not outlive it. One object serves one thread.
template <class Device, class T, class Source, class Result, class... Specs>
class Inference {
  using Runner = detail::Runner<Device, Pipeline<Source>, Result, 0, Specs...>;

  /// A block of the trainer.
  struct TrainedBlock {
    T* host;
    std::size_t bytes;
    typename Device::Mirror mirror;
  };

public:
  /// The stages of the function, to look at.
  using Stages = Pipeline<Source>;

  Inference(Device device, std::span<T> parameters, const typename Device::Mirror& parameter_mirror,
            std::span<T> buffers, const typename Device::Mirror& buffer_mirror)
      : runner_(std::move(device)),
        parameters_{parameters.data(), parameters.size_bytes(), parameter_mirror},
        buffers_{buffers.data(), buffers.size_bytes(), buffer_mirror} {}

  /// Runs the function. What it returns are views that are valid until the next call.
  auto operator()(const typename Device::template Argument<typename Specs::element_type,
                                                           typename Specs::shape_type>&... arguments) {
    runner_.set_block(0, parameters_.mirror.on_device(parameters_.host, parameters_.bytes));
    if (buffers_.bytes > 0) runner_.set_block(1, buffers_.mirror.on_device(buffers_.host, buffers_.bytes));
    return runner_(0, arguments...);
  }

  /// The bytes that calls with the given dimensions make it hold, and those it holds now. The parameters are the
  /// trainer's.
  static constexpr MemoryUse memory_plan(const Dimensions& dimensions = {}) { return Runner::memory_plan(dimensions); }
  MemoryUse memory() const { return runner_.memory(); }

private:
  Runner runner_;
  TrainedBlock parameters_;
  TrainedBlock buffers_;
};

/// Where random numbers begin: what `manual_seed` returns.
struct ManualSeed {
  std::uint64_t value = 0;
};

/// The seed of a trainer's random numbers, for `make_trainer`.
constexpr ManualSeed manual_seed(std::uint64_t value) { return {value}; }

/// Trains `Model` to minimise `Loss` with `Optimizer`. The whole step (forward, reverse, update) is one compiled
/// program that updates the parameters and buffers in place; when it throws, they are unchanged. (A GPU reports a
/// wrong index only when somebody waits for it; by then it has gone on.) One object serves one thread.
template <class Device, class Model, class Loss, class Optimizer, class... Specs>
class Trainer {
  static_assert((detail::is_spec<Specs> && ...),
                "ctgrad: make_trainer takes the model, the loss, the optimizer, then policies and a seed, and last the "
                "specs of the loss's inputs, spec<float, batch, 784>; put what follows a spec before the first one");
  using Source = training::loss_on<Device, training::LossSource<Loss, Model, Specs...>>;
  static constexpr int inputs = sizeof...(Specs);
  using Result = decltype(Loss{}(std::declval<const Model&>(), std::declval<detail::symbol_of<Specs>>()...));
  using LossSymbol = decltype(training::detail::first_result(std::declval<Result>()));
  static_assert(LossSymbol::shape_type::value.size() == 1,
                "ctgrad: the loss must return a scalar, or a tuple that begins with one; take the mean or the sum");
  static_assert(
      training::autocast_has_effect<Loss, Source>,
      "ctgrad: nothing of this loss runs in the type of autocast: call the model itself, model(x), or cast what "
      "its layers are given, model.layer(cast<bfloat16>(x))");

public:
  /// The type of the parameters: float for a loss of 16 bits.
  using element_type = compute_t<typename LossSymbol::element_type>;
  using StepProgram = training::StepSource<Source, Optimizer, element_type, inputs>;
  /// The stages of the training step, to look at.
  using Stages = Pipeline<StepProgram>;

  /// Settings that may change between steps.
  Optimizer optimizer;

  explicit Trainer(const Optimizer& settings = {}, std::uint64_t seed = 0, Device device = {})
      : optimizer(settings),
        parameters_(nn::parameter_layouts<Source>, nn::parameter_names<Model>()),
        step_(std::move(device)),
        parameter_mirror_(step_.device()),
        buffer_mirror_(step_.device()),
        scaler_mirror_(step_.device()),
        seed_(seed) {
    state_.reserve(static_cast<std::size_t>(parameters_.size()) * Optimizer::state_count * sizeof(element_type));
    parameters_.initialize(seed);
    if constexpr (training::is_scaled<Optimizer>) scaler_state_.scale = settings.scaler.init_scale;
  }

  /// One training step on a minibatch. Returns what the loss function returned: numbers for scalars, views that
  /// are valid until the next step for the rest.
  auto step(const typename Device::template Argument<typename Specs::element_type,
                                                     typename Specs::shape_type>&... minibatch) {
    const auto numbers = [this] {
      if constexpr (training::is_scaled<Optimizer>) {
        return training::detail::scaled_scalars(optimizer, steps_ + 1);
      } else {
        return optimizer.scalars(steps_ + 1);
      }
    }();
    for (std::size_t i = 0; i < numbers.size(); ++i) scalars_[i] = static_cast<Scalar>(numbers[i]);
    step_.set_block(0, parameter_mirror_.on_device(parameters_.data(), parameter_bytes));
    for (int i = 0; i < Optimizer::state_count; ++i)
      step_.set_block(1 + i, reinterpret_cast<element_type*>(state_.data()) + i * parameters_.size());
    if constexpr (training::is_scaled<Optimizer>) {
      auto* state =
          static_cast<training::ScalerState*>(scaler_mirror_.on_device(&scaler_state_, sizeof(scaler_state_)));
      step_.set_block(1 + Optimizer::state_count, &state->scale);
      step_.set_block(2 + Optimizer::state_count, &state->growth_tracker);
      step_.set_block(3 + Optimizer::state_count, &state->updates);
    }
    if constexpr (training::buffer_blocks < Source >> 0)
      step_.set_block(StepProgram::blocks - 1, buffer_mirror_.on_device(parameters_.buffer_data(), buffer_bytes));
    for (int i = 0; i < StepProgram::scalar_count; ++i) step_.set_scalar(i, scalars_[static_cast<std::size_t>(i)]);
    // The seed of a step depends on nothing but the trainer's seed and the step's number.
    const auto result = detail::as_number(
        step_(seed_ + 0x9e3779b97f4a7c15ULL * (static_cast<std::uint64_t>(steps_) + 1), minibatch...));
    parameter_mirror_.changed_on_device();
    buffer_mirror_.changed_on_device();
    scaler_mirror_.changed_on_device();
    ++steps_;
    return result;
  }

  /// A function of the model at inference, `f(model, inputs...)`, compiled for the given specs; with autocast the model
  /// runs in its type here too. The program reads this trainer's parameters and must not outlive it.
  template <class Function, class... InferenceSpecs>
  auto inference(const Function&, InferenceSpecs...) {
    using F = training::in_precision_of<Loss, Function>;
    using Program = training::InferenceSource<F, Source, Model, InferenceSpecs...>;
    using R = decltype(F{}(std::declval<const Model&>(), std::declval<detail::symbol_of<InferenceSpecs>>()...));
    return Inference<Device, element_type, Program, R, InferenceSpecs...>(
        step_.device().for_another_program(), parameters_.elements(), parameter_mirror_,
        {parameters_.buffer_data(), static_cast<std::size_t>(training::buffer_count<Source>)}, buffer_mirror_);
  }

  /// The parameters and buffers. On a device with memory of its own they are copied from there, and what is written to
  /// them reaches the device with the next step or inference: ask again after a step, and before writing.
  nn::ParameterBlock<element_type>& parameters() {
    update_host();
    parameter_mirror_.changed_on_host();
    buffer_mirror_.changed_on_host();
    return parameters_;
  }
  const nn::ParameterBlock<element_type>& parameters() const {
    update_host();
    return parameters_;
  }
  /// Number of steps taken, those among them that a GradScaler skipped.
  std::int64_t steps() const { return steps_; }
  /// What the GradScaler keeps: the scale of the next loss, and how many steps changed the parameters.
  const training::ScalerState& scaler_state() const requires training::is_scaled<Optimizer> {
    scaler_mirror_.update_host(&scaler_state_, sizeof(scaler_state_));
    return scaler_state_;
  }

  /// The bytes that steps with minibatches of the given dimensions make the trainer hold, apart from the names and
  /// shapes of the parameters.
  static constexpr MemoryUse memory_plan(const Dimensions& dimensions = {}) {
    MemoryUse use = StepRunner::memory_plan(dimensions);
    use.parameters = parameter_bytes + buffer_bytes;
    use.optimizer_state = parameter_bytes * Optimizer::state_count;
    return use;
  }

  /// The bytes that the trainer holds now. It takes memory for a step with the first one, and more when a minibatch is
  /// larger than any before. What `inference` returned holds memory of its own.
  MemoryUse memory() const {
    MemoryUse use = step_.memory();
    const MemoryUse block = parameters_.memory();
    use.parameters = block.parameters;
    use.bookkeeping = block.bookkeeping;
    use.optimizer_state = static_cast<std::int64_t>(state_.bytes());
    return use;
  }

private:
  using Scalar = typename StepProgram::scalar_type;
  using StepRunner = detail::Runner<Device, Stages, Result, StepProgram::scalar_count, Specs...>;
  static constexpr std::int64_t parameter_bytes =
      training::parameter_count<Source> * static_cast<std::int64_t>(sizeof(element_type));
  static constexpr std::int64_t buffer_bytes =
      training::buffer_count<Source> * static_cast<std::int64_t>(sizeof(element_type));

  void update_host() const {
    // The block belongs to this object; being const, it hands out no way to write to it.
    auto& block = const_cast<nn::ParameterBlock<element_type>&>(parameters_);
    parameter_mirror_.update_host(block.data(), parameter_bytes);
    buffer_mirror_.update_host(block.buffer_data(), buffer_bytes);
  }

  nn::ParameterBlock<element_type> parameters_;
  typename Device::Block state_;
  mutable training::ScalerState scaler_state_;
  std::array<Scalar, static_cast<std::size_t>(StepProgram::scalar_count) + 1> scalars_{};
  StepRunner step_;
  typename Device::Mirror parameter_mirror_;
  typename Device::Mirror buffer_mirror_;
  typename Device::Mirror scaler_mirror_;
  std::uint64_t seed_;
  std::int64_t steps_ = 0;
};

/// Makes a trainer: `auto trainer = make_trainer<Cpu>(Mlp{}, loss, optim::Adam{}, spec<float, batch, 784>,
/// spec<std::int64_t, batch>);`. `loss(model, inputs...)` returns a scalar symbol, or a tuple of it and metrics.
template <class Device = Cpu, class Model, class Loss, class Optimizer, class... Specs>
Trainer<Device, Model, Loss, Optimizer, Specs...> make_trainer(const Model&, const Loss&, const Optimizer& optimizer,
                                                               Specs...) {
  return Trainer<Device, Model, Loss, Optimizer, Specs...>(optimizer);
}
template <DeviceType Device, class Model, class Loss, class Optimizer, class... Specs>
Trainer<Device, Model, Loss, Optimizer, Specs...> make_trainer(Device device, const Model&, const Loss&,
                                                               const Optimizer& optimizer, Specs...) {
  return Trainer<Device, Model, Loss, Optimizer, Specs...>(optimizer, 0, std::move(device));
}

/// The same with a seed, on which the first parameters and the random numbers of each step depend:
/// `make_trainer<Cpu>(Mlp{}, loss, optim::Adam{}, manual_seed(7), spec<float, batch, 784>, ...)`. The same seed gives
/// the same numbers; without one it is 0.
template <class Device = Cpu, class Model, class Loss, class Optimizer, class... Specs>
Trainer<Device, Model, Loss, Optimizer, Specs...> make_trainer(const Model&, const Loss&, const Optimizer& optimizer,
                                                               ManualSeed seed, Specs...) {
  return Trainer<Device, Model, Loss, Optimizer, Specs...>(optimizer, seed.value);
}
template <DeviceType Device, class Model, class Loss, class Optimizer, class... Specs>
Trainer<Device, Model, Loss, Optimizer, Specs...> make_trainer(Device device, const Model&, const Loss&,
                                                               const Optimizer& optimizer, ManualSeed seed, Specs...) {
  return Trainer<Device, Model, Loss, Optimizer, Specs...>(optimizer, seed.value, std::move(device));
}

}  // namespace ctgrad
