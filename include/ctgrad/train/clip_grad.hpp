// SPDX-License-Identifier: BSL-1.0
/// \file
/// Gradient clipping: by the norm of all gradients, and by value.
#pragma once

#include <algorithm>
#include <limits>

#include "ctgrad/core/error.hpp"
#include "ctgrad/ops/minimum.hpp"
#include "ctgrad/ops/negate.hpp"
#include "ctgrad/ops/sqrt.hpp"
#include "ctgrad/ops/square.hpp"
#include "ctgrad/ops/sum.hpp"
#include "ctgrad/optim/sgd.hpp"

namespace ctgrad {

namespace detail {

/// A bound on gradients that is 0 or more.
inline double checked_bound(const char* policy, const char* member, double bound) {
  if (!(bound >= 0))
    throw_error("ctgrad: " + std::string(policy) + " needs a " + member + " of 0 or more, not " + brief_text(bound) +
                "; give it one, as " + policy + "{." + member + " = 1.0}");
  return bound;
}

}  // namespace detail

/// A policy of `make_trainer` (Pascanu et al. 2013): the gradients of all parameters together are seen as one vector,
/// and scaled so that its Euclidean norm is at most max_norm: g = g * min(1, max_norm / (norm + 1e-6)), the rule of
/// PyTorch's clip_grad_norm_. Where the norm is not finite, as where a square overflows (of floats from 1.8e19 on), the
/// clipped gradients are not finite either, or 0; an infinite max_norm then gives NaN, there as here. Under a
/// GradScaler the gradients are clipped after the division by the scale. The norm is one more pass over the gradients,
/// the scaling part of the optimizer's update. `trainer.optimizer.max_norm` may change between steps; a step throws
/// Error where it is negative or NaN, as it is when nobody gave one.
struct ClipGradNorm {
  double max_norm = std::numeric_limits<double>::quiet_NaN();

  double bound() const { return detail::checked_bound("ClipGradNorm", "max_norm", max_norm); }
  template <class P, class S>
  static constexpr P clip(const P& gradient, const S& max_norm) {
    return gradient * minimum(max_norm / (sqrt(sum(square(gradient))) + 1e-6), 1);
  }
};

/// A policy of `make_trainer`: each element of the gradients is brought into [-clip_value, clip_value], the rule of
/// PyTorch's clip_grad_value_; NaN stays NaN. It is part of the optimizer's update, of the gradients divided by the
/// scale where there is a GradScaler. `trainer.optimizer.clip_value` may change between steps; a step throws Error
/// where it is negative or NaN, as it is when nobody gave one.
struct ClipGradValue {
  double clip_value = std::numeric_limits<double>::quiet_NaN();

  double bound() const { return detail::checked_bound("ClipGradValue", "clip_value", clip_value); }
  template <class P, class S>
  static constexpr P clip(const P& gradient, const S& clip_value) {
    // The bound is negated element by element: a scalar's negation would be a loop of its own.
    return -minimum(-minimum(gradient, clip_value), clip_value);
  }
};

namespace training {

template <class Policy>
concept GradientClip = std::is_same_v<Policy, ClipGradNorm> || std::is_same_v<Policy, ClipGradValue>;

namespace detail {

/// The first numbers of many, and the others.
template <std::size_t First, std::size_t Count, class N, std::size_t All>
constexpr std::array<N, Count> part_of(const std::array<N, All>& all) {
  std::array<N, Count> part{};
  std::copy_n(all.begin() + First, Count, part.begin());
  return part;
}
template <class N, std::size_t A, std::size_t B>
constexpr std::array<N, A + B> join(const std::array<N, A>& a, const std::array<N, B>& b) {
  std::array<N, A + B> both{};
  std::copy_n(b.begin(), B, std::copy_n(a.begin(), A, both.begin()));
  return both;
}

}  // namespace detail

/// An optimizer whose gradients are clipped first, by one clip after the other. The clips' bounds are run-time numbers
/// after its own.
template <class Optimizer, class... Clips>
struct Clipped : Optimizer, Clips... {
  auto scalars(std::int64_t step) const { return detail::join(Optimizer::scalars(step), bounds()); }
  auto settings() const requires optim::CountsSteps<Optimizer> { return detail::join(Optimizer::settings(), bounds()); }
  template <class N, std::size_t Count>
  requires optim::CountsSteps<Optimizer>
  static constexpr auto numbers(const std::array<N, Count>& setting, const N& step) {
    constexpr std::size_t own = Count - sizeof...(Clips);
    return detail::join(Optimizer::numbers(detail::part_of<0, own>(setting), step),
                        detail::part_of<own, sizeof...(Clips)>(setting));
  }
  template <class P, class State, class S, std::size_t Count>
  static constexpr auto update(const P& p, const P& gradient, const State& state, const std::array<S, Count>& s) {
    P g = gradient;
    std::size_t next = Count - sizeof...(Clips);
    ((g = Clips::clip(g, s[next++])), ...);
    return Optimizer::update(p, g, state, detail::part_of<0, Count - sizeof...(Clips)>(s));
  }

private:
  std::array<double, sizeof...(Clips)> bounds() const { return {Clips::bound()...}; }
};

}  // namespace training

}  // namespace ctgrad
