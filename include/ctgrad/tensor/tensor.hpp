// SPDX-License-Identifier: BSL-1.0
/// \file
/// Arrays in memory: Tensor owns its elements, TensorView looks at somebody else's.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <string>

#include "ctgrad/core/error.hpp"
#include "ctgrad/core/memory.hpp"
#include "ctgrad/tensor/dtype.hpp"
#include "ctgrad/tensor/random.hpp"
#include "ctgrad/tensor/shape.hpp"

namespace ctgrad {

class Cpu;

/// The run-time extents of a tensor of the given rank.
template <int Rank>
using Extents = std::array<std::int64_t, static_cast<std::size_t>(Rank)>;

namespace detail {

/// The extents of a shape that has no run-time ones.
template <class S>
constexpr Extents<S::rank> static_extents() {
  Extents<S::rank> extents{};
  for (std::size_t axis = 0; axis < S::rank; ++axis) extents[axis] = S::value.extent[axis];
  return extents;
}

template <std::size_t Rank>
constexpr std::int64_t product(const std::array<std::int64_t, Rank>& extents) {
  std::int64_t size = 1;
  for (const std::int64_t extent : extents) size *= extent;
  return size;
}

template <std::size_t Rank>
std::string text_of(const std::array<std::int64_t, Rank>& extents) {
  std::string text = "[";
  for (std::size_t axis = 0; axis < Rank; ++axis) text += (axis == 0 ? "" : ", ") + std::to_string(extents[axis]);
  return text + "]";
}

/// Checks run-time extents against a shape: static extents must match, named ones must be consistent.
template <class S>
void check_extents(const Extents<S::rank>& extents) {
  Dimensions dimensions;
  for (std::size_t axis = 0; axis < S::rank; ++axis) {
    const Extent wanted = S::value.extent[axis];
    if (is_static(wanted) ? extents[axis] != wanted : extents[axis] < 0)
      throw_error("ctgrad: the extents " + text_of(extents) + " do not fit the shape " + ctgrad::text_of(S::value) +
                  "; give every axis its length");
  }
}

}  // namespace detail

/// A row-major array of T that belongs to somebody else. `T` is const for a view that must not write.
template <class T, class S>
class TensorView {
public:
  using element_type = std::remove_const_t<T>;
  using shape_type = S;
  static constexpr int rank = S::rank;

  constexpr TensorView(T* data, const Extents<rank>& extents) : data_(data), extents_(extents) {}
  /// A view of memory that holds a shape known at compile time.
  constexpr explicit TensorView(T* data)
    requires(S::value.is_static())
      : data_(data), extents_(detail::static_extents<S>()) {}
  /// A view of a span, whose length must be that of the shape.
  explicit TensorView(std::span<T> elements)
    requires(S::value.is_static())
      : TensorView(elements.data()) {
    if (static_cast<std::int64_t>(elements.size()) != size())
      throw_error("ctgrad: a view of shape " + ctgrad::text_of(S::value) + " needs " + std::to_string(size()) +
                  " elements, but the span has " + std::to_string(elements.size()));
  }
  /// A view that may write is a view that reads.
  constexpr operator TensorView<const T, S>() const
    requires(!std::is_const_v<T>)
  {
    return {data_, extents_};
  }

  constexpr T* data() const { return data_; }
  constexpr std::int64_t size() const { return detail::product(extents_); }
  constexpr std::int64_t extent(int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  constexpr const Extents<rank>& extents() const { return extents_; }
  constexpr T* begin() const { return data_; }
  constexpr T* end() const { return data_ + size(); }
  constexpr std::span<T> span() const { return {data_, static_cast<std::size_t>(size())}; }

  /// The element at the given indices, one for each axis; they are not checked.
  template <std::integral... I>
    requires(sizeof...(I) == S::rank)
  constexpr T& operator()(I... index) const {
    std::int64_t at = 0;
    std::size_t axis = 0;
    ((at = at * extents_[axis++] + static_cast<std::int64_t>(index)), ...);
    return data_[at];
  }
  /// The number itself, for a scalar.
  constexpr T& item() const
    requires(S::value.size() == 1)
  {
    return *data_;
  }

private:
  T* data_;
  Extents<rank> extents_;
};

/// A row-major array of T with a shape in its type: `Tensor<float, Shape<64, 10>>`. Axes named at run time,
/// `Tensor<float, Shape<batch, 784>>`, get their length when the tensor is made. Copies copy the elements.
template <Element T, class S, class Device = Cpu>
class Tensor {
  static_assert(std::is_same_v<Device, Cpu>, "ctgrad: this build has the Cpu device only");

public:
  using element_type = T;
  using shape_type = S;
  using device_type = Device;
  static constexpr int rank = S::rank;

