// SPDX-License-Identifier: BSL-1.0
/// \file
/// The leaves of an expression: arrays that it reads, borrowed or its own, and numbers.
#pragma once

#include "ctgrad/dynamic/lengths.hpp"
#include "ctgrad/dynamic/pool.hpp"

namespace ctgrad {

namespace detail {

// Written in evaluate.hpp.
template <class E, class T, class S>
void evaluate_into(const E& expression, TensorView<T, S> to);

/// Elements of a tensor that lives elsewhere.
template <class T>
class Borrowed {
public:
  static constexpr bool owns = false;
  constexpr explicit Borrowed(const T* data) : data_(data) {}
  constexpr const T* data() const { return data_; }
  constexpr void advance(std::int64_t elements) { data_ += elements; }

private:
  const T* data_;
};

/// A few elements inside the expression itself: scalars and short rows.
template <class T, int N>
class Inline {
public:
  static constexpr bool owns = true;
  explicit Inline(std::size_t) {}
  const T* data() const { return elements_ + offset_; }
  T* data() { return elements_ + offset_; }
  void advance(std::int64_t elements) { offset_ += static_cast<int>(elements); }

private:
  T elements_[N] = {};
  int offset_ = 0;
};

/// Elements in memory that all copies of an expression share.
template <class T>
class Shared {
public:
  static constexpr bool owns = true;
  explicit Shared(std::size_t count)
      : block_(count == 0 ? sizeof(T) : count * sizeof(T)), data_(static_cast<T*>(block_.data())) {}
  const T* data() const { return data_; }
  T* data() { return data_; }
  void advance(std::int64_t elements) { data_ += elements; }
  /// Moves the memory to `to`, unless somebody else holds it or the elements are only a part of it.
  bool release(Memory& to) {
    if (!block_.is_only_user() || data_ != block_.data()) return false;
    to = block_.take();
    return true;
  }

private:
  BlockReference block_;
  T* data_;
};

inline constexpr std::int64_t inline_bytes = 64;

/// What holds the elements of an unnamed result of shape S.
template <class T, class S>
using OwnedStorage =
    std::conditional_t<(S::value.size() > 0 && S::value.size() <= inline_bytes / static_cast<std::int64_t>(sizeof(T))),
                       Inline<T, static_cast<int>(S::value.size() > 0 ? S::value.size() % (inline_bytes + 1) : 1)>,
                       Shared<T>>;

/// A plain number in an expression.
template <class T>
struct Number {
  using element_type = T;
  using shape_type = Shape<>;
  using strides_type = Strides<>;
  static constexpr bool is_array = false;

  T value;

  const T* data() const { return &value; }
  constexpr Lengths<Shape<>> lengths() const { return {}; }
  constexpr Lengths<Strides<>> distances() const { return {}; }
};

}  // namespace detail

/// Elements of type T under a shape, at the distances D, either borrowed from a tensor (views:
/// reshape, transpose, slice) or its own (the results of sum, matmul, gather). A copy shares them.
/// It can be used wherever a tensor is read; a scalar converts to its number.
template <class T, class S, class D, class Storage>
class Array {
public:
  using ctgrad_handle = Array;
  using ctgrad_eager = void;
  using ctgrad_expression = void;
  using element_type = T;
  using shape_type = S;
  using strides_type = D;
  static constexpr int rank = S::rank;
  static constexpr bool is_array = true;
  static constexpr bool is_row_major = std::is_same_v<D, detail::RowMajor<S>>;

  Array(Storage storage, const detail::Lengths<S>& extents, const detail::Lengths<D>& strides)
      : storage_(std::move(storage)), extents_(extents), strides_(strides) {}

  const T* data() const { return storage_.data(); }
  Extents<rank> extents() const { return extents_.array(); }
  std::int64_t extent(int axis) const { return extents_[axis]; }
  std::int64_t size() const { return detail::size_of(extents_); }

  /// The element at the given indices, one for each axis; they are not checked.
  template <std::integral... I>
  requires(sizeof...(I) == S::rank) T operator()(I... index) const {
    std::int64_t at = 0;
    int axis = 0;
    ((at += static_cast<std::int64_t>(index) * strides_[axis++]), ...);
    return data()[at];
  }
  /// The number itself, for an array of one element.
  T item() const requires(S::value.size() == 1) { return *data(); }
  operator T() const requires(S::rank == 0) { return *data(); }
  operator float() const requires(S::rank == 0 && is_half<T>) { return *data(); }

  /// A view of the elements, for as long as this object lives.
  TensorView<const T, S> view() const& requires is_row_major { return {data(), extents()}; }
  operator TensorView<const T, S>() const& requires is_row_major { return view(); }
  TensorView<const T, S> view() const&& = delete;

  /// Writes the elements to `to`, whose shape this one stretches to.
  template <class U, class To>
  void ctgrad_evaluate(TensorView<U, To> to) const {
    detail::evaluate_into(*this, to);
  }
  /// Moves the memory to a tensor that is being made; false when it must be copied.
  template <class Tensor>
  requires(is_row_major&& std::is_same_v<typename Tensor::element_type, T>&&
               std::is_same_v<typename Tensor::shape_type, S>) bool ctgrad_release(const Tensor&, Memory& to) requires
      requires(Storage storage, Memory& memory) {
    storage.release(memory);
  }
  { return storage_.release(to); }

  const Storage& storage() const { return storage_; }
  Storage& storage() { return storage_; }
  const detail::Lengths<S>& lengths() const { return extents_; }
  const detail::Lengths<D>& distances() const { return strides_; }

private:
  Storage storage_;
  [[no_unique_address]] detail::Lengths<S> extents_;
  [[no_unique_address]] detail::Lengths<D> strides_;
};

namespace detail {

/// An unnamed result.
template <class T, class S>
using Owned = Array<T, S, RowMajor<S>, OwnedStorage<T, S>>;

/// An unnamed result whose elements are still to be written.
template <class T, class S>
Owned<T, S> make_owned(const Lengths<S>& extents) {
  return {OwnedStorage<T, S>(static_cast<std::size_t>(size_of(extents))), extents, row_major(extents)};
}

template <class T, class S>
using BorrowedArray = Array<T, S, RowMajor<S>, Borrowed<T>>;

template <class X>
inline constexpr bool is_array = false;
template <class T, class S, class D, class Storage>
inline constexpr bool is_array<Array<T, S, D, Storage>> = true;

}  // namespace detail

}  // namespace ctgrad
