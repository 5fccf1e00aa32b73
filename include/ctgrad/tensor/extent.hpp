// SPDX-License-Identifier: BSL-1.0
/// \file
/// The length of one axis: a number, or a number times named run-time dimensions.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "ctgrad/core/message.hpp"

namespace ctgrad {

/// The length of one axis, in elements.
///
/// A value >= 0 is a length known while the program compiles. A negative value is a length known at
/// run time: a coefficient times a product of up to five named dimensions, such as `3 * batch * time`.
/// One 64-bit integer holds both, so that extents are ordinary template arguments.
///
/// Layout of a negative value: bit 63 set; bits 32..61 five names of six bits each, sorted, 0 for
/// none; bits 0..31 the coefficient.
using Extent = std::int64_t;

namespace detail {

inline constexpr int extent_name_count = 64;
inline constexpr int extent_factor_count = 5;

// Six bits a name: 1..26 for a..z, 27..52 for A..Z.
constexpr int extent_name_code(char letter) {
  if (letter >= 'a' && letter <= 'z') return letter - 'a' + 1;
  if (letter >= 'A' && letter <= 'Z') return letter - 'A' + 27;
  return 0;
}

constexpr char extent_name_letter(int code) { return static_cast<char>(code <= 26 ? 'a' + code - 1 : 'A' + code - 27); }

constexpr std::uint64_t extent_sign = std::uint64_t{1} << 63;

constexpr std::uint64_t names_of(Extent extent) {
  return extent >= 0 ? 0 : (static_cast<std::uint64_t>(extent) & ~extent_sign) >> 32;
}

constexpr std::int64_t coefficient_of(Extent extent) {
  return extent >= 0 ? extent : static_cast<std::int64_t>(static_cast<std::uint64_t>(extent) & 0xffffffffU);
}

constexpr Extent make_extent(std::int64_t coefficient, std::uint64_t names) {
  if (names == 0 || coefficient == 0) return coefficient;
  if (coefficient > 0xffffffffLL) throw "the constant factor of a run-time extent exceeds 2^32 - 1";
  return static_cast<Extent>(extent_sign | (names << 32) | static_cast<std::uint64_t>(coefficient));
}

}  // namespace detail

/// The named run-time dimension of one letter, for instance `Shape<dimension<'n'>, 3>`.
/// `batch` and `time_steps` are the letters B and T.
template <char Letter>
requires(detail::extent_name_code(Letter) != 0) inline constexpr Extent dimension =
    detail::make_extent(1, static_cast<std::uint64_t>(detail::extent_name_code(Letter)));

/// Number of samples in a minibatch: a run-time extent.
inline constexpr Extent batch = dimension<'B'>;
/// Number of time steps in a sequence: a run-time extent.
inline constexpr Extent time_steps = dimension<'T'>;

/// True when the length is known while the program compiles.
constexpr bool is_static(Extent extent) { return extent >= 0; }

/// True for a length made of names; a negative number that is none is a mistake.
constexpr bool is_named(Extent extent) {
  if (extent >= 0 || detail::coefficient_of(extent) == 0) return false;
  for (std::uint64_t names = detail::names_of(extent); names != 0; names >>= 6)
    if ((names & 63) > 52) return false;
  return detail::names_of(extent) != 0;
}

/// The product of two extents.
constexpr Extent multiply(Extent a, Extent b) {
  if (a >= 0 && b >= 0) return a * b;
  const std::int64_t coefficient = detail::coefficient_of(a) * detail::coefficient_of(b);
  std::uint64_t left = detail::names_of(a);
  std::uint64_t right = detail::names_of(b);
  std::uint64_t names = 0;
  int factors = 0;
  // Merge two sorted lists of names, largest first, so that a product has one spelling.
  while (left != 0 || right != 0) {
    const std::uint64_t x = left & 63;
    const std::uint64_t y = right & 63;
    const bool take_left = x >= y;
    names |= (take_left ? x : y) << (6 * factors);
    (take_left ? left : right) >>= 6;
    if (++factors > detail::extent_factor_count) throw "an extent has more than five named factors";
  }
  return detail::make_extent(coefficient, names);
}

/// True when `a / b` is a whole extent whatever the run-time lengths are.
constexpr bool divides(Extent b, Extent a) {
  if (detail::coefficient_of(b) == 0 || detail::coefficient_of(a) % detail::coefficient_of(b) != 0) return false;
  std::uint64_t left = detail::names_of(a);
  std::uint64_t right = detail::names_of(b);
  while (right != 0) {
    if (left == 0) return false;
    if ((left & 63) == (right & 63)) right >>= 6;
    left >>= 6;
  }
  return true;
}

/// The quotient `a / b`; only for extents for which `divides(b, a)`.
constexpr Extent divide(Extent a, Extent b) {
  std::uint64_t left = detail::names_of(a);
  std::uint64_t right = detail::names_of(b);
  std::uint64_t names = 0;
  int factors = 0;
  while (left != 0) {
    if ((left & 63) == (right & 63)) {
      right >>= 6;
    } else {
      names |= (left & 63) << (6 * factors++);
    }
    left >>= 6;
  }
  return detail::make_extent(detail::coefficient_of(a) / detail::coefficient_of(b), names);
}

/// The run-time lengths of all named dimensions of one call.
struct Dimensions {
  std::array<std::int64_t, detail::extent_name_count> length{};

  /// Product of the named factors of `extent`, without its coefficient.
  constexpr std::int64_t monomial(Extent extent) const {
    std::int64_t product = 1;
    for (std::uint64_t names = detail::names_of(extent); names != 0; names >>= 6) product *= length[names & 63];
    return product;
  }
  /// The length of `extent` in elements.
  constexpr std::int64_t operator()(Extent extent) const {
    return extent >= 0 ? extent : detail::coefficient_of(extent) * monomial(extent);
  }
  constexpr std::int64_t& operator[](Extent single) { return length[detail::names_of(single) & 63]; }
};

namespace detail {

/// An extent in a text: `message.value(NamedExtent{extent})`.
struct NamedExtent {
  Extent extent;
};
CTGRAD_COLD inline void write_to(Message& message, NamedExtent named) {
  if (named.extent >= 0) {
    message.number(named.extent);
    return;
  }
  if (coefficient_of(named.extent) != 1) message.number(coefficient_of(named.extent)).text("*");
  for (std::uint64_t names = names_of(named.extent); names != 0; names >>= 6) {
    const char letter = extent_name_letter(static_cast<int>(names & 63));
    message.text(letter == 'B' ? "batch" : letter == 'T' ? "time" : std::string_view(&letter, 1));
    if ((names >> 6) != 0) message.text("*");
  }
}

}  // namespace detail

/// "128", "batch", "3*batch*time".
CTGRAD_COLD inline std::string text_of(Extent extent) {
  return detail::Message().value(detail::NamedExtent{extent}).c_str();
}

}  // namespace ctgrad
