// SPDX-License-Identifier: BSL-1.0
/// \file
/// The text of an error in the making.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "ctgrad/core/config.hpp"
#include "ctgrad/core/error.hpp"

namespace ctgrad {

namespace detail {

/// `throw_error(Message().text("ctgrad: the length ").number(n).text(" is odd"))`. Neither a std::string nor a stream:
/// every translation unit would compile these anew, and they would be most of what a small program is to the compiler.
/// What comes after 2047 characters is cut off.
class Message {
public:
  CTGRAD_COLD Message& text(std::string_view piece) {
    const std::size_t room = sizeof(text_) - 1 - size_, count = piece.size() < room ? piece.size() : room;
    std::memcpy(text_ + size_, piece.data(), count);
    size_ += count;
    text_[size_] = '\0';
    return *this;
  }
  CTGRAD_COLD Message& number(std::int64_t number) {
    char digits[20];
    std::size_t first = sizeof(digits);
    std::uint64_t rest = number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
    do {
      digits[--first] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    if (number < 0) digits[--first] = '-';
    return text(std::string_view(digits + first, sizeof(digits) - first));
  }
  Message& number(std::size_t number) { return this->number(static_cast<std::int64_t>(number)); }
  Message& number(int number) { return this->number(std::int64_t{number}); }
  /// "[2, 3]"
  CTGRAD_COLD Message& extents(std::span<const std::int64_t> extents) {
    text("[");
    for (std::size_t axis = 0; axis < extents.size(); ++axis) text(axis == 0 ? "" : ", ").number(extents[axis]);
    return text("]");
  }
  /// A value for which `write_to(Message&, const T&)` is declared.
  template <class T>
  Message& value(const T& x) {
    write_to(*this, x);
    return *this;
  }

  const char* c_str() const { return text_; }

private:
  char text_[2048] = "";
  std::size_t size_ = 0;
};

}  // namespace detail

[[noreturn]] CTGRAD_COLD inline void throw_error(const detail::Message& message) { throw Error(message.c_str()); }

}  // namespace ctgrad
