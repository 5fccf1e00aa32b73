// SPDX-License-Identifier: BSL-1.0
/// \file
/// Compares a sparse derivative with the dense one by compression, the dense one, and the entries by hand.
#pragma once

#include <ctgrad/ctgrad.hpp>

#include "../program/contest.hpp"

namespace sparse_contest {

using namespace ctgrad;

constexpr int size = 256;
using Numbers = Tensor<double, Shape<size>>;

template <class Sparse, class Compressed, class Dense, class ByHand>
void compare(benchmark::State& state, const Sparse& sparse, const Compressed& compressed, const Dense& dense,
             const ByHand& entries_by_hand) {
  const auto x = Numbers::uniform(1, -1, 2);
  auto entries = sparse(x);
  auto matrix = dense(x);
  auto matrix_compressed = compressed(x);
  std::vector<double> by_hand(static_cast<std::size_t>(entries.nonzeros()));
  entries_by_hand(x.data(), by_hand.data());
  for (int i = 0; i < size; ++i)
    for (int j = 0; j < size; ++j) {
      if (!contest::agree(state, entries(i, j), matrix(i, j), 1e-12)) return;
      if (!contest::agree(state, matrix_compressed(i, j), matrix(i, j), 1e-12)) return;
    }
  for (std::int64_t p = 0; p < entries.nonzeros(); ++p)
    if (!contest::agree(state, entries.values.data()[p], by_hand[static_cast<std::size_t>(p)], 1e-12)) return;
  contest::Contest contest;
  contest.add("sparse", [&] { sparse.into(entries, x); });
  contest.add("compressed", [&] { compressed.into(matrix_compressed, x); });
  contest.add("dense", [&] { dense.into(matrix, x); });
  contest.add("by_hand", [&] {
    entries_by_hand(x.data(), by_hand.data());
    benchmark::DoNotOptimize(by_hand.data());
  });
  contest.hold(state);
}

}  // namespace sparse_contest
