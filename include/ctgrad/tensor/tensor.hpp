// SPDX-License-Identifier: BSL-1.0
/// \file
/// Arrays in memory: Tensor owns its elements, TensorView looks at somebody else's.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <span>

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
  for (std::size_t axis = 0; axis != S::rank; ++axis) extents[axis] = S::value.extent[axis];
  return extents;
}

template <std::size_t Rank>
constexpr std::int64_t product(const std::array<std::int64_t, Rank>& extents) {
  std::int64_t size = 1;
  for (const std::int64_t extent : extents) size *= extent;
  return size;
}

[[noreturn]] CTGRAD_COLD inline void throw_extents(std::span<const std::int64_t> extents, const ShapeValue& shape) {
  throw_error(Message()
                  .text("ctgrad: the extents ")
                  .extents(extents)
                  .text(" do not fit the shape ")
                  .value(shape)
                  .text("; give every axis its length"));
}
[[noreturn]] CTGRAD_COLD inline void throw_element_count(std::span<const std::int64_t> extents, std::size_t given) {
  std::int64_t size = 1;
  for (const std::int64_t extent : extents) size *= extent;
  throw_error(Message()
                  .text("ctgrad: a tensor of shape ")
                  .extents(extents)
                  .text(" holds ")
                  .number(size)
                  .text(" elements, but ")
                  .number(given)
                  .text(" were given"));
}
[[noreturn]] CTGRAD_COLD inline void throw_view_extents(std::span<const std::int64_t> to,
                                                        std::span<const std::int64_t> from) {
  throw_error(Message()
                  .text("ctgrad: a view of the extents ")
                  .extents(to)
                  .text(" cannot take the elements of ")
                  .extents(from)
                  .text("; assign a tensor of the same extents"));
}
[[noreturn]] CTGRAD_COLD inline void throw_span_size(const ShapeValue& shape, std::size_t given) {
  throw_error(Message()
                  .text("ctgrad: a view of shape ")
                  .value(shape)
                  .text(" needs ")
                  .number(shape.size())
                  .text(" elements, but the span has ")
                  .number(given));
}

/// Checks run-time extents against a shape: static extents must match, and what stands twice must be equal.
template <class S>
void check_extents(const Extents<S::rank>& extents) {
  for (std::size_t axis = 0; axis != S::rank; ++axis) {
    const Extent wanted = S::value.extent[axis];
    bool fits = is_static(wanted) ? extents[axis] == wanted : extents[axis] >= 0;
    for (std::size_t other = 0; other < axis; ++other)
      if (S::value.extent[other] == wanted && extents[other] != extents[axis]) fits = false;
    if (!fits) throw_extents(extents, S::value);
  }
}

}  // namespace detail

/// Something that computes elements and can write them to a tensor: what the operations on tensors give.
template <class E>
concept TensorExpression = requires {
  typename E::ctgrad_expression;
};

namespace detail {

/// The extents of a new tensor of shape S that holds the elements of an expression.
template <class S, class E>
Extents<S::rank> extents_for(const E& expression) {
  if constexpr (S::value.is_static()) {
    return static_extents<S>();
  } else {
    static_assert(std::is_same_v<S, typename E::shape_type>,
                  "ctgrad: a tensor whose shape has run-time axes takes an expression of that very shape; "
                  "broadcast_to or reshape the expression");
    return expression.extents();
  }
}

}  // namespace detail

template <Element T, class S, class Device = Cpu>
class Tensor;

/// A row-major array of T that belongs to somebody else. `T` is const for a view that must not write.
template <class T, class S, class Device = Cpu>
class TensorView {
  static_assert(std::is_same_v<Device, Cpu>, "ctgrad: arrays on this device need its header, such as ctgrad/cuda.hpp");

public:
  using ctgrad_handle = TensorView;
  using ctgrad_eager = void;
  using element_type = std::remove_const_t<T>;
  using shape_type = S;
  static constexpr int rank = S::rank;

  constexpr TensorView(T* data, const Extents<rank>& extents) : data_(data), extents_(extents) {}
  /// A view of memory that holds a shape known at compile time.
  constexpr explicit TensorView(T* data) requires(S::value.is_static())
      : data_(data), extents_(detail::static_extents<S>()) {}
  /// A view of a span, whose length must be that of the shape.
  explicit TensorView(std::span<T> elements) requires(S::value.is_static()) : TensorView(elements.data()) {
    if (static_cast<std::int64_t>(elements.size()) != size()) detail::throw_span_size(S::value, elements.size());
  }
  /// A view that may write is a view that reads.
  template <class Writable>
  requires(std::is_same_v<const Writable, T> &&
           !std::is_same_v<Writable, T>) constexpr TensorView(const TensorView<Writable, S>& other)
      : TensorView(other.data(), other.extents()) {}

