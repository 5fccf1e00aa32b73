// SPDX-License-Identifier: BSL-1.0
/// \file
/// Batch normalisation as one step, and its reverse pass: by a library, or by loops of our own where it takes none of
/// these lengths.
#pragma once

#include "ctgrad/device/batch_norm_call.hpp"
#include "ctgrad/device/parallel/reduction.hpp"

namespace ctgrad::parallel {

/// Channel c: its row of statistics, folded by a group.
template <class T>
struct BatchNormStatisticsBody {
  BatchNormCall<T> call;

  template <class Group>
  CTGRAD_HOST_DEVICE void operator()(const Group& group, std::int64_t c) const {
    using Row = ops::BatchNormStatistics;
    const std::int64_t n = call.shape.count();
    T sum = 0;
    for (std::int64_t i = group.rank(); i < n; i += group.size()) sum += call.x[call.shape.place(c, i)];
    sum = group.template reduce<ops::Sum>(sum);
    if (group.rank() == 0) call.row(Row::mean)[c] = n > 0 ? sum / static_cast<T>(n) : T(0);
    group.synchronize();
    const T mean = call.row(Row::mean)[c];
    T squares = 0;
    for (std::int64_t i = group.rank(); i < n; i += group.size()) {
      const T distance = call.x[call.shape.place(c, i)] - mean;
      squares += distance * distance;
    }
    squares = group.template reduce<ops::Sum>(squares);
    if (group.rank() != 0) return;
    const T variance = n > 0 ? squares / static_cast<T>(n) : T(0);
    call.row(Row::variance)[c] = n > 1 ? squares / static_cast<T>(n - 1) : T(0);
    call.row(Row::scale)[c] = T(1) / ops::Sqrt::value(variance + static_cast<T>(call.epsilon));
    call.row(Row::weight)[c] = call.weight[c];
  }
};

/// Number i of the statistics before a library writes them: the weight in its row, 0 in the others.
template <class T>
struct PrepareBatchNormBody {
  BatchNormCall<T> call;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t row = i / call.shape.channels;
    call.statistics[i] = row == ops::BatchNormStatistics::weight ? call.weight[i - row * call.shape.channels] : T(0);
  }
};

/// Element i of the result.
template <class T>
struct BatchNormBody {
  BatchNormCall<T> call;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    using Row = ops::BatchNormStatistics;
    const std::int64_t c = call.shape.channel_of(i);
    call.y[i] = (call.x[i] - call.row(Row::mean)[c]) * (call.weight[c] * call.row(Row::scale)[c]) + call.bias[c];
  }
};

template <class T, class System>
void run_batch_norm(System& system, const StepArguments& a, std::int64_t attribute) {
  const BatchNormShape shape(a.result_shape());
  auto* statistics = static_cast<T*>(a.side_result());
  if (statistics == nullptr)
    statistics = static_cast<T*>(
        system.scratch(static_cast<std::size_t>(shape.channels) * sizeof(T) * ops::BatchNormStatistics::rows));
  const BatchNormCall<T> call{shape,
                              ops::BatchNorm::epsilon(attribute),
                              static_cast<const T*>(a.pointer[0]),
                              static_cast<const T*>(a.pointer[1]),
                              static_cast<const T*>(a.pointer[2]),
                              static_cast<T*>(a.result()),
                              statistics};
  // One element has no variance, and none is no array.
  if (shape.count() > 1 && system.template batch_norm<T>(call)) return;
  system.for_each_group(shape.channels, block_threads, BatchNormStatisticsBody<T>{call});
  system.for_each(shape.size(), BatchNormBody<T>{call});
}

/// Channel c: the adjoints of weight and bias, folded by a group.
template <class T>
struct BatchNormSumsBody {
  BatchNormGradientCall<T> call;

  template <class Group>
  CTGRAD_HOST_DEVICE void operator()(const Group& group, std::int64_t c) const {
    using Row = ops::BatchNormStatistics;
    const T mean = call.row(Row::mean)[c];
    T by_weight = 0;
    T by_bias = 0;
    for (std::int64_t i = group.rank(); i < call.shape.count(); i += group.size()) {
      const std::int64_t place = call.shape.place(c, i);
      by_weight += call.t[place] * (call.x[place] - mean);
      by_bias += call.t[place];
    }
    by_weight = group.template reduce<ops::Sum>(by_weight);
    by_bias = group.template reduce<ops::Sum>(by_bias);
    if (group.rank() != 0) return;
    call.by_weight[c] = by_weight * call.row(Row::scale)[c];
    call.by_bias[c] = by_bias;
  }
};

/// Element i of the adjoint of x: of the parts of t that move neither mean nor variance.
template <class T>
struct BatchNormGradientBody {
  BatchNormGradientCall<T> call;

  CTGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    using Row = ops::BatchNormStatistics;
    const std::int64_t c = call.shape.channel_of(i);
    const T n = static_cast<T>(call.shape.count());
    const T scale = call.row(Row::scale)[c];
    const T normal = (call.x[i] - call.row(Row::mean)[c]) * scale;
    call.by_x[i] =
        (call.t[i] - call.by_bias[c] / n - normal * (call.by_weight[c] / n)) * (call.row(Row::weight)[c] * scale);
  }
};

template <class T, class System>
void run_batch_norm_gradient(System& system, const StepArguments& a, std::int64_t attribute) {
  const BatchNormShape shape(a.result_shape());
  auto* sums = static_cast<T*>(a.side_result());
  if (sums == nullptr) sums = static_cast<T*>(system.scratch(2 * static_cast<std::size_t>(shape.channels) * sizeof(T)));
  const BatchNormGradientCall<T> call{shape,
                                      ops::BatchNormGradient::epsilon(attribute),
                                      static_cast<const T*>(a.pointer[0]),
                                      static_cast<const T*>(a.pointer[1]),
                                      static_cast<const T*>(a.pointer[2]),
                                      static_cast<T*>(a.result()),
                                      sums,
                                      sums + shape.channels};
  if (shape.count() > 1 && system.template batch_norm_gradient<T>(call)) return;
  system.for_each_group(shape.channels, block_threads, BatchNormSumsBody<T>{call});
  system.for_each(shape.size(), BatchNormGradientBody<T>{call});
}

}  // namespace ctgrad::parallel
