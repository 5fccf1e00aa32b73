// SPDX-License-Identifier: BSL-1.0
/// \file
/// A training step of the net 4-16-16-2 as one would write it by hand for a fixed batch.
#pragma once

#include <ctgrad/core/math.hpp>
#include <ctgrad/core/simd.hpp>

#include <algorithm>
#include <cstdint>

#include "unrolled.hpp"

/// tanh, softmax cross-entropy, gradient descent. A row of 16 activations is one value: products, biases, tanh and
/// its derivative are applied to it while it is in a register, gradients are added up in registers, and the
/// parameters are updated from there.
template <int Samples>
class TinyByHand {
public:
  /// Parameters in the order weight [out, in], bias, of each layer.
  TinyByHand(const float* parameters, float learning_rate) : rate_(learning_rate) { std::copy_n(parameters, 386, w1_); }

  float step(const float* x, const std::int64_t* y) {
    float turned[width * width];
    turn<width, 4>(w1_, turned);
    layer<4>(x, turned, b1(), h1_);
    turn<width, width>(w2(), turned);
    layer<width>(h1_, turned, b2(), h2_);
    const float loss = output(y);

    // The third layer's parameters, and the gradient of the second layer's sums.
    const V w3_first = V::load(w3());
    const V w3_second = V::load(w3() + width);
    V w3_gradient[2] = {V(0.0F), V(0.0F)};
    V bias(0.0F);
    for (int i = 0; i < Samples; ++i) {
      const V h = V::load(h2_ + i * width);
      const V first(logit_[0][i]);
      const V second(logit_[1][i]);
      w3_gradient[0] += first * h;
      w3_gradient[1] += second * h;
      const V d = (first * w3_first + second * w3_second) * (V(1.0F) - h * h);
      bias += d;
      d.store(h2_ + i * width);
    }
    descend(w3(), w3_gradient[0]);
    descend(w3() + width, w3_gradient[1]);
    descend(b2(), bias);

    // The gradient of the first layer's sums.
    bias = V(0.0F);
    float d1[Samples * width];
    for (int i = 0; i < Samples; i += rows) {
      V sum[rows] = {};
      for (int k = 0; k < width; ++k) {
        const V w = V::load(w2() + k * width);
        unrolled<rows>([&](int r) { sum[r] += V(h2_[(i + r) * width + k]) * w; });
      }
      unrolled<rows>([&](int r) {
        const V h = V::load(h1_ + (i + r) * width);
        const V d = sum[r] * (V(1.0F) - h * h);
        bias += d;
        d.store(d1 + (i + r) * width);
      });
    }
    descend(b1(), bias);

    for (int o = 0; o < width; o += 8) {
      V gradient[8] = {};
      for (int i = 0; i < Samples; ++i) {
        const V h = V::load(h1_ + i * width);
        unrolled<8>([&](int r) { gradient[r] += V(h2_[i * width + o + r]) * h; });
      }
      unrolled<8>([&](int r) { descend(w2() + (o + r) * width, gradient[r]); });
    }
    V gradient[4] = {};
    for (int i = 0; i < Samples; ++i)
      unrolled<4>([&](int k) { gradient[k] += V(x[i * 4 + k]) * V::load(d1 + i * width); });
    unrolled<4>([&](int k) { gradient[k].store(turned + k * width); });
    for (int o = 0; o < width; ++o) unrolled<4>([&](int k) { w1_[o * 4 + k] -= rate_ * turned[k * width + o]; });
    return loss;
  }

private:
  static constexpr int width = 16;
  using V = ctgrad::Simd<float, width>;
  /// Samples that go through a product together: their sums do not wait for each other.
  static constexpr int rows = Samples % 8 == 0 ? 8 : 1;

  float* b1() { return w1_ + 64; }
  float* w2() { return w1_ + 80; }
  float* b2() { return w1_ + 336; }
  float* w3() { return w1_ + 352; }
  float* b3() { return w1_ + 384; }

  void descend(float* p, V gradient) const { (V::load(p) - V(rate_) * gradient).store(p); }

  template <int Rows, int Columns>
  static void turn(const float* from, float* to) {
    for (int i = 0; i < Rows; ++i)
      for (int k = 0; k < Columns; ++k) to[k * Rows + i] = from[i * Columns + k];
  }

  template <int In>
  static void layer(const float* x, const float* turned_weight, const float* bias, float* h) {
    for (int i = 0; i < Samples; i += rows) {
      V sum[rows];
      unrolled<rows>([&](int r) { sum[r] = V::load(bias); });
      for (int k = 0; k < In; ++k) {
        const V w = V::load(turned_weight + k * width);
        unrolled<rows>([&](int r) { sum[r] += V(x[(i + r) * In + k]) * w; });
      }
      unrolled<rows>([&](int r) { ctgrad::math::tanh(sum[r]).store(h + (i + r) * width); });
    }
  }

  /// The loss; leaves its gradient by the logits in logit_ and updates the third bias.
  float output(const std::int64_t* y) {
    constexpr int lanes = std::min(Samples, 16);
    using R = ctgrad::Simd<float, lanes>;
    for (int i = 0; i < Samples; ++i) {
      const V h = V::load(h2_ + i * width);
      logit_[0][i] = b3()[0] + reduce_add(h * V::load(w3()));
      logit_[1][i] = b3()[1] + reduce_add(h * V::load(w3() + width));
      target_[i] = y[i] == 1 ? 1.0F : 0.0F;
    }
    const R scale(1.0F / Samples);
    R loss(0.0F);
    R first_sum(0.0F);
    R second_sum(0.0F);
    for (int i = 0; i < Samples; i += lanes) {
      const R first = R::load(logit_[0] + i);
      const R second = R::load(logit_[1] + i);
      const R is_second = R::load(target_ + i);
      const R largest = select(first > second, first, second);
      const R first_weight = ctgrad::math::exp(first - largest);
      const R second_weight = ctgrad::math::exp(second - largest);
      const R total = first_weight + second_weight;
      loss += ctgrad::math::log(total) + largest - (first + is_second * (second - first));
      const R factor = scale / total;
      const R first_gradient = first_weight * factor - scale * (R(1.0F) - is_second);
      const R second_gradient = second_weight * factor - scale * is_second;
      first_gradient.store(logit_[0] + i);
      second_gradient.store(logit_[1] + i);
      first_sum += first_gradient;
      second_sum += second_gradient;
    }
    b3()[0] -= rate_ * reduce_add(first_sum);
    b3()[1] -= rate_ * reduce_add(second_sum);
    return reduce_add(loss) / Samples;
  }

  float rate_;
  float w1_[386];
  float h1_[Samples * width];
  float h2_[Samples * width];
  float logit_[2][Samples];
  float target_[Samples];
};
