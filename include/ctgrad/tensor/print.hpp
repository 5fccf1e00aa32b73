// SPDX-License-Identifier: BSL-1.0
/// \file
/// Tensors as text, in the form NumPy prints.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iosfwd>
#include <string>

#include "ctgrad/tensor/tensor.hpp"

namespace ctgrad {

namespace detail {

/// One number as text, split so that columns can be aligned: "12", ".5", "e+03". A word such as nan
/// has no fraction.
struct NumberText {
  std::string whole;
  std::string fraction;
  std::string exponent;
};

/// How the numbers of one tensor are written: all alike.
struct NumberStyle {
  bool scientific = false;
};

/// Writes a finite number with as few digits as say which number of type T it is.
template <class T>
char* write_shortest(char* begin, char* end, T x, std::chars_format format) {
  if constexpr (is_half<T>) {
    for (int digits = 0;; ++digits) {
      char* last = std::to_chars(begin, end, static_cast<float>(x), format, digits).ptr;
      float read = 0;
      std::from_chars(begin, last, read, format);
      if (T(read).bits == x.bits) return last;
    }
  } else {
    return std::to_chars(begin, end, x, format).ptr;
  }
}

/// Up to eight digits after the point, fewer where fewer say which number it is.
template <class T>
NumberText text_of_number(T x, NumberStyle style) {
  if constexpr (std::is_same_v<T, bool>) {
    return {x ? "True" : "False", "", ""};
  } else if constexpr (std::is_integral_v<T>) {
    return {std::to_string(x), "", ""};
  } else {
    const auto number = static_cast<compute_t<T>>(x);
    if (std::isnan(number)) return {"nan", "", ""};
    if (std::isinf(number)) return {number < 0 ? "-inf" : "inf", "", ""};
    char buffer[128];
    const auto format = style.scientific ? std::chars_format::scientific : std::chars_format::fixed;
    std::string text(buffer, write_shortest(buffer, buffer + sizeof(buffer), x, format));
    const auto digits_after_point = [&] {
      const std::size_t point = text.find('.');
      const std::size_t end = std::min(text.find('e'), text.size());
      return point == std::string::npos ? 0 : end - point - 1;
    };
    if (digits_after_point() > 8)
      text.assign(buffer, std::to_chars(buffer, buffer + sizeof(buffer), static_cast<compute_t<T>>(x), format, 8).ptr);
    const std::size_t exponent = std::min(text.find('e'), text.size());
    std::string mantissa = text.substr(0, exponent);
    std::size_t point = mantissa.find('.');
    if (point == std::string::npos) {
      point = mantissa.size();
      mantissa += '.';
    }
    while (mantissa.back() == '0') mantissa.pop_back();
    return {mantissa.substr(0, point), mantissa.substr(point), text.substr(exponent)};
  }
}

/// Writes the elements of a row-major array; long axes show their first and last three.
template <class T>
class Printer {
public:
  Printer(const T* data, const std::int64_t* extents, int rank) : data_(data), extents_(extents), rank_(rank) {
    std::int64_t size = 1;
    for (int axis = 0; axis < rank; ++axis) size *= extents[axis];
    shortened_ = size > most_elements;
    visit(0, 0, [this](std::int64_t i) { look(data_[i]); });
    if constexpr (is_floating_element<T>)
      style_.scientific =
          largest_ >= Number(1e8) || (largest_ > 0 && (smallest_ < Number(1e-4) || largest_ / smallest_ > Number(1e3)));
    visit(0, 0, [this](std::int64_t i) { measure(text_of_number(data_[i], style_)); });
    const std::size_t rest = fraction_ + exponent_;
    if (word_ > rest) whole_ = std::max(whole_, word_ - rest);
  }

  std::string run() {
    if (rank_ == 0) {
      const NumberText number = text_of_number(*data_, style_);
      return number.whole + number.fraction + (number.fraction == "." ? "0" : "") + number.exponent;
    }
    write(0, 0);
    return text_;
  }

private:
  using Number = compute_t<T>;
  static constexpr std::int64_t most_elements = 1000;
  static constexpr std::int64_t edge = 3;
  static constexpr std::size_t line = 75;

  bool skips(int axis) const { return shortened_ && extents_[axis] > 2 * edge; }
  /// The index after `i` that is shown.
  std::int64_t next(int axis, std::int64_t i) const {
    return skips(axis) && i + 1 == edge ? extents_[axis] - edge : i + 1;
  }

