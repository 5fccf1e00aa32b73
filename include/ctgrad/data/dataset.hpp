// SPDX-License-Identifier: BSL-1.0
/// \file
/// A data set in memory: samples with several fields, such as a picture and its class.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ctgrad/core/error.hpp"

namespace ctgrad {

/// One field of all samples: sample i has the `sample_size` values from i * sample_size on.
template <class T>
struct Field {
  static_assert(!std::same_as<T, bool>,
                "ctgrad: std::vector<bool> has no contiguous values; store "
                "booleans as std::uint8_t");
  std::vector<T> values;
  std::size_t sample_size = 1;
};

/// N samples with the given fields, `InMemoryDataset<float, std::int64_t>` for pictures and
/// classes. It does not change once made, and copies and splits share the values, so both cost
/// nothing.
template <class... Ts>
class InMemoryDataset {
  static_assert(sizeof...(Ts) > 0, "ctgrad: a data set needs at least one field");

public:
  template <std::size_t I>
  using value_t = std::tuple_element_t<I, std::tuple<Ts...>>;

  /// Takes the fields. Throws Error when they have different numbers of samples, or values that are
  /// no whole number of samples.
  explicit InMemoryDataset(Field<Ts>... fields) {
    auto columns = std::make_shared<const Columns>(std::move(fields)...);
    count_ = samples_of<0>(*columns);
    check_counts(*columns, std::index_sequence_for<Ts...>());
    columns_ = std::move(columns);
  }

  /// Number of samples.
  std::size_t size() const { return count_; }

  /// Number of values of field I in one sample.
  template <std::size_t I>
  std::size_t sample_size() const {
    return std::get<I>(*columns_).sample_size;
  }

  /// Field I of all samples, one after the other.
  template <std::size_t I>
  std::span<const value_t<I>> field() const {
    return std::span(std::get<I>(*columns_).values).subspan(first_ * sample_size<I>(), count_ * sample_size<I>());
  }

  /// Field I of one sample; index < size().
  template <std::size_t I>
  std::span<const value_t<I>> sample(std::size_t index) const {
    return field<I>().subspan(index * sample_size<I>(), sample_size<I>());
  }

  /// The `count` samples from number `first` on. Throws Error when there are not so many.
  InMemoryDataset split(std::size_t first, std::size_t count) const {
    if (first > count_ || count > count_ - first)
      throw_error("split: " + std::to_string(count) + " samples from number " + std::to_string(first) +
                  " on asked of a data set of " + std::to_string(count_));
    InMemoryDataset part = *this;
    part.first_ += first;
    part.count_ = count;
    return part;
  }

private:
  using Columns = std::tuple<Field<Ts>...>;

  template <std::size_t I>
  static std::size_t samples_of(const Columns& columns) {
    const auto& [values, sample_size] = std::get<I>(columns);
    if (sample_size == 0 || values.size() % sample_size != 0)
      throw_error("data set: field " + std::to_string(I) + " has " + std::to_string(values.size()) +
                  " values, no whole number of samples of " + std::to_string(sample_size));
    return values.size() / sample_size;
  }

  template <std::size_t... I>
  void check_counts(const Columns& columns, std::index_sequence<I...>) const {
    const auto check = [this](std::size_t field, std::size_t samples) {
      if (samples != count_)
        throw_error("data set: field " + std::to_string(field) + " has " + std::to_string(samples) +
                    " samples, field 0 has " + std::to_string(count_));
    };
    (check(I, samples_of<I>(columns)), ...);
  }

  std::shared_ptr<const Columns> columns_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

template <class... Ts>
InMemoryDataset(Field<Ts>...) -> InMemoryDataset<Ts...>;

}  // namespace ctgrad