  constexpr T* data() const { return data_; }
  constexpr std::int64_t size() const { return detail::product(extents_); }
  constexpr std::int64_t extent(int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  constexpr const Extents<rank>& extents() const { return extents_; }
  constexpr T* begin() const { return data_; }
  constexpr T* end() const { return data_ + size(); }
  constexpr std::span<T> span() const { return {data_, static_cast<std::size_t>(size())}; }
  /// A copy in the host's memory, whatever the device.
  Tensor<element_type, S> cpu() const;

  /// Writes the elements of an expression here: `view = a + b`. (Assigning a view to a view makes it look
  /// elsewhere; `view.assign(other)` copies.) The expression's shape must stretch to the view's.
  template <TensorExpression E>
  const TensorView& operator=(const E& expression) const requires(!std::is_const_v<T>) {
    expression.ctgrad_evaluate(*this);
    return *this;
  }
  template <TensorExpression E>
  void assign(const E& expression) const requires(!std::is_const_v<T>) {
    expression.ctgrad_evaluate(*this);
  }
  /// Copies the elements of a view of the same extents.
  void assign(TensorView<const T, S> other) const requires(!std::is_const_v<T>) {
    if (other.extents() != extents_) detail::throw_view_extents(extents_, other.extents());
    if (size() > 0) std::memmove(data_, other.data(), static_cast<std::size_t>(size()) * sizeof(T));
  }

  /// The element at the given indices, one for each axis; they are not checked.
  template <std::integral... I>
  requires(sizeof...(I) == S::rank) constexpr T& operator()(I... index) const {
    std::int64_t at = 0;
    std::size_t axis = 0;
    ((at = at * extents_[axis++] + static_cast<std::int64_t>(index)), ...);
    return data_[at];
  }
  /// The number itself, for a scalar.
  constexpr T& item() const requires(S::value.size() == 1) { return *data_; }
  /// A scalar is a number: `float loss = program(x);`.
  constexpr operator element_type() const requires(S::rank == 0) { return *data_; }
  constexpr operator float() const requires(S::rank == 0 && is_half<element_type>) { return *data_; }

private:
  T* data_;
  Extents<rank> extents_;
};

/// A row-major array of T with a shape in its type: `Tensor<float, Shape<64, 10>>`. Axes named at run time,
/// `Tensor<float, Shape<batch, 784>>`, get their length when the tensor is made. Copies copy the elements.
template <Element T, class S, class Device>
class Tensor {
  static_assert(std::is_same_v<Device, Cpu>, "ctgrad: arrays on this device need its header, such as ctgrad/cuda.hpp");

public:
  using ctgrad_handle = Tensor;
  using ctgrad_eager = void;
  using element_type = T;
  using shape_type = S;
  using device_type = Device;
  static constexpr int rank = S::rank;

