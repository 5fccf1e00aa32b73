// SPDX-License-Identifier: BSL-1.0
/// \file
/// Solutions of equations as functions with derivatives: roots, fixed points and minima.
///
/// The solver is a step of the program that runs the compiled function as often as it needs to. Its derivative does not
/// look at how the solution was found. Where r(x, theta) = 0 holds along with theta, dx/dtheta = -(dr/dx)^-1 dr/dtheta
/// (the implicit function theorem). Written with operations on the solution itself, that rule can be differentiated
/// again.
#pragma once

#include "ctgrad/autodiff/flatten.hpp"
#include "ctgrad/autodiff/gradient.hpp"
#include "ctgrad/autodiff/hessian.hpp"
#include "ctgrad/autodiff/jacobian.hpp"
#include "ctgrad/autodiff/vjp.hpp"
#include "ctgrad/linalg/solve.hpp"
#include "ctgrad/solvers/newton.hpp"

namespace ctgrad {

namespace detail {

/// A function of the unknowns and parameters as one of flat arrays; what it returns is flat too. `X` is the structure
/// of the unknowns as symbols, `Theta...` those of the parameters.
template <class F, class X, class... Theta>
struct FlatEquations {
  static constexpr Extent unknowns = elements_of_structure<X>;
  static constexpr Extent parameters = operand_length<std::tuple<Theta...>>;
  using Result = std::remove_cvref_t<decltype(std::declval<const F&>()(std::declval<const X&>(),
                                                                       std::declval<const Theta&>()...))>;

  template <class Unknowns, class Parameters>
  constexpr auto operator()(const Unknowns& x, const Parameters& theta) const {
    return std::apply([&](const auto&... part) { return flatten(F{}(structure_in<X>(x), part...)); },
                      structure_in<std::tuple<Theta...>>(theta));
  }
};

/// x - g(x).
template <class Equations>
struct FixedPointResidual : Equations {
  template <class Unknowns, class Parameters>
  constexpr auto operator()(const Unknowns& x, const Parameters& theta) const {
    return x - Equations{}(x, theta);
  }
};
/// The value to minimize, a scalar again.
template <class Equations>
struct FlatObjective {
  template <class Unknowns, class Parameters>
  constexpr auto operator()(const Unknowns& x, const Parameters& theta) const {
    return sum(Equations{}(x, theta));
  }
};
template <class Equations>
struct Stationarity : Equations {
  template <class Unknowns, class Parameters>
  constexpr auto operator()(const Unknowns& x, const Parameters& theta) const {
    return gradient(FlatObjective<Equations>{})(x, theta);
  }
};

/// What the solvers ask for, as functions of symbols.
template <class Residual>
struct ResidualAndJacobian {
  template <class Unknowns, class Parameters>
  constexpr auto operator()(const Unknowns& x, const Parameters& theta) const {
    return std::pair{Residual{}(x, theta), jacobian(Residual{})(x, theta)};
  }
};
template <class Equations>
struct ObjectiveAndDerivatives {
  template <class Unknowns, class Parameters>
  constexpr auto operator()(const Unknowns& x, const Parameters& theta) const {
    using Objective = FlatObjective<Equations>;
    const auto [value, slope] = value_and_grad(Objective{})(x, theta);
    return std::tuple{value, slope, hessian(Objective{})(x, theta)};
  }
};

/// One of three solvers for flat equations, and the equations that hold for the solution it finds.
template <class Equations>
struct SolveRoot {
  static constexpr std::string_view name = "root";
  using Residual = Equations;

  template <class T>
  static void solve(T* x, const T* theta, const SolverOptions& options) {
    constexpr Extent n = Equations::unknowns;
    thread_local Newton<T> solver;
    solver.find_root(
        [](T* residual, T* matrix, const T* at, const T* parameters) {
          std::tuple out{TensorView<T, Shape<n>>(residual), TensorView<T, Shape<n, n>>(matrix)};
          call_into(out, ResidualAndJacobian<Equations>{}, TensorView<const T, Shape<n>>(at),
                    TensorView<const T, Shape<Equations::parameters>>(parameters));
        },
        n, x, theta, options);
  }
};
template <class Equations>
struct SolveFixedPoint {
  static constexpr std::string_view name = "fixed_point";
  using Residual = FixedPointResidual<Equations>;

  template <class T>
  static void solve(T* x, const T* theta, const SolverOptions& options) {
    constexpr Extent n = Equations::unknowns;
    thread_local Newton<T> solver;
    solver.find_fixed_point(
        [](T* to, const T* at, const T* parameters) {
          TensorView<T, Shape<n>> out(to);
          call_into(out, Equations{}, TensorView<const T, Shape<n>>(at),
                    TensorView<const T, Shape<Equations::parameters>>(parameters));
        },
        n, x, theta, options);
  }
};
template <class Equations>
struct SolveArgmin {
  static constexpr std::string_view name = "argmin";
  using Residual = Stationarity<Equations>;

