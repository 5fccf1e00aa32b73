// SPDX-License-Identifier: BSL-1.0
/// \file
/// Minibatches of a data set, in an order that only seed and epoch decide.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "ctgrad/core/error.hpp"
#include "ctgrad/data/dataset.hpp"
#include "ctgrad/tensor/random.hpp"

namespace ctgrad {

/// How a Batcher cuts a data set.
struct BatcherOptions {
  std::size_t batch_size = 64;
  bool shuffle = true;     ///< A new order in each epoch; else the order of the data set.
  std::uint64_t seed = 0;  ///< Same seed and epoch, same order.
  bool drop_last = false;  ///< Leave out a last batch that is not full.
};

/// One minibatch: each field's values of all its samples in a row.
template <class... Ts>
class Batch {
public:
  explicit Batch(std::size_t size, std::span<const Ts>... fields) : size_(size), fields_(fields...) {}

  /// Number of samples.
  std::size_t size() const { return size_; }

  /// The values of field I, size() times its values per sample.
  template <std::size_t I>
  auto get() const {
    return std::get<I>(fields_);
  }

private:
  std::size_t size_;
  std::tuple<std::span<const Ts>...> fields_;
};

/// Gives a data set batch by batch:
///
///     for (auto batch : batcher.epoch(0)) step(batch.size(), batch.get<0>(), batch.get<1>());
///
/// The samples are copied into buffers made once, so nothing is allocated after construction. A
/// batch is valid until the next one is taken, an epoch until the next one is begun.
template <class... Ts>
class Batcher {
public:
  /// Throws Error when the batch size is 0.
  explicit Batcher(InMemoryDataset<Ts...> data, BatcherOptions options = {})
      : data_(std::move(data)), options_(options), order_(data_.size()) {
    if (options_.batch_size == 0) throw_error("Batcher: the batch size must be at least 1");
    const std::size_t largest = std::min(options_.batch_size, data_.size());
    for_each_field([&](auto field) {
      constexpr std::size_t i = decltype(field)::value;
      std::get<i>(buffers_).resize(largest * data_.template sample_size<i>());
    });
  }

  /// Batches in one epoch.
  std::size_t batches() const {
    return samples() / options_.batch_size + (samples() % options_.batch_size != 0 ? 1 : 0);
  }

  /// Samples one epoch gives: all, or without those of a dropped last batch.
  std::size_t samples() const {
    const std::size_t rest = options_.drop_last ? data_.size() % options_.batch_size : 0;
    return data_.size() - rest;
  }

  class Iterator {
  public:
    using value_type = Batch<Ts...>;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(Batcher* batcher) : batcher_(batcher) {}
    Batch<Ts...> operator*() const { return batcher_->gather(first_); }
    Iterator& operator++() {
      first_ += batcher_->options_.batch_size;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.first_ >= it.batcher_->samples(); }

  private:
    Batcher* batcher_ = nullptr;
    std::size_t first_ = 0;
  };

  class Epoch {
  public:
    explicit Epoch(Batcher* batcher) : batcher_(batcher) {}
    Iterator begin() const { return Iterator(batcher_); }
    std::default_sentinel_t end() const { return {}; }

  private:
    Batcher* batcher_;
  };

  /// The batches of epoch `number`. The order depends on seed and number alone, so training can go
  /// on in the middle.
  Epoch epoch(std::uint64_t number) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    if (options_.shuffle) {
      // The upper half of the streams belongs to the batchers: a model's initial values, drawn with
      // the same seed from low stream numbers, share no random bits with the order.
      RandomStream(options_.seed, (std::uint64_t{1} << 63) + number).shuffle(std::span(order_));
    }
    return Epoch(this);
  }

private:
  template <class Function>
  static void for_each_field(Function function) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (function(std::integral_constant<std::size_t, I>()), ...); }
    (std::index_sequence_for<Ts...>());
  }

  Batch<Ts...> gather(std::size_t first) {
    const std::size_t count = std::min(options_.batch_size, samples() - first);
    for_each_field([&](auto field) {
      constexpr std::size_t i = decltype(field)::value;
      auto out = std::get<i>(buffers_).begin();
      for (std::size_t k = first; k < first + count; ++k)
        out = std::ranges::copy(data_.template sample<i>(order_[k]), out).out;
    });
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return Batch<Ts...>(count, std::span(std::get<I>(buffers_)).first(count * data_.template sample_size<I>())...);
    }
    (std::index_sequence_for<Ts...>());
  }

  InMemoryDataset<Ts...> data_;
  BatcherOptions options_;
  std::vector<std::size_t> order_;
  std::tuple<std::vector<Ts>...> buffers_;
};

}  // namespace ctgrad