  /// Zeros.
  Tensor() requires(S::value.is_static()) : Tensor(detail::static_extents<S>()) {}
  /// Zeros with the given extents.
  explicit Tensor(const Extents<rank>& extents) : extents_(extents) {
    detail::check_extents<S>(extents);
    memory_.reserve(bytes());
  }
  /// The given elements in row-major order; there must be as many as the shape holds.
  Tensor(std::initializer_list<T> elements) requires(S::value.is_static()) : Tensor() {
    assign(std::span<const T>(elements.begin(), elements.size()));
  }
  /// A copy of a view's elements.
  explicit Tensor(TensorView<const T, S> view) : Tensor(view.extents()) { assign(view.span()); }
  /// The elements of an expression: `Tensor z = a * x + tanh(y);`. Element types must be equal, and the
  /// expression's shape must stretch to the tensor's.
  template <class E>
  requires TensorExpression<std::remove_cvref_t<E>> Tensor(E&& expression)
      : extents_(detail::extents_for<S>(expression)) {
    // A result that nobody else holds gives its memory away.
    if constexpr (requires { expression.ctgrad_release(*this, memory_); }) {
      if constexpr (!std::is_reference_v<E>)
        if (expression.ctgrad_release(*this, memory_)) return;
    }
    memory_.reserve(bytes());
    expression.ctgrad_evaluate(view());
  }
  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;
  /// Copies the elements; allocates only when there are more of them than ever before.
  Tensor& operator=(const Tensor& other) {
    if (this == &other) return *this;
    memory_.reserve(other.bytes());
    extents_ = other.extents_;
    std::copy(other.begin(), other.end(), begin());
    return *this;
  }
  /// A copy of a view's elements, such as a program's result: `weights = program(weights, x);`. The view may be one of
  /// this tensor.
  template <class Viewed>
  requires(std::is_same_v<const Viewed, const T>) Tensor& operator=(const TensorView<Viewed, S>& view) {
    detail::check_extents<S>(view.extents());
    memory_.reserve(static_cast<std::size_t>(view.size()) * sizeof(T));
    if (view.size() > 0) std::memmove(data(), view.data(), static_cast<std::size_t>(view.size()) * sizeof(T));
    extents_ = view.extents();
    return *this;
  }
  /// The elements of an expression. Run-time axes take the expression's lengths; when the tensor is large
  /// enough already nothing is allocated. The expression may read this tensor.
  template <TensorExpression E>
  Tensor& operator=(const E& expression) {
    const Extents<rank> extents = detail::extents_for<S>(expression);
    if (static_cast<std::size_t>(detail::product(extents)) * sizeof(T) <= memory_.bytes()) {
      expression.ctgrad_evaluate(TensorView<T, S>(data(), extents));
      extents_ = extents;
    } else {
      *this = Tensor(expression);
    }
    return *this;
  }

  /// The elements 0, 1, 2, ...
  static Tensor arange() requires(S::value.is_static()) {
    Tensor result;
    for (std::int64_t i = 0; i < result.size(); ++i) result.data()[i] = static_cast<T>(i);
    return result;
  }
  /// All elements equal.
  static Tensor full(T value) requires(S::value.is_static()) {
    Tensor result;
    result.fill(value);
    return result;
  }
  /// Uniform random numbers in [low, high), the same for the same seed.
  static Tensor uniform(std::uint64_t seed, T low = 0,
                        T high = 1) requires(S::value.is_static() && is_floating_element<T>) {
    Tensor result;
    RandomStream(seed).fill_uniform(result.span(), 0, low, high);
    return result;
  }
  /// Normal random numbers, the same for the same seed.
  static Tensor normal(std::uint64_t seed, T mean = 0,
                       T standard_deviation = 1) requires(S::value.is_static() && is_floating_element<T>) {
    Tensor result;
    RandomStream(seed).fill_normal(result.span(), 0, mean, standard_deviation);
    return result;
  }

  void fill(T value) { std::fill(begin(), end(), value); }
  /// Copies elements in row-major order; throws Error when there are not as many as the tensor holds.
  void assign(std::span<const T> elements) {
    if (static_cast<std::int64_t>(elements.size()) != size()) detail::throw_element_count(extents_, elements.size());
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
  requires(sizeof...(I) == S::rank) T& operator()(I... index) { return view()(index...); }
  template <std::integral... I>
  requires(sizeof...(I) == S::rank) const T& operator()(I... index) const { return view()(index...); }
  /// A copy in the host's memory, whatever the device.
  Tensor cpu() const { return *this; }
  /// The number itself, for a tensor of one element.
  T& item() requires(S::value.size() == 1) { return *data(); }
  T item() const requires(S::value.size() == 1) { return *data(); }
  /// A scalar is a number: `float loss = sum(x);`.
  operator T() const requires(S::rank == 0) { return *data(); }
  operator float() const requires(S::rank == 0 && is_half<T>) { return *data(); }

private:
  std::size_t bytes() const { return std::max<std::size_t>(static_cast<std::size_t>(size()) * sizeof(T), 1); }

  Extents<rank> extents_;
  Memory memory_;
};

template <class T, class S, class Device>
Tensor<typename TensorView<T, S, Device>::element_type, S> TensorView<T, S, Device>::cpu() const {
  return Tensor<element_type, S>(*this);
}

template <class E>
requires TensorExpression<std::remove_cvref_t<E>> Tensor(E&&)
->Tensor<typename std::remove_cvref_t<E>::element_type, typename std::remove_cvref_t<E>::shape_type>;
template <class T, class S>
Tensor(TensorView<T, S>) -> Tensor<std::remove_const_t<T>, S>;

}  // namespace ctgrad
