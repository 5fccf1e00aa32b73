// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sets of numbered elements for constant evaluation, each stored once it is made and named by a number.
#pragma once

#include <bit>
#include <cstdint>

#include "ctgrad/core/vector.hpp"

namespace ctgrad::detail {

/// Calls visit(element) for each element of a set of `words` words, in order.
template <class Visit>
constexpr void for_each_element(const std::uint64_t* set, int words, const Visit& visit) {
  for (int w = 0; w < words; ++w) {
    std::uint64_t left = set[w];
    while (left != 0) {
      visit(64 * w + std::countr_zero(left));
      left &= left - 1;
    }
  }
}

/// Sets of the elements 0 .. elements - 1, one bit each. Set 0 is empty. Copying a set is copying its number, so that
/// only unions of different sets cost something.
class ElementSets {
public:
  constexpr explicit ElementSets(int elements) : words_((elements + 63) / 64) { append(); }

  constexpr int words() const { return words_; }
  /// How many sets there are: the number of the next one.
  constexpr int count() const { return count_; }
  constexpr const std::uint64_t* words_of(int set) const { return bits_.at + set * words_; }

  /// A new set of one element.
  constexpr int unit(int element) {
    const int set = append();
    bits_.at[set * words_ + element / 64] = std::uint64_t{1} << (element % 64);
    return set;
  }

  /// The union; one of the two where it holds the other.
  constexpr int united(int a, int b) {
    if (a == b || b == 0) return a;
    if (a == 0) return b;
    const int set = append();
    const std::uint64_t* const x = bits_.at + a * words_;
    const std::uint64_t* const y = bits_.at + b * words_;
    std::uint64_t* const to = bits_.at + set * words_;
    bool is_a = true;
    bool is_b = true;
    for (int w = 0; w < words_; ++w) {
      const std::uint64_t both = x[w] | y[w];
      to[w] = both;
      is_a = is_a && both == x[w];
      is_b = is_b && both == y[w];
    }
    if (!is_a && !is_b) return set;
    for (int w = 0; w < words_; ++w) to[w] = 0;
    --count_;
    return is_a ? a : b;
  }

  /// The union, written over `total` where that is one of the sets from `own` on, which nobody else has.
  constexpr int joined(int total, int more, int own) {
    if (total < own) return united(total, more);
    if (more == 0) return total;
    std::uint64_t* const to = bits_.at + total * words_;
    const std::uint64_t* const x = bits_.at + more * words_;
    for (int w = 0; w < words_; ++w) to[w] |= x[w];
    return total;
  }

private:
  /// An empty set.
  constexpr int append() {
    const int needed = (count_ + 1) * words_;
    if (needed > bits_.count) {
      Vector<std::uint64_t> grown(2 * needed + 64);
      for (int i = 0; i < bits_.count; ++i) grown.at[i] = bits_.at[i];
      bits_ = static_cast<Vector<std::uint64_t>&&>(grown);
    }
    return count_++;
  }

  int words_;
  int count_ = 0;
  Vector<std::uint64_t> bits_;
};

}  // namespace ctgrad::detail
