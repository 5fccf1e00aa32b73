// SPDX-License-Identifier: BSL-1.0
/// \file
/// A growing array for constant evaluation.
#pragma once

#include <utility>

namespace ctgrad::detail {

/// A growing array that the compile-time passes use. It does less than std::vector and so costs the
/// compiler less: every call inside a constant evaluation is interpreted.
template <class T>
class Vector {
public:
  constexpr Vector() = default;
  constexpr explicit Vector(int count, const T& value = T{}) {
    reserve(count);
    for (int i = 0; i < count; ++i) data_[i] = value;
    size_ = count;
  }
  constexpr Vector(const Vector& other) {
    reserve(other.size_);
    for (int i = 0; i < other.size_; ++i) data_[i] = other.data_[i];
    size_ = other.size_;
  }
  constexpr Vector(Vector&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  constexpr Vector& operator=(Vector other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  constexpr ~Vector() { delete[] data_; }

  constexpr void push_back(const T& value) {
    if (size_ == capacity_) reserve(capacity_ == 0 ? 4 : 2 * capacity_);
    data_[size_++] = value;
  }
  constexpr void push_back(T&& value) {
    if (size_ == capacity_) reserve(capacity_ == 0 ? 4 : 2 * capacity_);
    data_[size_++] = static_cast<T&&>(value);
  }
  constexpr void reserve(int capacity) {
    if (capacity <= capacity_) return;
    T* grown = new T[static_cast<unsigned>(capacity)]{};
    for (int i = 0; i < size_; ++i) grown[i] = static_cast<T&&>(data_[i]);
    delete[] data_;
    data_ = grown;
    capacity_ = capacity;
  }
  constexpr void pop_back() { --size_; }
  constexpr void clear() { size_ = 0; }
  /// Removes element i, keeping the order of the others.
  constexpr void erase(int i) {
    for (int j = i + 1; j < size_; ++j) data_[j - 1] = data_[j];
    --size_;
  }
  constexpr void insert(int i, const T& value) {
    push_back(value);
    for (int j = size_ - 1; j > i; --j) data_[j] = data_[j - 1];
    data_[i] = value;
  }

  constexpr int size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr T& operator[](int i) { return data_[i]; }
  constexpr const T& operator[](int i) const { return data_[i]; }
  constexpr T& back() { return data_[size_ - 1]; }
  constexpr const T& back() const { return data_[size_ - 1]; }
  constexpr T* data() { return data_; }
  constexpr const T* data() const { return data_; }
  constexpr T* begin() { return data_; }
  constexpr T* end() { return data_ + size_; }
  constexpr const T* begin() const { return data_; }
  constexpr const T* end() const { return data_ + size_; }

private:
  T* data_ = nullptr;
  int size_ = 0;
  int capacity_ = 0;
};

}  // namespace ctgrad::detail
