// SPDX-License-Identifier: BSL-1.0
/// \file
/// Colours for the columns of a sparse matrix, so that those of one colour can be computed together and told apart.
///
/// Columns of a Jacobian may share a colour when no row has an entry in both (Curtis, Powell, Reid 1974; as a problem
/// of colours, Coleman and More 1983). A symmetric matrix needs fewer: an entry may be read from either triangle. What
/// it takes is a star colouring of its graph (Coleman and More 1984; Gebremedhin, Manne, Pothen 2005). Both are greedy,
/// in two orders, of which the better counts: as the columns stand, and the fullest first.
#pragma once

#include <cstdint>

#include "ctgrad/core/vector.hpp"

namespace ctgrad::detail {

/// A pattern by rows: row i has the columns indices[offsets[i]] .. indices[offsets[i + 1] - 1], in order.
struct PatternView {
  int rows = 0;
  int columns = 0;
  const std::int32_t* offsets = nullptr;
  const std::int32_t* indices = nullptr;

  constexpr int nonzeros() const { return offsets[rows]; }
  constexpr int length(int row) const { return offsets[row + 1] - offsets[row]; }
};

/// A pattern that owns its numbers.
struct OwnPattern {
  int rows;
  int columns;
  Vector<std::int32_t> offsets;
  Vector<std::int32_t> indices;

  constexpr OwnPattern(int row_count, int column_count, int nonzeros)
      : rows(row_count), columns(column_count), offsets(row_count + 1), indices(nonzeros) {}
  constexpr PatternView view() const { return {rows, columns, offsets.data(), indices.data()}; }
};

constexpr OwnPattern transposed(const PatternView& pattern) {
  OwnPattern result(pattern.columns, pattern.rows, pattern.nonzeros());
  for (int p = 0; p < pattern.nonzeros(); ++p) ++result.offsets.at[pattern.indices[p] + 1];
  for (int j = 0; j < pattern.columns; ++j) result.offsets.at[j + 1] += result.offsets.at[j];
  Vector<std::int32_t> next = result.offsets;
  for (int i = 0; i < pattern.rows; ++i)
    for (int p = pattern.offsets[i]; p < pattern.offsets[i + 1]; ++p)
      result.indices.at[next.at[pattern.indices[p]]++] = i;
  return result;
}

/// A colour from 0 on for each column; -1 for a column without entries.
struct Colouring {
  Vector<int> of;
  int count = 0;