  template <class T>
  static void solve(T* x, const T* theta, const SolverOptions& options) {
    constexpr Extent n = Equations::unknowns;
    thread_local Newton<T> solver;
    solver.find_minimum(
        [](T* value, T* slope, T* matrix, const T* at, const T* parameters) {
          std::tuple out{TensorView<T, Shape<>>(value), TensorView<T, Shape<n>>(slope),
                         TensorView<T, Shape<n, n>>(matrix)};
          call_into(out, ObjectiveAndDerivatives<Equations>{}, TensorView<const T, Shape<n>>(at),
                    TensorView<const T, Shape<Equations::parameters>>(parameters));
        },
        n, x, theta, options);
  }
};

/// The solution [n] from a first guess [n] and the parameters [p].
template <class Solver, SolverOptions O>
struct ImplicitSolution {
  static constexpr std::string_view name = Solver::name;
  using Residual = typename Solver::Residual;

  static constexpr ShapeValue shape(const ShapeValue& guess, const ShapeValue&) { return guess; }

  template <class T>
  static void cpu(T* x, const T* guess, const T* theta, const KernelShape* shapes) {
    std::copy_n(guess, shapes[0].size(), x);
    Solver::solve(x, theta, O);
  }
  static constexpr auto derivative(auto t, auto, auto theta, auto x) {
    const auto v = linalg::detail::solve_transposed(jacobian(Residual{})(x, theta), t);
    return partials(NoDerivative{}, vjp(Residual{}, wrt<1>)(x, theta, -v).second);
  }
  static constexpr auto tangent(auto, auto dtheta, auto, auto theta, auto x) {
    return -linalg::solve(jacobian(Residual{})(x, theta), jvp(Residual{}, wrt<1>)(x, theta, dtheta).second);
  }
};

/// The callable that `root`, `fixed_point` and `argmin` return.
template <class F, template <class> class Solver, SolverOptions O>
struct Implicit : Derivative<Implicit<F, Solver, O>> {
  constexpr Implicit() = default;

  template <class X, class... Theta>
  constexpr X trace(const X& guess, const Theta&... theta) const {
    using T = typename CommonElement<leaf_types<X, Theta...>>::type;
    constexpr bool one_type = std::is_floating_point_v<T>;
    constexpr bool known = element_count < leaf_types < X, Theta... >>> 0;
    static_assert(one_type,
                  "ctgrad: root, fixed_point and argmin need unknowns and parameters of one element type, float or "
                  "double; convert with cast<double>(x)");
    static_assert(known,
                  "ctgrad: root, fixed_point and argmin need unknowns and parameters whose sizes are known at compile "
                  "time");
    if constexpr (one_type && known) {
      using Equations = FlatEquations<F, X, Theta...>;
      using Results = leaf_types<typename Equations::Result>;
      constexpr bool minimizes = std::is_same_v<Solver<Equations>, SolveArgmin<Equations>>;
      constexpr Extent results = element_count<Results>;
      static_assert(minimizes ? results == 1 : results == Equations::unknowns,
                    "ctgrad: the function must return as many residuals as there are unknowns for root, the unknowns' "
                    "structure for fixed_point, and one scalar for argmin");
      if constexpr (minimizes ? results == 1 : results == Equations::unknowns) {
        const auto flat_guess = flatten(guess);
        const auto flat_theta = flat_operand(flat_guess, std::tuple{theta...});
        return structure_in<X>(user_kernel<ImplicitSolution<Solver<Equations>, O>>(flat_guess, flat_theta));
      }
    }
  }
};

template <class F, template <class> class Solver, SolverOptions O>
constexpr auto implicit() {
  static_assert(std::is_default_constructible_v<F>,
                "ctgrad: the function to solve must not capture anything: pass values as parameters, root(f)(guess, "
                "values...)");
  return Implicit<F, Solver, O>();
}

}  // namespace detail

/// A callable `(guess, theta...)` that finds x with f(x, theta...) = 0 near the guess, by Newton's method with exact
/// Jacobians and a line search. x has the structure of the guess; f returns as many residuals as there are unknowns and
/// captures nothing. Throws ctgrad::Error where it does not converge (`SolverOptions`).
///
/// Differentiable by theta, to any order; the guess has no influence on the solution, so its derivative is zero. One
/// derivative costs a linear system of n unknowns, whatever the number of steps. In a program on a GPU the host runs
/// it.
template <SolverOptions O = SolverOptions{}, class F>
constexpr auto root(const F&) {
  return detail::implicit<F, detail::SolveRoot, O>();
}

/// A callable `(guess, theta...)` that repeats x = f(x, theta...) from the guess until x stands (`SolverOptions`): for
/// functions that bring points closer together. Differentiable as `root` is.
template <SolverOptions O = SolverOptions{}, class F>
constexpr auto fixed_point(const F&) {
  return detail::implicit<F, detail::SolveFixedPoint, O>();
}

/// A callable `(guess, theta...)` that finds the x near the guess where the scalar f(x, theta...) is smallest, by
/// Newton's method with exact Hessians. Differentiable as `root` is, by the equations of a zero gradient (Gould et al.
/// 2016). Throws ctgrad::Error at what is no minimum.
template <SolverOptions O = SolverOptions{}, class F>
requires(!Handle<F>) constexpr auto argmin(const F&) { return detail::implicit<F, detail::SolveArgmin, O>(); }

}  // namespace ctgrad
