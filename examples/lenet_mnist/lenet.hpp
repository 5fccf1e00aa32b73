// SPDX-License-Identifier: BSL-1.0
/// \file
/// LeNet-5, its loss, and the programs that train and use it, for any device.
#pragma once

#include <ctgrad/ctgrad.hpp>

// LeCun, Bottou, Bengio and Haffner 1998, with today's ReLU and max pooling.
struct LeNet {
  ctgrad::nn::Conv2d<6, ctgrad::KernelSize<5>, ctgrad::Padding<2>> conv1;
  ctgrad::nn::Conv2d<16, ctgrad::KernelSize<5>> conv2;
  ctgrad::nn::MaxPool2d<ctgrad::KernelSize<2>> pool;
  ctgrad::nn::Linear<120> fc1;
  ctgrad::nn::Linear<84> fc2;
  ctgrad::nn::Linear<10> fc3;

  constexpr auto operator()(const auto& images) const {
    const auto strokes = pool(relu(conv1(images)));
    const auto shapes = pool(relu(conv2(strokes)));
    return fc3(relu(fc2(relu(fc1(ctgrad::flatten<1>(shapes))))));
  }
};

// The loss of a batch, and how many of its digits were read right. Functors, not lambdas: their types have names that
// several source files share.
struct Loss {
  constexpr auto operator()(const auto& model, auto image, auto label) const {
    const auto logits = model(image);
    return std::tuple{cross_entropy(logits, label),
                      sum(ctgrad::cast<float>(argmax(logits, ctgrad::axis<-1>) == label))};
  }
};
struct Predict {
  constexpr auto operator()(const auto& model, auto image) const { return argmax(model(image), ctgrad::axis<-1>); }
};

inline constexpr auto image_spec = ctgrad::spec<float, ctgrad::batch, 1, 28, 28>;
inline constexpr auto label_spec = ctgrad::spec<std::int64_t, ctgrad::batch>;

template <class Device>
auto make_lenet_trainer(double learning_rate, std::uint64_t seed) {
  return ctgrad::make_trainer<Device>(LeNet{}, Loss{}, ctgrad::optim::Adam{.learning_rate = learning_rate},
                                      ctgrad::manual_seed(seed), image_spec, label_spec);
}
template <class Device>
using LeNetTrainer = decltype(make_lenet_trainer<Device>(0, 0));
template <class Device>
using LeNetPredictor = decltype(std::declval<LeNetTrainer<Device>&>().inference(Predict{}, image_spec));
