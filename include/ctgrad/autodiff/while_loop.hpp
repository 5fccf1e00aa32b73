// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loops whose number of turns is known when they run.
#pragma once

#include "ctgrad/autodiff/scan.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad {

namespace detail {

/// The condition on flat arrays. It looks at the values of a carry that holds tangents, too.
template <class F, class Carry, class... Theta>
struct LoopCondition {
  template <class C, class P>
  constexpr auto operator()(const C& c, const P& theta) const {
    const auto go_on = [&] {
      if constexpr (sizeof...(Theta) == 0) {
        return F{}(std::get<0>(unflatten<Carry>(c)));
      } else {
        return std::apply([&](const auto&... part) { return F{}(std::get<0>(unflatten<Carry>(c)), part...); },
                          unflatten<Theta...>(theta));
      }
    }();
    constexpr bool is_condition = std::is_same_v<std::remove_const_t<decltype(go_on)>, Symbol<bool, Shape<>>>;
    static_assert(
        is_condition,
        "ctgrad: the condition of a while_loop must return one boolean symbol, as x < 10 does; for arrays use "
        "sum, max or min first");
    return go_on;
  }
};

/// A body of while_loop as one of scan, which reads nothing.
template <class F>
struct CarryBody {
  template <class Carry, class Nothing, class... Theta>
  constexpr auto operator()(const Carry& carry, const Nothing&, const Theta&... theta) const {
    return std::pair{F{}(carry, theta...), std::tuple<>{}};
  }
};

/// The adjoint of one turn, which a turn that was not taken leaves as it is. The last of what it reads says whether it
/// was.
template <class Body>
struct TakenAdjointBody : AdjointBody<Body> {
  static constexpr Extent items = AdjointBody<Body>::items + 1;

  template <class C, class X, class P>
  constexpr auto operator()(const C& adjoint, const X& x, const P& theta) const {
    constexpr Extent n = Body::carry;
    constexpr Extent k = Body::items;
    const auto passed = adjoint + slice<0, n + k, 2 * n + k>(x);
    const auto taken = slice<0, items - 1, items>(x) != 0;
    return where(taken, AdjointBody<Body>{}(adjoint, slice<0, 0, items - 1>(x), theta), passed);
  }
};

[[noreturn]] inline void throw_turns(std::int64_t turns) {
  throw_error("ctgrad: a while_loop went on after the " + std::to_string(turns) +
              " turns that its max_steps allows; allow more: while_loop<LoopOptions{.max_steps = " +
              std::to_string(2 * turns) + "}>(condition, body, carry)");
}

/// Rows [max_steps, carry + 1] of the carries after each turn and 1 where the turn was taken. The rows after the last
/// turn hold the last carry, and 0.
template <class Condition, class Body, class Values, int MaxSteps, int MaxOrder>
struct BoundedWhile {
  static constexpr std::string_view name = "while_loop";
  static constexpr int max_order = MaxOrder;
  static constexpr bool differentiable = Body::order < MaxOrder;
  static constexpr Extent n = Body::carry;
  /// The carry and constants that the condition looks at.
  static constexpr Extent values = Values::carry;
  static constexpr Extent constants = Values::constants;

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue&) { return Shape<MaxSteps, n + 1>::value; }

  template <class T>
  static bool goes_on(const T* carry, const T* theta) {
    bool result = false;
    call_into(result, Condition{}, TensorView<const T, Shape<values>>(carry),
              TensorView<const T, Shape<constants>>(theta));
    return result;
  }

  template <class T>
  static void cpu(T* rows, const T* carry, const T* theta, const KernelShape*) {
    const T nothing[static_cast<std::size_t>(Body::items)] = {};
    std::int64_t turn = 0;
    for (; goes_on(carry, theta); ++turn) {
      if (turn == MaxSteps) throw_turns(MaxSteps);
      T* row = rows + turn * (n + 1);
      run_body<Body>(row, carry, nothing, theta);
      row[n] = 1;
      carry = row;
    }
    for (; turn < MaxSteps; ++turn) {
      T* row = rows + turn * (n + 1);
      std::copy_n(carry, n, row);
      row[n] = 0;
    }
  }

  static constexpr auto derivative(auto t, auto start, auto theta, auto rows) requires differentiable {
    constexpr Extent last = MaxSteps - 1;
    const auto taken = stop_gradient(slice<1, n, n + 1>(rows));
    const auto first = reshape(start, ctgrad::shape<1, n>);
    const auto before = join<0>(first, slice<0, 0, last>(slice<1, 0, n>(rows)));
    const auto of_carries = slice<1, 0, n>(t);
    const auto nothing = zeros_beside<Shape<MaxSteps, Body::items>>(t);
    const auto adjoints = user_kernel<Scan<TakenAdjointBody<Body>, true, MaxOrder>>(
        zeros_like(start), concat(axis<1>, before, nothing, of_carries, taken), theta);
    const auto arriving = join<0>(slice<0, 1, MaxSteps>(adjoints), zeros_like(first));
    // Turns that were not taken start from the first carry here, where the body is defined.
    const auto safe = where(taken != 0, before, first);
    const auto of_rows = where(taken != 0, of_carries + arriving, 0);
    const auto by_theta = vjp(vmap(Body{}, mapped<0, 1>), wrt<2>)(safe, nothing, theta, of_rows).second;
    return partials(reshape(slice<0, 0, 1>(adjoints), ctgrad::shape<n>), by_theta);
  }

