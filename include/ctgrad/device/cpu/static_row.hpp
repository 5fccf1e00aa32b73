// SPDX-License-Identifier: BSL-1.0
/// \file
/// Rows whose length is known at compile time.
#pragma once

#include "ctgrad/device/cpu/row.hpp"

namespace ctgrad::cpu::detail {

/// The largest power of two that is not above the count or the machine's lanes.
constexpr int fitting_width(std::int64_t count, int native) {
  int width = native;
  while (width > count) width /= 2;
  return width < 1 ? 1 : width;
}

/// True where a rest of `count` elements is best done by a register of which part is in use, not by narrower ones.
constexpr bool prefers_part(std::int64_t count) {
#if defined(__AVX512F__)
  return count > 2 && (count & (count - 1)) != 0;
#else
  return count < 0;
#endif
}

/// The elements [Begin, End) of a row: whole registers of at most `Widest` elements, then ever narrower ones, or a part
/// of one.
template <class Kernel, int Widest, std::int64_t Begin, std::int64_t End>
CTGRAD_ALWAYS_INLINE void run_static_row(Row<Kernel>& row) {
  if constexpr (Begin < End) {
    constexpr int width = fitting_width(End - Begin, Widest);
    constexpr std::int64_t middle = Begin + (End - Begin) / width * width;
    RowLoop<Kernel, width>::template run_whole<Begin, middle>(row);
    if constexpr (middle < End && Kernel::has_inner_reduction) {
      [&]<int... O>(std::integer_sequence<int, O...>) __attribute__((always_inline)) {
        ((Kernel::template output<O>::is_inner_reduction ? static_cast<void>(row.first[O] = false)
                                                         : static_cast<void>(0)),
         ...);
      }
      (std::make_integer_sequence<int, Kernel::output_count>{});
    }
    if constexpr (prefers_part(End - middle) && width > 1) {
      RowLoop<Kernel, width>::run(row, middle, End);
    } else {
      run_static_row<Kernel, Widest, middle, End>(row);
    }
  }
}

/// The elements [Begin, End) of rows whose reductions go to the same elements.
template <class Kernel, std::int64_t Begin, std::int64_t End>
CTGRAD_ALWAYS_INLINE void add_static_rows(Row<Kernel>& row, const std::int64_t* next, std::int64_t count) {
  if constexpr (Begin < End) {
    constexpr int width = fitting_width(End - Begin, native_width<Kernel>);
    constexpr std::int64_t middle = Begin + (End - Begin) / width * width;
    if constexpr (RowLoop<Kernel, width>::adds_rows) {
      RowLoop<Kernel, width>::add_rows(row, next, count, Begin, middle);
    } else {
      for (std::int64_t k = 0; k < count; ++k) {
        Row<Kernel> one = row;
        for (int x = 0; x < Row<Kernel>::operands; ++x) one.pointer[x] += k * next[x];
        for (bool& first : one.first) first = first && k == 0;
        RowLoop<Kernel, width>::run(one, Begin, middle);
      }
    }
    add_static_rows<Kernel, middle, End>(row, next, count);
  }
}

}  // namespace ctgrad::cpu::detail
