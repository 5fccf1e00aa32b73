// SPDX-License-Identifier: BSL-1.0
/// \file
/// make_trainer with policies of precision: autocast and loss scaling.
#pragma once

#include "ctgrad/train/trainer.hpp"

namespace ctgrad {

namespace detail {

template <class P>
inline constexpr bool is_precision_policy = std::is_same_v<P, GradScaler>;
template <class T>
inline constexpr bool is_precision_policy<Autocast<T>> = true;

}  // namespace detail

/// A trainer in mixed precision (Micikevicius et al. 2018), as PyTorch's amp does it:
/// `make_trainer<Cpu>(Mlp{}, loss, optim::Adam{}, autocast<bfloat16>, spec<float, batch, 784>, ...)`. The loss is
/// called with a model that casts its float inputs and its parameters to T, computes forward and backward in T, and
/// returns float. What the trainer keeps, and the optimizer's update, are float. Policies and a seed may follow the
/// optimizer in any order.
template <class Device = Cpu, class Model, class Loss, class Optimizer, class T, class... Rest>
auto make_trainer(const Model& model, const Loss&, const Optimizer& optimizer, Autocast<T>, Rest... rest) {
  static_assert(is_half<T>, "ctgrad: autocast takes a 16-bit type, bfloat16 or float16");
  return make_trainer<Device>(model, training::AutocastFunction<Loss, T>{}, optimizer, rest...);
}
template <DeviceType Device, class Model, class Loss, class Optimizer, class T, class... Rest>
auto make_trainer(Device device, const Model& model, const Loss&, const Optimizer& optimizer, Autocast<T>,
                  Rest... rest) {
  static_assert(is_half<T>, "ctgrad: autocast takes a 16-bit type, bfloat16 or float16");
  return make_trainer(std::move(device), model, training::AutocastFunction<Loss, T>{}, optimizer, rest...);
}

/// The same with loss scaling, which float16 needs: `make_trainer<Cpu>(Mlp{}, loss, optim::Adam{}, autocast<float16>,
/// GradScaler{}, spec<float, batch, 784>, ...)`. `trainer.scaler_state().scale` is the scale of the next step, and
/// `trainer.optimizer.scaler` has the settings.
template <class Device = Cpu, class Model, class Loss, class Optimizer, class... Rest>
auto make_trainer(const Model& model, const Loss& loss, const Optimizer& optimizer, GradScaler scaler, Rest... rest) {
  return make_trainer<Device>(model, loss, training::Scaled<Optimizer>{optimizer, scaler}, rest...);
}
template <DeviceType Device, class Model, class Loss, class Optimizer, class... Rest>
auto make_trainer(Device device, const Model& model, const Loss& loss, const Optimizer& optimizer, GradScaler scaler,
                  Rest... rest) {
  return make_trainer(std::move(device), model, loss, training::Scaled<Optimizer>{optimizer, scaler}, rest...);
}

/// The same with the seed before a policy.
template <class Device = Cpu, class Model, class Loss, class Optimizer, class Policy, class... Rest>
requires detail::is_precision_policy<Policy>
auto make_trainer(const Model& model, const Loss& loss, const Optimizer& optimizer, ManualSeed seed, Policy policy,
                  Rest... rest) {
  return make_trainer<Device>(model, loss, optimizer, policy, seed, rest...);
}
template <DeviceType Device, class Model, class Loss, class Optimizer, class Policy, class... Rest>
requires detail::is_precision_policy<Policy>
auto make_trainer(Device device, const Model& model, const Loss& loss, const Optimizer& optimizer, ManualSeed seed,
                  Policy policy, Rest... rest) {
  return make_trainer(std::move(device), model, loss, optimizer, policy, seed, rest...);
}

}  // namespace ctgrad