  template <class See>
  void visit(int axis, std::int64_t at, const See& see) const {
    if (axis == rank_) return see(at);
    for (std::int64_t i = 0; i < extents_[axis]; i = next(axis, i)) visit(axis + 1, at * extents_[axis] + i, see);
  }

  void look(T x) {
    if constexpr (is_floating_element<T>) {
      const auto number = static_cast<Number>(x);
      if (!std::isfinite(number) || number == 0) return;
      const Number size = std::abs(number);
      if (largest_ == 0 || size > largest_) largest_ = size;
      if (smallest_ == 0 || size < smallest_) smallest_ = size;
    }
  }

  void measure(const NumberText& number) {
    if (number.fraction.empty()) {
      word_ = std::max(word_, number.whole.size());
    } else {
      whole_ = std::max(whole_, number.whole.size());
      fraction_ = std::max(fraction_, number.fraction.size());
      exponent_ = std::max(exponent_, number.exponent.size());
    }
  }

  /// The number in the width of the column, its point under the other points.
  std::string aligned(const NumberText& number) const {
    if (number.fraction.empty())
      return std::string(whole_ + fraction_ + exponent_ - number.whole.size(), ' ') + number.whole;
    const std::string before(whole_ - number.whole.size(), ' ');
    const std::string after(fraction_ - number.fraction.size(), style_.scientific ? '0' : ' ');
    return before + number.whole + number.fraction + after + number.exponent;
  }

  void write(int axis, std::int64_t at) {
    text_ += '[';
    std::size_t column = static_cast<std::size_t>(axis) + 1;
    for (std::int64_t i = 0; i < extents_[axis]; i = next(axis, i)) {
      if (axis + 1 < rank_) {
        if (i > 0) text_ += std::string(static_cast<std::size_t>(rank_ - axis - 1), '\n') + indent(axis);
        write(axis + 1, at * extents_[axis] + i);
        if (skips(axis) && i + 1 == edge)
          text_ += std::string(static_cast<std::size_t>(rank_ - axis - 1), '\n') + indent(axis) + "...";
        continue;
      }
      append(axis, i, column, aligned(text_of_number(data_[at * extents_[axis] + i], style_)));
      if (skips(axis) && i + 1 == edge) append(axis, i + 1, column, "...");
    }
    text_ += ']';
  }

  /// Appends a number, on a new line where the line would get too long.
  void append(int axis, std::int64_t i, std::size_t& column, const std::string& number) {
    if (i > 0 && column + 1 + number.size() > line - static_cast<std::size_t>(rank_)) {
      text_ += '\n' + indent(axis);
      column = static_cast<std::size_t>(axis) + 1;
    } else if (i > 0) {
      text_ += ' ';
      ++column;
    }
    text_ += number;
    column += number.size();
  }

  static std::string indent(int axis) { return std::string(static_cast<std::size_t>(axis) + 1, ' '); }

  const T* data_;
  const std::int64_t* extents_;
  int rank_;
  bool shortened_ = false;
  NumberStyle style_;
  Number largest_{};
  Number smallest_{};
  std::size_t whole_ = 0;
  std::size_t fraction_ = 0;
  std::size_t exponent_ = 0;
  std::size_t word_ = 0;
  std::string text_;
};

}  // namespace detail

/// The elements as NumPy's str() writes them: `[[1.  2.5]\n [3.  4. ]]`. More than a thousand are
/// shortened.
template <class T, class S>
std::string text_of(TensorView<T, S> view) {
  return detail::Printer<std::remove_const_t<T>>(view.data(), view.extents().data(), S::rank).run();
}
template <class T, class S, class Device>
std::string text_of(const Tensor<T, S, Device>& tensor) {
  return text_of(tensor.view());
}
/// Computes an expression and gives its elements as text.
template <TensorExpression E>
std::string text_of(const E& expression) {
  return text_of(Tensor<typename E::element_type, typename E::shape_type>(expression));
}

template <class Traits, class T, class S>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, TensorView<T, S> view) {
  return out << text_of(view);
}
template <class Traits, class T, class S, class Device>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const Tensor<T, S, Device>& x) {
  return out << text_of(x);
}
template <class Traits, TensorExpression E>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const E& expression) {
  return out << text_of(expression);
}

}  // namespace ctgrad
