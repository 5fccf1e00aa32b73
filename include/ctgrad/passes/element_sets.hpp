// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sets of numbered elements for constant evaluation, each stored once it is made and named by a number.
#pragma once

#include <bit>
#include <cstdint>

#include "ctgrad/core/vector.hpp"

namespace ctgrad::detail {

/// Calls visit(element) for each bit of `words` words that is set, in order; the first one is `first`.
template <class Visit>
constexpr void for_each_bit(const std::uint64_t* bits, int words, int first, const Visit& visit) {
  for (int w = 0; w < words; ++w) {
    std::uint64_t left = bits[w];
    while (left != 0) {
      visit(first + 64 * w + std::countr_zero(left));
      left &= left - 1;
    }
  }
}

/// Sets of numbers from 0 on, one bit each. Set 0 is empty. A set has the words from its first to its last element;
/// copying one is copying its number. So a set costs little where its elements are few and near to each other, and
/// only unions of different sets cost something.
class ElementSets {
public:
  constexpr ElementSets() { append(0, 0); }

  /// How many sets there are: the number of the next one.
  constexpr int count() const { return begin_.count; }
  /// How many words were looked at so far.
  constexpr std::int64_t steps() const { return steps_; }
  /// The words of a set, how many there are, and the place of the first among those of a full set.
  constexpr const std::uint64_t* words(int set) const { return bits_.at + begin_.at[set]; }
  constexpr int length(int set) const { return length_.at[set]; }
  constexpr int first_word(int set) const { return first_.at[set]; }

  /// A new set of one element.
  constexpr int unit(int element) {
    const int set = append(element / 64, 1);
    bits_.at[begin_.at[set]] = std::uint64_t{1} << (element % 64);
    return set;
  }

  /// The union; one of the two where it holds the other.
  constexpr int united(int a, int b) {
    if (a == b || b == 0) return a;
    if (a == 0) return b;
    if (holds(a, b)) return a;
    if (holds(b, a)) return b;
    const int first = first_.at[a] < first_.at[b] ? first_.at[a] : first_.at[b];
    const int last = end_of(a) > end_of(b) ? end_of(a) : end_of(b);
    const int set = append(first, last - first);
    add(set, a);
    add(set, b);
    return set;
  }

  /// The union, written over `total` where that is one of the sets from `own` on, which nobody else has.
  constexpr int joined(int total, int more, int own) {
    if (total < own || more == 0 || first_.at[more] < first_.at[total] || end_of(more) > end_of(total))
      return united(total, more);
    add(total, more);
    return total;
  }

private:
  constexpr int end_of(int set) const { return first_.at[set] + length_.at[set]; }

  /// True when all elements of b are in a.
  constexpr bool holds(int a, int b) {
    if (first_.at[b] < first_.at[a] || end_of(b) > end_of(a)) return false;
    steps_ += length_.at[b];
    const std::uint64_t* const x = bits_.at + begin_.at[a] + (first_.at[b] - first_.at[a]);
    const std::uint64_t* const y = bits_.at + begin_.at[b];
    const int words = length_.at[b];
    for (int w = 0; w < words; ++w)
      if ((y[w] & ~x[w]) != 0) return false;
    return true;
  }

  /// Adds the elements of `more`, whose words are among those of `set`.
  constexpr void add(int set, int more) {
    std::uint64_t* const to = bits_.at + begin_.at[set] + (first_.at[more] - first_.at[set]);
    const std::uint64_t* const x = bits_.at + begin_.at[more];
    const int words = length_.at[more];
    steps_ += words;
    for (int w = 0; w < words; ++w) to[w] |= x[w];
  }

  /// An empty set with room for some words.
  constexpr int append(int first, int words) {
    first_.push_back(first);
    length_.push_back(words);
    begin_.push_back(bits_.count);
    for (int w = 0; w < words; ++w) bits_.push_back(0);
    return begin_.count - 1;
  }

  std::int64_t steps_ = 0;
  Vector<int> first_;
  Vector<int> length_;
  /// Where the words of a set begin.
  Vector<int> begin_;
  Vector<std::uint64_t> bits_;
};

}  // namespace ctgrad::detail
