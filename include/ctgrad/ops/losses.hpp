// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loss functions: a scalar from predictions and targets.
#pragma once

#include "ctgrad/ops/mean.hpp"
#include "ctgrad/ops/one_hot.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/softmax.hpp"
#include "ctgrad/ops/square.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad {

/// Mean over all samples of -log(softmax(logits)[target]): PyTorch's cross_entropy. `logits` are
/// unnormalised scores of shape [.., classes], `target` the class numbers (int32 or int64) of shape [..].
/// A class number outside 0 .. classes - 1 contributes nothing to the sum.
template <Handle X, Handle I>
constexpr auto cross_entropy(const X& logits, const I& target) {
  using S = typename X::shape_type;
  static_assert(S::rank >= 1 && S::rank == I::shape_type::rank + 1,
                "ctgrad: cross_entropy needs logits with one axis more than the targets: the classes, last");
  static_assert(S::value[S::rank - 1] > 0, "ctgrad: cross_entropy needs a number of classes known at compile time");
  constexpr int classes = static_cast<int>(S::value[S::rank - 1]);
  const auto log_probability = log_softmax(logits, axis<-1>);
  return -sum(where(one_hot<classes>(target), log_probability, 0)) /
         ctgrad_count<detail::axes_mask<I::shape_type::rank>, typename X::element_type>(target);
}

/// Mean of the squared differences: PyTorch's mse_loss.
template <Handle X, Handle Y>
constexpr auto mse_loss(const X& prediction, const Y& target) {
  return mean(square(prediction - target));
}

}  // namespace ctgrad
