// SPDX-License-Identifier: BSL-1.0
/// \file
/// Normalisation of channels by the statistics of a batch.
#pragma once

#include "ctgrad/ops/add.hpp"
#include "ctgrad/ops/divide.hpp"
#include "ctgrad/ops/maximum.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/reshape.hpp"
#include "ctgrad/ops/sqrt.hpp"
#include "ctgrad/ops/square.hpp"
#include "ctgrad/ops/subtract.hpp"
#include "ctgrad/ops/sum.hpp"
#include "ctgrad/ops/user.hpp"

namespace ctgrad {

namespace detail {

/// All axes but the second, the channels.
template <class Indices>
struct AxesButChannel;
template <std::size_t... I>
struct AxesButChannel<std::index_sequence<I...>> {
  using type = Axis<0, static_cast<int>(I) + 2 ...>;
};
template <class S>
using axes_but_channel =
    typename AxesButChannel<std::make_index_sequence<static_cast<std::size_t>(S::rank < 2 ? 0 : S::rank - 2)>>::type;

/// The shape in which one number for each channel stretches to S.
template <class S>
struct PerChannel {
  static constexpr ShapeValue value = [] {
    ShapeValue shape;
    shape.push_back(S::value[1]);
    for (int axis = 2; axis < S::rank; ++axis) shape.push_back(1);
    return shape;
  }();
};

template <class X>
inline constexpr unsigned all_but_channel = ((1U << X::shape_type::rank) - 1U) & ~2U;

/// How many elements of x a channel has: a number, or a scalar known at run time.
template <class X>
constexpr auto channel_count(const X& x) {
  return ctgrad_count<all_but_channel<X>, typename X::element_type>(x);
}

/// The same, but 1 for none.
template <class X>
constexpr auto channel_divisor(const X& x) {
  const auto count = channel_count(x);
  if constexpr (std::is_arithmetic_v<std::remove_const_t<decltype(count)>>) {
    return count > 1 ? count : 1;
  } else {
    return maximum(count, 1);
  }
}

/// The mean of each channel; 0 where there is nothing.
template <class X>
constexpr auto channel_mean(const X& x) {
  return sum(x, axes_but_channel<typename X::shape_type>{}) / channel_divisor(x);
}

template <class X, class M>
constexpr auto distance_from_mean(const X& x, const M& mean_of_channel) {
  return x - reshape(mean_of_channel, shape_from<PerChannel<typename X::shape_type>>{});
}

/// The derivative of the variance: 2 (x - mean) / n. That x moves the mean too adds nothing, for the distances from it
/// add up to 0; the derivative of the formula as it stands would go through the array once more to add them.
struct VarianceRule {
  static constexpr std::string_view name = "variance";

  template <class T, class X, class V>
  static constexpr auto derivative(const T& t, const X& x, const V&) {
    using S = typename X::shape_type;
    const auto slope = 2 * t / channel_divisor(x);
    return partials(distance_from_mean(x, channel_mean(x)) * reshape(slope, shape_from<PerChannel<S>>{}));
  }
};

/// True when x has channels. (g++ instantiates a function that only checks after the code that needed the check.)
template <class X>
inline constexpr bool has_channels = X::shape_type::rank >= 2;

template <class X, class... Numbers>
inline constexpr bool has_one_number_per_channel = ((Numbers::rank == 1 && Numbers::value[0] == X::value[1]) && ...);

}  // namespace detail

/// Mean and variance of each channel over all axes but the second: a pair of shape [C]. The variance is the mean of
/// the squared distances from the mean (no correction of the count). Of no elements both are 0.
template <Handle X>
constexpr auto batch_statistics(const X& x) {
  static_assert(detail::has_channels<X>,
                "ctgrad: batch normalisation needs at least two axes, [N, C] or images [N, C, H, W]");
  static_assert(is_floating_element<typename X::element_type>,
                "ctgrad: batch normalisation needs float or double elements; convert them with cast<float>(x)");
  const auto average = detail::channel_mean(x);
  const auto variance = detail::channel_mean(square(detail::distance_from_mean(x, average)));
  return std::pair{average, custom_derivative<detail::VarianceRule>(variance, x)};
}

/// Each channel (second axis) normalised with a given mean and variance, scaled and moved (Ioffe and Szegedy 2015):
/// (x - mean) / sqrt(variance + epsilon) * weight + bias. The four have the shape [C]. For training, `mean` and
/// `variance` are batch_statistics(x), through which the derivative goes.
template <Handle X, Handle M, Handle V, Handle W, Handle B>
constexpr auto batch_norm(const X& x, const M& mean, const V& variance, const W& weight, const B& bias,
                          double epsilon = 1e-5) {
  static_assert(detail::has_channels<X>,
                "ctgrad: batch normalisation needs at least two axes, [N, C] or images [N, C, H, W]");
  static_assert(is_floating_element<typename X::element_type>,
                "ctgrad: batch normalisation needs float or double elements; convert them with cast<float>(x)");
  using S = typename X::shape_type;
  static_assert(
      detail::has_one_number_per_channel<S, typename M::shape_type, typename V::shape_type, typename W::shape_type,
                                         typename B::shape_type>,
      "ctgrad: batch_norm needs mean, variance, weight and bias of shape [C], C being the second extent of x");
  const auto per_channel = detail::shape_from<detail::PerChannel<S>>{};
  const auto scale = weight / sqrt(variance + epsilon);
  return (x - reshape(mean, per_channel)) * reshape(scale, per_channel) + reshape(bias, per_channel);
}

}  // namespace ctgrad
