// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loops whose number of turns is known when they run.
#pragma once

#include <algorithm>
#include <vector>

#include "ctgrad/autodiff/scan.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad {

namespace detail {

/// The condition, a function of a carry and a tuple of constants.
template <class F, class C, class P>
struct LoopCondition;
template <class F, class C, class... Theta>
struct LoopCondition<F, C, std::tuple<Theta...>> {
  constexpr auto operator()(const C& carry, const std::tuple<Theta...>& constants) const {
    const auto go_on = std::apply([&](const auto&... constant) { return F{}(carry, constant...); }, constants);
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
template <class Body, class Flag>
struct TakenAdjointBody {
  using Adjoint = AdjointBody<Body>;
  static constexpr int order = Adjoint::order;
  using Carry = typename Body::Carry;
  using Item = std::pair<typename Adjoint::Item, Flag>;
  using Constants = typename Body::Constants;
  using Result = std::tuple<>;
  using Row = std::pair<Carry, Result>;

  constexpr Row operator()(const Carry& adjoint, const Item& item, const Constants& constants) const {
    const auto taken = Adjoint{}(adjoint, item.first, constants).first;
    const auto passed = combine_leaves(adjoint, std::get<2>(item.first).first, [](auto a, auto b) { return a + b; });
    const auto flag = item.second != 0;
    return {combine_leaves(taken, passed, [&](auto a, auto b) { return where(flag, a, b); }), {}};
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
  static constexpr Extent n = elements_of_structure<typename Body::Carry>;

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue&) { return Shape<MaxSteps, n + 1>::value; }

  template <class T>
  static bool goes_on(const T* carry, const T* theta) {
    // What the condition looks at comes first, before tangents.
    bool result = false;
    call_into(result, Condition{}, views_at<typename Values::Carry>(carry),
              views_at<typename Values::Constants>(theta));
    return result;
  }

  template <class T>
  static void cpu(T* rows, const T* carry, const T* theta, const KernelShape*) {
    const T nothing = 0;
    std::int64_t turn = 0;
    for (; goes_on(carry, theta); ++turn) {
      if (turn == MaxSteps) throw_turns(MaxSteps);
      T* row = rows + turn * (n + 1);
      run_body<Body>(row, carry, &nothing, theta);
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
    using Flag = Symbol<typename decltype(t)::element_type, Shape<>>;
    const auto adjoints = user_kernel<Scan<TakenAdjointBody<Body, Flag>, true, MaxOrder>>(
        zeros_like(start), concat(axis<1>, before, of_carries, taken), theta);
    const auto arriving = join<0>(slice<0, 1, MaxSteps>(adjoints), zeros_like(first));
    // Turns that were not taken start from the first carry here, where the body is defined.
    const auto safe = where(taken != 0, before, first);
    const auto of_rows = where(taken != 0, of_carries + arriving, 0);
    const auto nothing = zeros_beside<Shape<MaxSteps, 1>>(t);
    const auto by_theta = pull_back_turns<Body>(safe, nothing, theta, of_rows).second;
    return partials(reshape(slice<0, 0, 1>(adjoints), ctgrad::shape<n>), by_theta);
  }

  static constexpr auto tangent(auto dstart, auto dtheta, auto start, auto theta, auto) requires differentiable {
    using Both = BoundedWhile<Condition, TangentBody<Body>, Values, MaxSteps, MaxOrder>;
    const auto both =
        user_kernel<Both>(concat(axis<0>, start, dstart), paired_operand<typename Body::Constants, 0>(theta, dtheta));
    return concat(axis<1>, slice<1, n, 2 * n>(both), zeros_beside<Shape<MaxSteps, 1>>(start));
  }
};

/// The last carry alone, without a bound. Forward mode only.
template <class Condition, class Body, class Values, int MaxOrder>
struct UnboundedWhile {
  static constexpr std::string_view name = "while_loop";
  static constexpr int max_order = MaxOrder;
  static constexpr Extent n = elements_of_structure<typename Body::Carry>;
  using Bounded = BoundedWhile<Condition, Body, Values, 1, MaxOrder>;

  static constexpr ShapeValue shape(const ShapeValue& start, const ShapeValue&) { return start; }

  template <class T>
  static void cpu(T* last, const T* start, const T* theta, const KernelShape*) {
    thread_local std::vector<T> row(static_cast<std::size_t>(n));
    const T nothing = 0;
    std::copy_n(start, n, last);
    while (Bounded::goes_on(last, theta)) {
      run_body<Body>(row.data(), last, &nothing, theta);
      std::copy_n(row.data(), n, last);
    }
  }

  static constexpr auto tangent(auto dstart, auto dtheta, auto start, auto theta,
                                auto) requires(Body::order < MaxOrder) {
    const auto both = user_kernel<UnboundedWhile<Condition, TangentBody<Body>, Values, MaxOrder>>(
        concat(axis<0>, start, dstart), paired_operand<typename Body::Constants, 0>(theta, dtheta));
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
  constexpr bool stateless = detail::are_stateless<F, Condition>;
  static_assert(stateless,
                "ctgrad: the functions of a loop must not capture anything: pass values after the carry, "
                "for_loop<100>(body, carry, values...), and take them as further arguments");
  constexpr bool one_type = detail::loop_takes<Carry, Constants...>;
  static_assert(
      one_type,
      "ctgrad: a loop needs carry and constants of one element type, float or double, and at least one symbol "
      "among them; convert with cast<double>(x)");
  if constexpr (stateless && one_type) {
    using T = typename detail::SymbolElement<detail::leaf_types<Carry, Constants...>>::type;
    GraphBuilder& builder = *detail::builder_of_leaves(std::tie(carry, constants...));
    const auto start = detail::with_symbols<T>(builder, carry);
    return [&]<class... Theta>(const Theta&... theta) {
      using Start = std::remove_cvref_t<decltype(start)>;
      using Body = detail::LoopBody<detail::CarryBody<F>, Start, std::tuple<>, std::tuple<Theta...>>;
      using Holds = detail::LoopCondition<Condition, Start, std::tuple<Theta...>>;
      if constexpr (Body::keeps_carry) {
        const auto flat = detail::flatten(start);
        const auto flat_theta = detail::flat_operand(flat, std::tuple{theta...});
        if constexpr (O.max_steps > 0) {
          const auto rows =
              user_kernel<detail::BoundedWhile<Holds, Body, Body, O.max_steps, O.max_order>>(flat, flat_theta);
          const auto last =
              slice<1, 0, detail::elements_of_structure<Start>>(slice<0, O.max_steps - 1, O.max_steps>(rows));
          return std::get<0>(detail::unflatten<Start>(reshape(last, shape<detail::elements_of_structure<Start>>)));
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