  constexpr explicit Colouring(int columns) : of(columns, -1) {}
};

/// The one of fewer colours. (Not by ?:, of which g++ 12 destroys a part too early in constant evaluation.)
constexpr Colouring fewer(const Colouring& a, const Colouring& b) {
  if (b.count < a.count) return b;
  return a;
}

/// Steps of a colouring beyond which each column gets a colour of its own: a matrix so full would hardly gain.
inline constexpr std::int64_t most_colouring_steps = std::int64_t{1} << 22;

/// A colour for each column that has entries; `by_column` is the transpose.
constexpr Colouring all_different(const PatternView& by_column) {
  Colouring result(by_column.rows);
  for (int j = 0; j < by_column.rows; ++j)
    if (by_column.length(j) > 0) result.of.at[j] = result.count++;
  return result;
}

/// The rows of a pattern, the longest first; those of one length as they stand.
constexpr Vector<int> longest_first(const PatternView& pattern) {
  int longest = 0;
  for (int i = 0; i < pattern.rows; ++i)
    if (pattern.length(i) > longest) longest = pattern.length(i);
  Vector<int> next(longest + 2);
  for (int i = 0; i < pattern.rows; ++i) ++next.at[longest - pattern.length(i) + 1];
  for (int k = 0; k <= longest; ++k) next.at[k + 1] += next.at[k];
  Vector<int> order(pattern.rows);
  for (int i = 0; i < pattern.rows; ++i) order.at[next.at[longest - pattern.length(i)]++] = i;
  return order;
}

constexpr Vector<int> as_they_stand(int count) {
  Vector<int> order(count);
  for (int i = 0; i < count; ++i) order.at[i] = i;
  return order;
}

/// The lowest colour that was not marked for column j.
constexpr int lowest_free(const Vector<int>& mark, int j) {
  int colour = 0;
  while (mark.at[colour] == j) ++colour;
  return colour;
}

constexpr Colouring greedy_columns(const PatternView& pattern, const PatternView& by_column, const Vector<int>& order) {
  Colouring result(pattern.columns);
  Vector<int> mark(pattern.columns + 1, -1);
  for (int n = 0; n < order.count; ++n) {
    const int j = order.at[n];
    if (by_column.length(j) == 0) continue;
    for (int q = by_column.offsets[j]; q < by_column.offsets[j + 1]; ++q) {
      const int row = by_column.indices[q];
      for (int p = pattern.offsets[row]; p < pattern.offsets[row + 1]; ++p) {
        const int colour = result.of.at[pattern.indices[p]];
        if (colour >= 0) mark.at[colour] = j;
      }
    }
    const int colour = lowest_free(mark, j);
    result.of.at[j] = colour;
    if (colour >= result.count) result.count = colour + 1;
  }
  return result;
}

/// Colours such that no row has entries in two columns of one colour.
constexpr Colouring colour_columns(const PatternView& pattern) {
  const OwnPattern transpose = transposed(pattern);
  const PatternView by_column = transpose.view();
  std::int64_t steps = 0;
  int longest = 0;
  for (int i = 0; i < pattern.rows; ++i) {
    const int length = pattern.length(i);
    steps += std::int64_t{length} * length;
    if (length > longest) longest = length;
  }
  // A full row takes as many colours as there are columns.
  if (longest == pattern.columns || steps > most_colouring_steps) return all_different(by_column);
  Colouring result = greedy_columns(pattern, by_column, as_they_stand(pattern.columns));
  if (result.count == longest) return result;
  return fewer(result, greedy_columns(pattern, by_column, longest_first(by_column)));
}

/// A star colouring of a symmetric pattern: neighbours differ, and every path of four has at least three colours. By
/// the rule of Gebremedhin, Tarafdar, Manne and Pothen (2007), algorithm 4.1.
constexpr Colouring greedy_star(const PatternView& pattern, const Vector<int>& order) {
  Colouring result(pattern.columns);
  Vector<int> mark(pattern.columns + 1, -1);
  const int* const colour_of = result.of.at;
  const std::int32_t* const offsets = pattern.offsets;
  const std::int32_t* const indices = pattern.indices;
  for (int n = 0; n < order.count; ++n) {
    const int v = order.at[n];
    if (pattern.length(v) == 0) continue;
    for (int p = offsets[v]; p < offsets[v + 1]; ++p) {
      const int w = indices[p];
      if (w == v) continue;
      const int middle = colour_of[w];
      if (middle >= 0) mark.at[middle] = v;
      for (int q = offsets[w]; q < offsets[w + 1]; ++q) {
        const int x = indices[q];
        if (x == v || x == w || colour_of[x] < 0 || mark.at[colour_of[x]] == v) continue;
        // Two neighbours of what has no colour yet must differ; v - w - x - y must not have two colours.
        bool forbidden = middle < 0;
        for (int r = offsets[x]; r < offsets[x + 1] && !forbidden; ++r) {
          const int y = indices[r];
          forbidden = y != w && y != x && colour_of[y] == middle;
        }
        if (forbidden) mark.at[colour_of[x]] = v;
      }
    }
    const int colour = lowest_free(mark, v);
    result.of.at[v] = colour;
    if (colour >= result.count) result.count = colour + 1;
  }
  return result;
}

/// Colours such that each entry of a symmetric matrix can be read from the sum of the columns of one colour, in its row
/// or mirrored.
constexpr Colouring colour_symmetric(const PatternView& pattern) {
  std::int64_t steps = 0;
  for (int w = 0; w < pattern.rows; ++w) {
    std::int64_t beyond = 0;
    for (int p = pattern.offsets[w]; p < pattern.offsets[w + 1]; ++p) beyond += pattern.length(pattern.indices[p]);
    steps += pattern.length(w) * beyond;
  }
  if (pattern.nonzeros() == pattern.rows * pattern.columns || steps > most_colouring_steps)
    return colour_columns(pattern);
  return fewer(greedy_star(pattern, longest_first(pattern)), greedy_star(pattern, as_they_stand(pattern.columns)));
}

/// Where the entries of a matrix stand among the sums of its columns of one colour, sum c at c * rows.
constexpr Vector<int> places_in_columns(const PatternView& pattern, const Vector<int>& colour) {
  Vector<int> place(pattern.nonzeros());
  for (int i = 0; i < pattern.rows; ++i)
    for (int p = pattern.offsets[i]; p < pattern.offsets[i + 1]; ++p)
      place.at[p] = colour.at[pattern.indices[p]] * pattern.rows + i;
  return place;
}

/// The same for sums of rows of one colour, sum c at c * columns.
constexpr Vector<int> places_in_rows(const PatternView& pattern, const Vector<int>& colour) {
  Vector<int> place(pattern.nonzeros());
  for (int i = 0; i < pattern.rows; ++i)
    for (int p = pattern.offsets[i]; p < pattern.offsets[i + 1]; ++p)
      place.at[p] = colour.at[i] * pattern.columns + pattern.indices[p];
  return place;
}

/// The same for a symmetric matrix and a star colouring: an entry that shares its sum with another one of its row is
/// read at its mirror.
constexpr Vector<int> places_in_symmetric(const PatternView& pattern, const Vector<int>& colour) {
  Vector<char> alone(pattern.nonzeros());
  Vector<int> entries(pattern.columns);
  for (int i = 0; i < pattern.rows; ++i) {
    for (int p = pattern.offsets[i]; p < pattern.offsets[i + 1]; ++p) ++entries.at[colour.at[pattern.indices[p]]];
    for (int p = pattern.offsets[i]; p < pattern.offsets[i + 1]; ++p)
      alone.at[p] = entries.at[colour.at[pattern.indices[p]]] == 1 ? 1 : 0;
    for (int p = pattern.offsets[i]; p < pattern.offsets[i + 1]; ++p) entries.at[colour.at[pattern.indices[p]]] = 0;
  }
  Vector<int> place(pattern.nonzeros());
  for (int i = 0; i < pattern.rows; ++i)
    for (int p = pattern.offsets[i]; p < pattern.offsets[i + 1]; ++p) {
      const int j = pattern.indices[p];
      if (alone.at[p] != 0) {
        place.at[p] = colour.at[j] * pattern.rows + i;
        continue;
      }
      int mirror = pattern.offsets[j];
      while (pattern.indices[mirror] != i) ++mirror;
      if (alone.at[mirror] == 0) throw "ctgrad: two entries of a Hessian were given one place; please report this";
      place.at[p] = colour.at[i] * pattern.rows + j;
    }
  return place;
}

}  // namespace ctgrad::detail
