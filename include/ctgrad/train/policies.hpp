// SPDX-License-Identifier: BSL-1.0
/// \file
/// make_trainer with policies: autocast, loss scaling, gradient clipping.
#pragma once

#include "ctgrad/train/clip_grad.hpp"
#include "ctgrad/train/trainer.hpp"

namespace ctgrad {

namespace training {

template <class P>
inline constexpr bool is_policy = GradientClip<P> || std::is_same_v<P, GradScaler>;
template <class T>
inline constexpr bool is_policy<Autocast<T>> = true;
template <class P>
concept Policy = is_policy<P>;

/// The loss under a policy.
template <class Loss, class P>
constexpr auto loss_under(const Loss& loss, const P&) {
  return loss;
}
template <class Loss, class T>
constexpr auto loss_under(const Loss&, const Autocast<T>&) {
  static_assert(is_half<T>, "ctgrad: autocast takes a 16-bit type, bfloat16 or float16");
  return AutocastFunction<Loss, T>{};
}

namespace detail {

template <class Optimizer, GradientClip Clip>
auto clipped(const Optimizer& optimizer, const Clip& clip) {
  return Clipped<Optimizer, Clip>{optimizer, clip};
}
template <class Optimizer, class... Clips, GradientClip Clip>
auto clipped(const Clipped<Optimizer, Clips...>& optimizer, const Clip& clip) {
  static_assert((!std::is_same_v<Clips, Clip> && ...),
                "ctgrad: a trainer clips its gradients by norm or by value once; leave one of two equal policies out");
  return Clipped<Optimizer, Clips..., Clip>{optimizer, static_cast<const Clips&>(optimizer)..., clip};
}

}  // namespace detail

/// The optimizer under a policy. Gradients are clipped before the optimizer sees them, in the order in which the clips
/// were given, and after a GradScaler has divided them.
template <class Optimizer, class T>
auto optimizer_under(const Optimizer& optimizer, const Autocast<T>&) {
  return optimizer;
}
template <class Optimizer>
auto optimizer_under(const Optimizer& optimizer, const GradScaler& scaler) {
  static_assert(!is_scaled<Optimizer>, "ctgrad: a trainer scales its loss once; leave one of two GradScalers out");
  return Scaled<Optimizer>{optimizer, scaler};
}
template <class Optimizer, GradientClip Clip>
auto optimizer_under(const Optimizer& optimizer, const Clip& clip) {
  static_cast<void>(clip.bound());
  return detail::clipped(optimizer, clip);
}
template <class Optimizer, GradientClip Clip>
auto optimizer_under(const Scaled<Optimizer>& optimizer, const Clip& clip) {
  return optimizer_under(optimizer_under(static_cast<const Optimizer&>(optimizer), clip), optimizer.scaler);
}

}  // namespace training

/// A trainer under a policy, which follows the optimizer. Policies and a seed may come in any order.
///
/// Mixed precision (Micikevicius et al. 2018), as PyTorch's amp does it: `make_trainer<Cpu>(Mlp{}, loss, optim::Adam{},
/// autocast<bfloat16>, spec<float, batch, 784>, ...)`. The loss is called with a model that casts its float inputs and
/// its parameters to the type, computes forward and backward in it, and returns float. What the trainer keeps, and the
/// optimizer's update, are float.
///
/// Loss scaling, which float16 needs: `make_trainer<Cpu>(Mlp{}, loss, optim::Adam{}, autocast<float16>, GradScaler{},
/// spec<float, batch, 784>, ...)`. `trainer.scaler_state().scale` is the scale of the next step, and
/// `trainer.optimizer.scaler` has the settings.
///
/// Gradient clipping: `make_trainer<Cpu>(Mlp{}, loss, optim::Adam{}, ClipGradNorm{.max_norm = 1.0}, spec<float, batch,
/// 784>, ...)`, or ClipGradValue{.clip_value = 0.5}, or both, which clip in the order given. The bounds are members of
/// `trainer.optimizer`. Throws Error where a bound is negative or NaN.
template <class Device = Cpu, class Model, class Loss, class Optimizer, training::Policy P, class... Rest>
auto make_trainer(const Model& model, const Loss& loss, const Optimizer& optimizer, P policy, Rest... rest) {
  return make_trainer<Device>(model, training::loss_under(loss, policy), training::optimizer_under(optimizer, policy),
                              rest...);
}
template <DeviceType Device, class Model, class Loss, class Optimizer, training::Policy P, class... Rest>
auto make_trainer(Device device, const Model& model, const Loss& loss, const Optimizer& optimizer, P policy,
                  Rest... rest) {
  return make_trainer(std::move(device), model, training::loss_under(loss, policy),
                      training::optimizer_under(optimizer, policy), rest...);
}

/// The same with the seed before a policy.
template <class Device = Cpu, class Model, class Loss, class Optimizer, training::Policy P, class... Rest>
auto make_trainer(const Model& model, const Loss& loss, const Optimizer& optimizer, ManualSeed seed, P policy,
                  Rest... rest) {
  return make_trainer<Device>(model, loss, optimizer, policy, seed, rest...);
}
template <DeviceType Device, class Model, class Loss, class Optimizer, training::Policy P, class... Rest>
auto make_trainer(Device device, const Model& model, const Loss& loss, const Optimizer& optimizer, ManualSeed seed,
                  P policy, Rest... rest) {
  return make_trainer(std::move(device), model, loss, optimizer, policy, seed, rest...);
}

}  // namespace ctgrad
