// SPDX-License-Identifier: BSL-1.0
/// \file
/// A strict reader for small JSON documents from untrusted files, and quoting of strings (RFC
/// 8259).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "ctgrad/core/error.hpp"

namespace ctgrad::detail {

/// Length of the UTF-8 sequence that begins at text[at] (RFC 3629), or 0 if there is no valid one.
inline std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (at >= text.size()) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    // Neither forms longer than needed nor the surrogates of UTF-16.
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

/// True when the text is valid UTF-8.
inline bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

/// Appends the text, which must be UTF-8, in quotes and with the escapes JSON asks for.
inline void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (code < 0x20) {
      out += "\\u00";
      out += digits[code >> 4U];
      out += digits[code & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
}

/// Reads a JSON text from front to back; the caller says what it expects next. Anything else is an
/// Error that names the file and the byte: a key twice in one object, nesting deeper than 64, text
/// that is not UTF-8, half a surrogate pair, control characters in strings, a comma too many.
class JsonReader {
public:
  static constexpr int max_depth = 64;

  /// `name` stands in the errors; `offset` is the place of the text in the file.
  JsonReader(std::string_view text, std::string name, std::size_t offset)
      : text_(text), name_(std::move(name)), offset_(offset) {}

  /// Reads an object and calls member(key) for each key; the call must read the value.
  template <class Member>
  void read_object(Member&& member) {
    enter('{');
    // An ordered set: hostile keys can make a hash table slow.
    std::set<std::string> keys;
    if (!take('}')) {
      do {
        skip_space();
        const std::size_t begin = at_;
        std::string key = read_string();
        expect(':');
        const auto [place, is_new] = keys.insert(std::move(key));
        if (!is_new) fail("the key \"" + *place + "\" stands twice in one object", begin);
        member(*place);
      } while (take(','));
      expect('}');
    }
    --depth_;
  }

  /// Reads an array and calls element() for each element; the call must read it.
  template <class Element>
  void read_array(Element&& element) {
    enter('[');
    if (!take(']')) {
      do element();
      while (take(','));
      expect(']');
    }
    --depth_;
  }

  /// Reads a string and undoes its escapes.
  std::string read_string() {
    expect('"');
    std::string result;
    while (peek() != '"') {
      if (at_ >= text_.size()) fail("a string does not end");
      if (static_cast<unsigned char>(text_[at_]) < 0x20) fail("a control character in a string");
      if (text_[at_] == '\\') {
        ++at_;
        read_escape(result);
        continue;
      }
      const std::size_t length = utf8_length(text_, at_);
      if (length == 0) fail("a string is not valid UTF-8");
      result.append(text_, at_, length);
      at_ += length;
    }
    ++at_;
    return result;
  }

  /// Reads a number that is written as an unsigned integer and fits 64 bits.
  std::uint64_t read_unsigned() {
    skip_space();
    const std::size_t begin = at_;
    std::uint64_t value = 0;
    for (; is_digit(peek()); ++at_) {
      const auto digit = static_cast<std::uint64_t>(text_[at_] - '0');
      if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10)
        fail("the number does not fit 64 bits", begin);
      value = 10 * value + digit;
    }
    const char next = peek();
    if (at_ == begin || next == '.' || next == 'e' || next == 'E')
      fail("expected an integer without sign, point or exponent", begin);
    if (at_ - begin > 1 && text_[begin] == '0') fail("a number begins with a needless 0", begin);
    return value;
  }

  /// Reads any value and forgets it; it must be correct JSON all the same.
  void skip_value() {
    skip_space();
    const char next = peek();
    if (next == '{') return read_object([this](const std::string&) { skip_value(); });
    if (next == '[') return read_array([this] { skip_value(); });
    if (next == '"') return static_cast<void>(read_string());
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return;
      }
    }
    skip_number();
  }

  /// Only white space may be left.
  void finish() {
    skip_space();
    if (at_ < text_.size()) fail("there is more text after the end");
  }

  /// Throws an Error about the present place, or about byte `at` of the text.
  [[noreturn]] void fail(const std::string& what) const { fail(what, at_); }
  [[noreturn]] void fail(const std::string& what, std::size_t at) const {
    throw_error("'" + name_ + "': the JSON text is not acceptable at byte " + std::to_string(offset_ + at) + ": " +
                what);
  }

private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  // A zero byte is no part of any token, so it can stand for the end.
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }

  bool take(char c) {
    skip_space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (take(c)) return;
    fail(std::string("expected '") + c + "'" + (at_ < text_.size() ? "" : ", found the end"));
  }

  void enter(char bracket) {
    expect(bracket);
    if (++depth_ > max_depth) fail("objects and arrays are nested deeper than " + std::to_string(max_depth));
  }

  void skip_digits() {
    if (!is_digit(peek())) fail("expected a value");
    while (is_digit(peek())) ++at_;
  }

  void skip_number() {
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
    } else {
      skip_digits();
    }
    if (peek() == '.') {
      ++at_;
      skip_digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      skip_digits();
    }
  }

  std::uint32_t read_hex4() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      const int digit = is_digit(c)            ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) fail("\\u needs four hexadecimal digits");
      value = 16 * value + static_cast<std::uint32_t>(digit);
    }
    return value;
  }

  void read_escape(std::string& out) {
    const char c = peek();
    ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out += c;
        return;
      case 'b':
        out += '\b';
        return;
      case 'f':
        out += '\f';
        return;
      case 'n':
        out += '\n';
        return;
      case 'r':
        out += '\r';
        return;
      case 't':
        out += '\t';
        return;
      case 'u':
        return append_utf8(out, read_code_point());
      default:
        fail("there is no such escape", at_ - 1);
    }
  }

  std::uint32_t read_code_point() {
    const std::size_t begin = at_;
    const std::uint32_t first = read_hex4();
    if (first < 0xD800 || first > 0xDFFF) return first;
    if (first < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      at_ += 2;
      const std::uint32_t second = read_hex4();
      if (second >= 0xDC00 && second <= 0xDFFF) return 0x10000 + ((first - 0xD800) << 10U) + (second - 0xDC00);
    }
    fail("half of a surrogate pair", begin);
  }

  static void append_utf8(std::string& out, std::uint32_t code) {
    const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0U | code >> 6U);
      tail(0);
    } else if (code < 0x10000) {
      out += static_cast<char>(0xE0U | code >> 12U);
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xF0U | code >> 18U);
      tail(12);
      tail(6);
      tail(0);
    }
  }

  std::string_view text_;
  std::string name_;
  std::size_t offset_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace ctgrad::detail