  /// Zeros.
  Tensor()
    requires(S::value.is_static())
      : Tensor(detail::static_extents<S>()) {}
  /// Zeros with the given extents.
  explicit Tensor(const Extents<rank>& extents) : extents_(extents) {
    detail::check_extents<S>(extents);
    memory_.reserve(std::max<std::size_t>(static_cast<std::size_t>(size()) * sizeof(T), 1));
  }
  /// The given elements in row-major order; there must be as many as the shape holds.
  Tensor(std::initializer_list<T> elements)
    requires(S::value.is_static())
      : Tensor() {
    assign(std::span<const T>(elements.begin(), elements.size()));
  }
  /// A copy of a view's elements.
  explicit Tensor(TensorView<const T, S> view) : Tensor(view.extents()) { assign(view.span()); }

  /// The elements 0, 1, 2, ...
  static Tensor arange()
    requires(S::value.is_static())
  {
    Tensor result;
    for (std::int64_t i = 0; i < result.size(); ++i) result.data()[i] = static_cast<T>(i);
    return result;
  }
  /// All elements equal.
  static Tensor full(T value)
    requires(S::value.is_static())
  {
    Tensor result;
    result.fill(value);
    return result;
  }
  /// Uniform random numbers in [low, high), the same for the same seed.
  static Tensor uniform(std::uint64_t seed, T low = 0, T high = 1)
    requires(S::value.is_static() && std::is_floating_point_v<T>)
  {
    Tensor result;
    RandomStream(seed).fill_uniform(result.span(), 0, low, high);
    return result;
  }
  /// Normal random numbers, the same for the same seed.
  static Tensor normal(std::uint64_t seed, T mean = 0, T standard_deviation = 1)
    requires(S::value.is_static() && std::is_floating_point_v<T>)
  {
    Tensor result;
    RandomStream(seed).fill_normal(result.span(), 0, mean, standard_deviation);
    return result;
  }

  void fill(T value) { std::fill(begin(), end(), value); }
  /// Copies elements in row-major order; throws Error when there are not as many as the tensor holds.
  void assign(std::span<const T> elements) {
    if (static_cast<std::int64_t>(elements.size()) != size())
      throw_error("ctgrad: a tensor of shape " + detail::text_of(extents_) + " holds " + std::to_string(size()) +
                  " elements, but " + std::to_string(elements.size()) + " were given");
    std::copy(elements.begin(), elements.end(), begin());
  }

  T* data() { return reinterpret_cast<T*>(memory_.data()); }
  const T* data() const { return reinterpret_cast<const T*>(memory_.data()); }
  std::int64_t size() const { return detail::product(extents_); }
  std::int64_t extent(int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  const Extents<rank>& extents() const { return extents_; }
  T* begin() { return data(); }
  T* end() { return data() + size(); }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size(); }
  std::span<T> span() { return {data(), static_cast<std::size_t>(size())}; }
  std::span<const T> span() const { return {data(), static_cast<std::size_t>(size())}; }

  TensorView<T, S> view() { return {data(), extents_}; }
  TensorView<const T, S> view() const { return {data(), extents_}; }
  operator TensorView<T, S>() { return view(); }
  operator TensorView<const T, S>() const { return view(); }

  /// The element at the given indices, one for each axis; they are not checked.
  template <std::integral... I>
    requires(sizeof...(I) == S::rank)
  T& operator()(I... index) {
    return view()(index...);
  }
  template <std::integral... I>
    requires(sizeof...(I) == S::rank)
  const T& operator()(I... index) const {
    return view()(index...);
  }
  /// The number itself, for a tensor of one element.
  T& item()
    requires(S::value.size() == 1)
  {
    return *data();
  }
  T item() const
    requires(S::value.size() == 1)
  {
    return *data();
  }

private:
  Extents<rank> extents_;
  Memory memory_;
};

}  // namespace ctgrad
