// SPDX-License-Identifier: BSL-1.0
/// \file
/// Solutions of ordinary differential equations as functions with derivatives.
///
/// The solver is a step of the program that runs the compiled right-hand side as often as its step control asks for.
/// Its derivatives are solutions too. Forward mode solves the system together with its tangent, which is a system of
/// the same kind: sensitivities. Reverse mode goes back through the steps that were taken. The derivative of that is
/// again made of the two, on the system with its tangent, and so on for every order.
#pragma once

#include "ctgrad/autodiff/flat_call.hpp"
#include "ctgrad/autodiff/flatten.hpp"
#include "ctgrad/autodiff/vjp.hpp"
#include "ctgrad/autodiff/vmap.hpp"
#include "ctgrad/ops/sum.hpp"
#include "ctgrad/solvers/dormand_prince.hpp"

namespace ctgrad {

namespace detail {

/// The right-hand side: a function of the unknowns, the time and a tuple of parameters.
template <class F, class Y, class P>
struct OdeSystem;
template <class F, class Y, class... Theta>
struct OdeSystem<F, Y, std::tuple<Theta...>> {
  /// How often the right-hand side was differentiated.
  static constexpr int order = 0;
  using Unknowns = Y;
  using Parameters = std::tuple<Theta...>;

  template <class T>
  constexpr Y operator()(const Y& y, const Symbol<T, Shape<>>& t, const Parameters& theta) const {
    const auto slope = settle(t.builder, std::apply([&](const auto&... part) { return F{}(y, t, part...); }, theta));
    constexpr bool same = std::is_same_v<leaf_types<std::remove_const_t<decltype(slope)>>, leaf_types<Y>>;
    static_assert(
        same,
        "ctgrad: the function that odeint solves must return the slopes of the unknowns, in the structure and "
        "with the element type and shapes of the unknowns");
    Y result = y;
    if constexpr (same) set_leaves(result, t.builder, leaf_ids(slope).data());
    return result;
  }
};

/// The system together with its tangent: pairs of values and tangents.
template <class System>
struct OdeTangent {
  static constexpr int order = System::order + 1;
  using Unknowns = std::pair<typename System::Unknowns, typename System::Unknowns>;
  using Parameters = std::pair<typename System::Parameters, typename System::Parameters>;

  template <class T>
  constexpr Unknowns operator()(const Unknowns& y, const Symbol<T, Shape<>>& t, const Parameters& theta) const {
    return jvp(System{}, wrt<0, 2>)(y.first, t, theta.first, y.second, theta.second);
  }
};

/// v^T df/dy and v^T df/dtheta.
template <class System>
struct OdePullback {
  using Unknowns = typename System::Unknowns;
  using Parameters = typename System::Parameters;

  template <class T>
  constexpr std::tuple<Unknowns, Parameters> operator()(const Unknowns& y, const Symbol<T, Shape<>>& t,
                                                        const Parameters& theta, const Unknowns& v) const {
    return vjp(System{}, wrt<0, 2>)(y, t, theta, v).second;
  }
};

/// The system on flat arrays.
template <class System>
struct FlatOde {
  static constexpr Extent n = elements_of_structure<typename System::Unknowns>;
  static constexpr Extent p = operand_length<typename System::Parameters>;

  template <class State, class Time, class Theta>
  constexpr auto operator()(const State& y, const Time& t, const Theta& theta) const {
    return flatten(
        System{}(structure_in<typename System::Unknowns>(y), t, structure_in<typename System::Parameters>(theta)));
  }
};

/// The compiled system, as the solver calls it.
template <class System, class T>
struct CompiledOde {
  using Y = typename System::Unknowns;
  using P = typename System::Parameters;
  using Time = Symbol<T, Shape<>>;