  static constexpr auto tangent(auto dstart, auto dtheta, auto start, auto theta, auto) requires differentiable {
    using Both = BoundedWhile<Condition, TangentBody<Body>, Values, MaxSteps, MaxOrder>;
    const auto both = user_kernel<Both>(concat(axis<0>, start, dstart), concat(axis<0>, theta, dtheta));
    return concat(axis<1>, slice<1, n, 2 * n>(both), zeros_beside<Shape<MaxSteps, 1>>(start));
  }
};

/// The last carry alone, without a bound. Forward mode only.
template <class Condition, class Body, class Values, int MaxOrder>
struct UnboundedWhile {
  static constexpr std::string_view name = "while_loop";
  static constexpr int max_order = MaxOrder;
  static constexpr Extent n = Body::carry;
  using Bounded = BoundedWhile<Condition, Body, Values, 1, MaxOrder>;

  static constexpr ShapeValue shape(const ShapeValue& start, const ShapeValue&) { return start; }

  template <class T>
  static void cpu(T* last, const T* start, const T* theta, const KernelShape*) {
    const T nothing[static_cast<std::size_t>(Body::items)] = {};
    T row[static_cast<std::size_t>(n)];
    std::copy_n(start, n, last);
    while (Bounded::goes_on(last, theta)) {
      run_body<Body>(row, last, nothing, theta);
      std::copy_n(row, n, last);
    }
  }

  static constexpr auto tangent(auto dstart, auto dtheta, auto start, auto theta,
                                auto) requires(Body::order < MaxOrder) {
    const auto both = user_kernel<UnboundedWhile<Condition, TangentBody<Body>, Values, MaxOrder>>(
        concat(axis<0>, start, dstart), concat(axis<0>, theta, dtheta));
    return slice<0, n, 2 * n>(both);
  }
};

}  // namespace detail

/// Repeats `carry = body(carry, constants...)` as long as `condition(carry, constants...)` holds, and returns the last
/// carry (JAX's while_loop). The condition returns one boolean symbol. Carry and constants are symbols or structures of
/// them, of one floating type; plain numbers become symbols; the functions capture nothing.
///
/// Forward mode works for any number of turns. Reverse mode needs a bound, `while_loop<LoopOptions{.max_steps = 100}>`,
/// in memory for that many carries; a loop that goes on beyond it throws ctgrad::Error. The number of turns has no
/// derivative. On the CPU.
template <LoopOptions O = LoopOptions{}, class Condition, class F, class Carry, class... Constants>
constexpr auto while_loop(const Condition&, const F&, const Carry& carry, const Constants&... constants) {
  detail::check_loop_function<F>();
  detail::check_loop_function<Condition>();
  constexpr bool one_type = detail::loop_takes<Carry, Constants...>;
  static_assert(
      one_type,
      "ctgrad: a loop needs carry and constants of one element type, float or double, and at least one symbol "
      "among them; convert with cast<double>(x)");
  if constexpr (one_type) {
    using T = typename detail::SymbolElement<detail::leaf_types<Carry, Constants...>>::type;
    GraphBuilder& builder = *detail::builder_of_leaves(std::tie(carry, constants...));
    const auto start = detail::with_symbols<T>(builder, carry);
    return [&]<class... Theta>(const Theta&... theta) {
      using Start = std::remove_cvref_t<decltype(start)>;
      using Body = detail::LoopBody<detail::CarryBody<F>, Start, Symbol<T, Shape<>>, Theta...>;
      using Holds = detail::LoopCondition<Condition, Start, Theta...>;
      if constexpr (Body::keeps_carry) {
        const auto flat = detail::flatten(start);
        const auto flat_theta = detail::flatten_constants(flat, theta...);
        if constexpr (O.max_steps > 0) {
          const auto rows =
              user_kernel<detail::BoundedWhile<Holds, Body, Body, O.max_steps, O.max_order>>(flat, flat_theta);
          const auto last = slice<1, 0, Body::carry>(slice<0, O.max_steps - 1, O.max_steps>(rows));
          return std::get<0>(detail::unflatten<Start>(reshape(last, shape<Body::carry>)));
        } else {
          return std::get<0>(detail::unflatten<Start>(
              user_kernel<detail::UnboundedWhile<Holds, Body, Body, O.max_order>>(flat, flat_theta)));
        }
      }
    }(detail::with_symbols<T>(builder, constants)...);
  }
}

namespace detail {

template <class F>
struct CountedBody {
  template <class Carry, class Upper, class... Theta>
  constexpr auto operator()(const Carry& carry, const Upper&, const Theta&... theta) const {
    return std::pair{carry.first + 1, F{}(carry.first, carry.second, theta...)};
  }
};
struct BelowUpper {
  template <class Carry, class Upper, class... Theta>
  constexpr auto operator()(const Carry& carry, const Upper& upper, const Theta&...) const {
    return carry.first < upper;
  }
};

}  // namespace detail

/// Repeats `carry = body(i, carry, constants...)` for i = lower, lower + 1, ... below `upper`, which are known when the
/// program runs: numbers or scalar symbols of the carry's element type. Reverse mode needs `LoopOptions::max_steps`, as
/// for `while_loop`.
template <LoopOptions O = LoopOptions{}, class Lower, class Upper, class F, class Carry, class... Constants>
requires(!detail::is_structure<F>) constexpr auto for_loop(const Lower& lower, const Upper& upper, const F&,
                                                           const Carry& carry, const Constants&... constants) {
  return while_loop<O>(detail::BelowUpper{}, detail::CountedBody<F>{}, std::pair{lower, carry}, upper, constants...)
      .second;
}

}  // namespace ctgrad
