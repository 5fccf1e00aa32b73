// SPDX-License-Identifier: BSL-1.0
/// \file
/// Layers on images: convolution and pooling.
#pragma once

#include "ctgrad/nn/linear.hpp"

namespace ctgrad::nn {

namespace detail {

/// The initializer among the options of a layer; PyTorch's where there is none.
template <class... Options>
struct InitializerAmong {
  using type = DefaultInit;
};
template <class First, class... Rest>
struct InitializerAmong<First, Rest...> {
  using type =
      std::conditional_t<ctgrad::detail::window_argument<First> == 0, First, typename InitializerAmong<Rest...>::type>;
};

/// conv2d with the options that are window arguments; the others are not its business.
template <class X, class W, class... Done>
constexpr auto convolve(const X& x, const W& w, std::tuple<Done...>) {
  return conv2d(x, w, Done{}...);
}
template <class X, class W, class... Done, class First, class... Rest>
constexpr auto convolve(const X& x, const W& w, std::tuple<Done...>, First, Rest... rest) {
  if constexpr (ctgrad::detail::window_argument<First> == 0) {
    return convolve(x, w, std::tuple<Done...>{}, rest...);
  } else {
    return convolve(x, w, std::tuple<Done..., First>{}, rest...);
  }
}

/// The number of groups among the options; 1 where it is not given.
template <class... Options>
constexpr std::int64_t groups_among() {
  std::int64_t count = 1;
  [[maybe_unused]] const auto look = [&]<class Option>(Option) {
    if constexpr (ctgrad::detail::window_argument<Option> == ctgrad::detail::window_argument<Groups<1>>)
      count = ctgrad::detail::window_of(Window{}, Option{}).groups;
  };
  (look(Options{}), ...);
  // conv2d says what is wrong with fewer.
  return count > 0 ? count : 1;
}

/// The shape of the weights for images of the shape S.
template <class S, Extent Out, class Kernel, std::int64_t GroupCount>
struct ConvolutionWeight {
  static_assert(S::rank == 4, "ctgrad: Conv2d needs images [N, C, H, W]; reshape what has another number of axes");
  static_assert(S::value[1] >= 0, "ctgrad: Conv2d needs a number of channels known at compile time");
  static constexpr ShapeValue value = [] {
    const Window window = ctgrad::detail::window_of(Window{}, Kernel{});
    ShapeValue shape;
    shape.push_back(Out);
    shape.push_back(S::value[1] / GroupCount);
    for (const int extent : window.kernel) shape.push_back(extent);
    return shape;
  }();
};

/// What a convolutional layer works out from its template arguments and its input.
template <class S, Extent Out, class Kernel, class... Options>
struct ConvolutionLayer {
  static_assert(ctgrad::detail::window_argument<Kernel> == ctgrad::detail::window_argument<KernelSize<1>>,
                "ctgrad: the second argument of Conv2d is its KernelSize<...>: Conv2d<16, KernelSize<3>, Padding<1>>");
  using Init = typename InitializerAmong<Options...>::type;
  using Weight = ctgrad::detail::shape_from<ConvolutionWeight<S, Out, Kernel, groups_among<Options...>()>>;
  static constexpr std::int64_t kernel_elements = Weight::value[2] * Weight::value[3];
  static constexpr std::int64_t fan_in = Weight::value[1] * kernel_elements;

  template <class X>
  static constexpr auto apply(const Parameter& weight, const X& x) {
    return convolve(x, weight.template get<Weight>(x, Init::weight(fan_in, Out * kernel_elements)), std::tuple<>{},
                    Options{}...);
  }
};

}  // namespace detail

/// Convolution of images [N, C, H, W] with `Out` kernels, and a bias for each: PyTorch's Conv2d, whose initial values
/// it has too. `weight` has the shape [Out, C / groups, KH, KW], `bias` [Out]; C is taken from the input. Options:
/// Stride, Padding, Dilation, Groups (see conv2d), and an initializer such as KaimingInit.
///
///     nn::Conv2d<16, KernelSize<3>, Padding<1>> first;
template <Extent Out, class Kernel, class... Options>
struct Conv2d {
  Parameter weight;
  Parameter bias;

  template <Handle X>
  constexpr auto operator()(const X& x) const {
    using Layer = detail::ConvolutionLayer<typename X::shape_type, Out, Kernel, Options...>;
    const auto y = Layer::apply(weight, x);
    const auto b = bias.template get<Shape<Out>>(x, Layer::Init::bias(Layer::fan_in));
    return y + reshape(b, shape<Out, 1, 1>);
  }
};

/// The same without bias, as before a batch norm.
template <Extent Out, class Kernel, class... Options>
struct Conv2dNoBias {
  Parameter weight;

  template <Handle X>
  constexpr auto operator()(const X& x) const {
    return detail::ConvolutionLayer<typename X::shape_type, Out, Kernel, Options...>::apply(weight, x);
  }
};

/// The largest element of each window: `MaxPool2d<KernelSize<2>>`. See max_pool2d.
template <class Kernel, class... Options>
struct MaxPool2d {
  template <Handle X>
  constexpr auto operator()(const X& x) const {
    return max_pool2d(x, Kernel{}, Options{}...);
  }
};

/// The mean of each window: `AvgPool2d<KernelSize<2>>`. See avg_pool2d.
template <class Kernel, class... Options>
struct AvgPool2d {
  template <Handle X>
  constexpr auto operator()(const X& x) const {
    return avg_pool2d(x, Kernel{}, Options{}...);
  }
};

}  // namespace ctgrad::nn