  static void slope(T* to, const T* y, T t, const T* theta) { call_flat<System, Y, Y, Time, P>(to, y, &t, theta); }
  static void pull_back(T* by_y, T* by_theta, const T* y, T t, const T* theta, const T* v) {
    std::tuple out{views_at<Y>(by_y), views_at<P>(by_theta)};
    call_into(out, OdePullback<System>{}, views_at<Y>(y), views_at<Time>(&t), views_at<P>(theta), views_at<Y>(v));
    // An operand without elements has one all the same.
    if constexpr (elements_of_structure<P> == 0) *by_theta = 0;
  }
  static DormandPrince<T>& solver() {
    thread_local DormandPrince<T> one;
    return one;
  }
};

template <class System, OdeOptions O>
struct OdeAdjoint;

/// The slopes at each of many times.
template <class System, class Rows, class Times, class Theta>
constexpr auto ode_slopes(const Rows& y, const Times& times, const Theta& theta) {
  return vmap(FlatOde<System>{}, mapped<0, 1>)(y, times, theta);
}
/// The first of the times.
template <class Times>
constexpr auto first_time(const Times& times) {
  return reshape(slice<0, 0, 1>(times), shape<>);
}

/// v^T dy/d(y0, times, theta) for solutions y with cotangents v. The solution at times[i] moves with times[i] as its
/// slope says; starting later by dt is starting from y0 less its slope times dt.
template <class System, OdeOptions O, class V, class Y0, class Times, class Theta, class Y>
constexpr auto ode_pull_back(const V& v, const Y0& y0, const Times& times, const Theta& theta, const Y& y) {
  constexpr Extent n = FlatOde<System>::n;
  constexpr Extent p = FlatOde<System>::p;
  constexpr Extent m = Times::shape_type::value[0];
  const auto both = user_kernel<OdeAdjoint<System, O>>(v, concat(axis<0>, y0, theta), times);
  const auto by_y0 = slice<0, 0, n>(both);
  const auto t0 = first_time(times);
  const auto along = sum(v * ode_slopes<System>(y, times, theta), axis<1>);
  const auto by_start = reshape(sum(by_y0 * FlatOde<System>{}(y0, t0, theta)), shape<1>);
  const auto by_times = along - join<0>(by_start, zeros_beside<Shape<m - 1>>(along));
  return partials(by_y0, by_times, slice<0, n, n + p>(both));
}

/// The solution at each of m times [m, n], from the unknowns at the first [n], the times [m] and the parameters [p].
template <class System, OdeOptions O>
struct OdeSolve {
  static constexpr std::string_view name = "odeint";
  static constexpr int max_order = O.max_order;
  static constexpr bool differentiable = System::order + 1 <= max_order;
  static constexpr Extent n = FlatOde<System>::n;
  static constexpr Extent p = FlatOde<System>::p;

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue& times, const ShapeValue&) {
    ShapeValue result = times;
    result.push_back(n);
    return result;
  }
  template <class T>
  static void cpu(T* y, const T* y0, const T* times, const T* theta, const KernelShape* shapes) {
    CompiledOde<System, T>::solver().solve(&CompiledOde<System, T>::slope, n, y0, times, shapes[2][0], theta, O, y,
                                           false);
  }
  static constexpr auto derivative(auto v, auto y0, auto times, auto theta, auto y) requires differentiable {
    return ode_pull_back<System, O>(v, y0, times, theta, y);
  }
  static constexpr auto tangent(auto dy0, auto dtimes, auto dtheta, auto y0, auto times, auto theta,
                                auto y) requires differentiable {
    constexpr Extent m = decltype(times)::shape_type::value[0];
    const auto start = dy0 - FlatOde<System>{}(y0, first_time(times), theta) * first_time(dtimes);
    const auto z = user_kernel<OdeSolve<OdeTangent<System>, O>>(
        concat(axis<0>, y0, start), times, paired_operand<typename System::Parameters, 0>(theta, dtheta));
    return slice<1, n, 2 * n>(z) + ode_slopes<System>(y, times, theta) * reshape(dtimes, ctgrad::shape<m, 1>);
  }
};

/// The sum over the times of v^T dy/dy0 [n] and of v^T dy/dtheta [p], one after the other, from v [m, n], (y0, theta)
/// and the times.
template <class System, OdeOptions O>
struct OdeAdjoint {
  static constexpr std::string_view name = "odeint_adjoint";
  static constexpr int max_order = O.max_order;
  static constexpr bool differentiable = System::order + 2 <= max_order;
  static constexpr Extent n = FlatOde<System>::n;
  static constexpr Extent p = FlatOde<System>::p;
  using Tangent = OdeTangent<System>;

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue& start, const ShapeValue&) { return start; }

  template <class T>
  static void cpu(T* out, const T* v, const T* start, const T* times, const KernelShape* shapes) {
    using Ode = CompiledOde<System, T>;
    thread_local std::vector<T> y;
    const std::int64_t count = shapes[3][0];
    y.resize(static_cast<std::size_t>(count * n));
    DormandPrince<T>& solver = Ode::solver();
    solver.solve(&Ode::slope, n, start, times, count, start + n, O, y.data(), true);
    solver.pull_back(&Ode::pull_back, v, count, start + n, p, out, out + n);
  }

  /// <u, A(v)> is <v, dy> for the tangent dy of the solution along u. So its derivative by v is dy, and its derivatives
  /// by the rest are those of the system with its tangent.
  static constexpr auto derivative(auto u, auto v, auto start, auto times, auto) requires differentiable {
    const auto y0 = slice<0, 0, n>(start);
    const auto theta = slice<0, n, n + p>(start);
    const auto z0 = concat(axis<0>, y0, slice<0, 0, n>(u));
    const auto both = paired_operand<typename System::Parameters, 0>(theta, slice<0, n, n + p>(u));
    const auto z = user_kernel<OdeSolve<Tangent, O>>(z0, times, both);
    const auto shares = ode_pull_back<Tangent, O>(concat(axis<1>, zeros_like(v), v), z0, times, both, z);
    return partials(slice<1, n, 2 * n>(z), concat(axis<0>, slice<0, 0, n>(shares.first), slice<0, 0, p>(shares.third)),
                    shares.second);
  }

