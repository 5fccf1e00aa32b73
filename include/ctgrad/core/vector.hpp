// SPDX-License-Identifier: BSL-1.0
/// \file
/// A growing array for constant evaluation.
#pragma once

namespace ctgrad::detail {

/// A growing array that the compile-time passes use. It does less than std::vector and so costs the compiler less.
///
/// A constant evaluation pays for every call, in time and in memory that the compiler keeps, and for next to nothing
/// else. Hence the two members that spare one: `x.at[i]` is `x[i]`, `x.count` is `x.size()`.
template <class T>
class Vector {
public:
  T* at = nullptr;
  int count = 0;

  constexpr Vector() = default;
  /// Zeros, or default values: quicker than any other value, which takes a loop.
  constexpr explicit Vector(int size) {
    reserve(size);
    count = size;
  }
  constexpr Vector(int size, const T& value) {
    reserve(size);
    for (int i = 0; i < size; ++i) at[i] = value;
    count = size;
  }
  constexpr Vector(const Vector& other) {
    reserve(other.count);
    for (int i = 0; i < other.count; ++i) at[i] = other.at[i];
    count = other.count;
  }
  constexpr Vector(Vector&& other) noexcept : at(other.at), count(other.count), capacity_(other.capacity_) {
    other.at = nullptr;
    other.count = 0;
    other.capacity_ = 0;
  }
  constexpr Vector& operator=(Vector other) noexcept {
    T* const own = at;
    at = other.at;
    other.at = own;
    count = other.count;
    capacity_ = other.capacity_;
    return *this;
  }
  constexpr ~Vector() { delete[] at; }

  constexpr void push_back(const T& value) {
    if (count == capacity_) reserve(capacity_ == 0 ? 4 : 2 * capacity_);
    at[count++] = value;
  }
  constexpr void push_back(T&& value) {
    if (count == capacity_) reserve(capacity_ == 0 ? 4 : 2 * capacity_);
    at[count++] = static_cast<T&&>(value);
  }
  constexpr void reserve(int capacity) {
    if (capacity <= capacity_) return;
    T* grown = new T[static_cast<unsigned>(capacity)]{};
    for (int i = 0; i < count; ++i) grown[i] = static_cast<T&&>(at[i]);
    delete[] at;
    at = grown;
    capacity_ = capacity;
  }
  constexpr void pop_back() { --count; }
  constexpr void clear() { count = 0; }
  /// Removes element i, keeping the order of the others.
  constexpr void erase(int i) {
    for (int j = i + 1; j < count; ++j) at[j - 1] = at[j];
    --count;
  }
  constexpr void insert(int i, const T& value) {
    push_back(value);
    for (int j = count - 1; j > i; --j) at[j] = at[j - 1];
    at[i] = value;
  }

  constexpr bool contains(const T& value) const {
    for (int i = 0; i < count; ++i)
      if (at[i] == value) return true;
    return false;
  }

  constexpr int size() const { return count; }
  constexpr bool empty() const { return count == 0; }
  constexpr T& operator[](int i) { return at[i]; }
  constexpr const T& operator[](int i) const { return at[i]; }
  constexpr T& back() { return at[count - 1]; }
  constexpr const T& back() const { return at[count - 1]; }
  constexpr T* data() { return at; }
  constexpr const T* data() const { return at; }
  constexpr T* begin() { return at; }
  constexpr T* end() { return at + count; }
  constexpr const T* begin() const { return at; }
  constexpr const T* end() const { return at + count; }

private:
  int capacity_ = 0;
};

}  // namespace ctgrad::detail
