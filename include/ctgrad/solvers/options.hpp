// SPDX-License-Identifier: BSL-1.0
/// \file
/// What the solvers of equations take besides the function.
#pragma once

#include <concepts>
#include <cstdint>

namespace ctgrad {

/// A number as a template argument: not every compiler takes a double there.
struct Number {
  std::uint64_t bits;
  constexpr Number(double value) : bits(__builtin_bit_cast(std::uint64_t, value)) {}  // NOLINT: meant to convert
  /// From the bits: nvcc writes template arguments so for the host's compiler.
  template <std::same_as<std::uint64_t> Bits>
  constexpr Number(Bits pattern) : bits(pattern) {}                               // NOLINT: meant to convert
  constexpr operator double() const { return __builtin_bit_cast(double, bits); }  // NOLINT: meant to convert
};

/// When an iterative solver stops: `root<SolverOptions{.tolerance = 1e-6}>(f)`.
struct SolverOptions {
  /// The solver stops when a step changes no unknown by more than tolerance * (1 + its size). 0 stands for 1e-10 in
  /// double and 1e-5 in float.
  Number tolerance = 0.0;
  /// After so many steps without that it throws.
  int max_steps = 100;

  template <class T>
  constexpr T tolerance_for() const {
    const double given = tolerance;
    return static_cast<T>(given > 0 ? given : sizeof(T) == 8 ? 1e-10 : 1e-5);
  }
};

/// How precisely an ODE is solved: `odeint<OdeOptions{.rtol = 1e-8}>(f)`.
struct OdeOptions {
  /// A step's error is kept below atol + rtol * |y|, in the root mean square over the unknowns.
  Number rtol = 1.4e-8;
  Number atol = 1.4e-8;
  /// More steps than that between two of the times given are an error.
  int max_steps = 100000;
  /// How often the solution can be differentiated: each order makes the compiler prepare a system of twice the size.
  int max_order = 2;
};

}  // namespace ctgrad
