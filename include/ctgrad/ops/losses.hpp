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

namespace detail {

template <class X, class I>
constexpr auto cross_entropy_of(const X& logits, const I& target) {
  constexpr int classes = static_cast<int>(X::shape_type::value[X::shape_type::rank - 1]);
  const auto log_probability = log_softmax(logits, axis<-1>);
  return -sum(where(one_hot<classes>(target), log_probability, 0)) /
         ctgrad_count<detail::axes_mask<I::shape_type::rank>, typename X::element_type>(target);
}

}  // namespace detail

/// Mean over all samples of -log(softmax(logits)[target]): PyTorch's cross_entropy. `logits` are
/// unnormalised scores of shape [.., classes], `target` the class numbers (int32 or int64) of shape [..].
/// A class number outside 0 .. classes - 1 contributes nothing to the sum. Of logits of 16 bits the loss is float.
template <Handle X, Handle I>
constexpr auto cross_entropy(const X& logits, const I& target) {
  using S = typename X::shape_type;
  static_assert(S::rank >= 1 && S::rank == I::shape_type::rank + 1,
                "ctgrad: cross_entropy needs logits with one axis more than the targets: the classes, last");
  static_assert(S::value[S::rank - 1] > 0, "ctgrad: cross_entropy needs a number of classes known at compile time");
  if constexpr (is_half<typename X::element_type>) {
    return detail::cross_entropy_of(cast<float>(logits), target);
  } else {
    return detail::cross_entropy_of(logits, target);
  }
}

/// Mean of the squared differences: PyTorch's mse_loss. Where either has 16 bits, both are taken as float, and so is
/// the loss.
template <Handle X, Handle Y>
constexpr auto mse_loss(const X& prediction, const Y& target) {
  if constexpr (is_half<typename X::element_type> || is_half<typename Y::element_type>) {
    return mean(square(cast<float>(prediction) - cast<float>(target)));
  } else {
    return mean(square(prediction - target));
  }
}

}  // namespace ctgrad