  /// The derivative of A(v) along dv and (dy0, dtheta) is the same pull-back through the system with its tangent along
  /// (dy0, dtheta), second derivatives being symmetric.
  static constexpr auto tangent(auto dv, auto dstart, auto dtimes, auto v, auto start, auto times,
                                auto result) requires differentiable {
    constexpr Extent m = decltype(times)::shape_type::value[0];
    const auto y0 = slice<0, 0, n>(start);
    const auto theta = slice<0, n, n + p>(start);
    const auto t0 = first_time(times);
    const auto dt0 = first_time(dtimes);
    const auto dy0 = slice<0, 0, n>(dstart) - FlatOde<System>{}(y0, t0, theta) * dt0;
    const auto dtheta = slice<0, n, n + p>(dstart);
    // What moving the times does to the cotangents of y and theta.
    const auto y = user_kernel<OdeSolve<System, O>>(y0, times, theta);
    const auto [moved, by_theta] = vjp([](auto rows, auto at, auto q) { return ode_slopes<System>(rows, at, q); },
                                       wrt<0, 2>)(y, times, theta, v * reshape(dtimes, ctgrad::shape<m, 1>))
                                       .second;
    const auto start_share = vjp(FlatOde<System>{}, wrt<0, 2>)(y0, t0, theta, slice<0, 0, n>(result) * dt0).second;
    const auto both = user_kernel<OdeAdjoint<Tangent, O>>(
        concat(axis<1>, dv + moved, v),
        concat(axis<0>, y0, dy0, paired_operand<typename System::Parameters, 0>(theta, dtheta)), times);
    return concat(axis<0>, slice<0, 0, n>(both) - std::get<0>(start_share),
                  slice<0, 2 * n, 2 * n + p>(both) + by_theta - std::get<1>(start_share));
  }
};

/// The times as an array of their own kind: a Tensor, or an array of numbers.
template <class X>
inline constexpr bool is_time_axis = false;
template <class T, Extent M>
inline constexpr bool is_time_axis<Symbol<T, Shape<M>>> = M > 0;

}  // namespace detail

/// The callable that `odeint` returns.
template <class F, OdeOptions O>
struct OdeInt : detail::Derivative<OdeInt<F, O>> {
  constexpr OdeInt() = default;

  template <class Y, class Times, class... Theta>
  constexpr auto trace(const Y& y0, const Times& times, const Theta&... theta) const {
    using T = typename detail::CommonElement<detail::leaf_types<Y, Times, Theta...>>::type;
    constexpr bool one_type = std::is_floating_point_v<T>;
    constexpr bool known = detail::element_count < detail::leaf_types < Y, Theta... >>> 0;
    constexpr bool axis_of_times = detail::is_time_axis<std::remove_cvref_t<decltype(detail::flatten(times))>>;
    static_assert(one_type,
                  "ctgrad: odeint needs unknowns, times and parameters of one element type, float or double; convert "
                  "with cast<double>(x)");
    static_assert(known && axis_of_times,
                  "ctgrad: odeint needs unknowns, times and parameters whose sizes are known at compile time");
    if constexpr (one_type && known && axis_of_times) {
      using System = detail::OdeSystem<F, Y, std::tuple<Theta...>>;
      const auto flat_times = detail::flatten(times);
      const auto flat_theta = detail::flat_operand(flat_times, std::tuple{theta...});
      return detail::unflatten_rows<Y>(
          user_kernel<detail::OdeSolve<System, O>>(detail::flatten(y0), flat_times, flat_theta));
    }
  }
};

/// A callable `(y0, times, theta...)` that solves dy/dt = f(y, t, theta...) from y = y0 at times[0] and gives y at each
/// of the times (JAX's odeint): in the structure of `y0`, each array with the times along a new first axis, so its
/// first row is y0. `f` captures nothing and returns the slopes in the structure of `y`. The times rise or fall.
///
/// Runge-Kutta steps of order 5 with an error estimate of order 4 (Dormand and Prince 1980); each step's error is kept
/// below atol + rtol |y| (`OdeOptions`, 1.4e-8 each by default). For problems that are not stiff. Throws ctgrad::Error
/// where the solution cannot be continued.
///
/// Differentiable by y0, the times and the parameters, to any order: forward mode by sensitivities, one solution of
/// twice the size; reverse mode through the steps taken, at the cost of a few solutions whatever the number of
/// parameters, in memory for six states of each step. In a program on a GPU the host runs it.
template <OdeOptions O = OdeOptions{}, class F>
constexpr auto odeint(const F&) {
  static_assert(std::is_default_constructible_v<F>,
                "ctgrad: the function that odeint solves must not capture anything: pass values as parameters, "
                "odeint(f)(y0, times, values...)");
  return OdeInt<F, O>();
}

}  // namespace ctgrad
