// SPDX-License-Identifier: BSL-1.0
/// \file
/// Operations on one or two constants, worked out while the program compiles.
#pragma once

#include <concepts>
#include <cstdint>

#include "ctgrad/graph/node.hpp"

namespace ctgrad::detail {

template <class Op>
concept Foldable = Op::kind == OpKind::elementwise&& requires {
  requires Op::takes != Takes::booleans;
}
&&requires(double x) {
  requires requires {
    { Op::value(x) } -> std::same_as<double>;
  } || requires {
    { Op::value(x, x) } -> std::same_as<double>;
  };
};

/// The operation on one or two constants, in the arithmetic of the node's type.
template <class Op>
constexpr double fold_constants(DType dtype, double a, double b) {
  auto run = [&](auto x, auto y) {
    if constexpr (requires { Op::value(x); }) {
      return static_cast<double>(Op::value(x));
    } else {
      return static_cast<double>(Op::value(x, y));
    }
  };
  return compute_type(dtype) == DType::float32 ? run(static_cast<float>(a), static_cast<float>(b)) : run(a, b);
}

/// True when a compiler can work out `op` on these constants: one that overflows or is not a number is
/// an error in constant evaluation, so such constants are left to the run.
constexpr bool can_fold(Opcode op, double a, double b) {
  auto moderate = [](double x) {
    const double magnitude = x < 0 ? -x : x;
    return magnitude == 0 || (magnitude >= 0x1p-60 && magnitude <= 0x1p60);
  };
  if (!moderate(a) || !moderate(b)) return false;
  if (op == opcode<ops::Divide>) return b != 0;
  if (operation_info[op].cheap) return true;
  if (op == opcode<ops::Log> || op == opcode<ops::Sqrt> || op == opcode<ops::Pow>)
    return a >= 0x1p-10 && a <= 0x1p10 && b >= -10 && b <= 10;
  return a >= -60 && a <= 60;
}

using Fold = double (*)(DType, double, double);

template <class Op>
constexpr Fold fold_rule() {
  if constexpr (Foldable<Op>) {
    return &fold_constants<Op>;
  } else {
    return nullptr;
  }
}

template <class... Op>
constexpr auto make_fold_table(TypeList<Op...>) {
  struct Table {
    Fold fold[sizeof...(Op)];
    // Sanitizers keep g++ from comparing a function's address with null while it compiles.
    bool known[sizeof...(Op)];
  };
  return Table{{fold_rule<Op>()...}, {Foldable<Op>...}};
}

// Outside of the function that uses it: a local table would be copied at every call.
inline constexpr auto fold_table = make_fold_table(ops::List{});

}  // namespace ctgrad::detail
