// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loops whose number of turns is known when they run.
///
/// The loop is a step of the program that keeps its last carry alone. Forward mode is the loop over the body with its
/// tangent. Reverse mode takes the turns once more, keeps what each started from, and goes back over those. The
/// derivative of that is again made of the two, on the body with its tangent, and so on for every order.
#pragma once

#include <algorithm>

#include "ctgrad/autodiff/loop_body.hpp"
#include "ctgrad/ops/cast.hpp"

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

[[noreturn]] inline void throw_turns(std::int64_t turns) {
  throw_error("ctgrad: a while_loop went on after the " + std::to_string(turns) +
              " turns that its max_steps allows; allow more: while_loop<LoopOptions{.max_steps = " +
              std::to_string(2 * turns) + "}>(condition, body, carry)");
}

/// What both kernels of a loop do: take turns as long as the condition holds for what it looks at, the carry of Values,
/// which comes first, before tangents.
template <class Condition, class Body, class Values, int MaxSteps>
struct WhileTurns {
  static constexpr Extent n = elements_of_structure<typename Body::Carry>;

  template <class T>
  static constexpr bool goes_on(const T* carry, const T* theta, std::int64_t turn) {
    bool result = false;
    call_into(result, Condition{}, views_at<typename Values::Carry>(carry),
              views_at<typename Values::Constants>(theta));
    if (result && MaxSteps > 0 && turn == MaxSteps) throw_turns(MaxSteps);
    return result;
  }
  template <class T>
  static constexpr void take(T* next, const T* carry, const T* theta) {
    const T nothing = 0;
    run_body<Body>(next, carry, &nothing, theta);
  }

  /// Calls run(memory) with memory that holds numbers: in a program that of this thread, which is kept.
  template <class T, class Run>
  static constexpr void with_memory(const Run& run) {
    if (__builtin_is_constant_evaluated()) {
      Vector<T> memory;
      run(memory);
    } else {
      run(kept<T>());
    }
  }
  template <class T>
  static Vector<T>& kept() {
    thread_local Vector<T> memory;
    return memory;
  }
};

template <class Condition, class Body, class Values, int MaxSteps, int MaxOrder>
struct WhilePullBack;

/// The last carry [n], from the first [n] and the constants [p].
template <class Condition, class Body, class Values, int MaxSteps, int MaxOrder>
struct While {
  static constexpr std::string_view name = "while_loop";
  static constexpr bool runs_in_constants = true;
  static constexpr int max_order = MaxOrder;
  static constexpr bool differentiable = Body::order < MaxOrder;
  using Turns = WhileTurns<Condition, Body, Values, MaxSteps>;
  using Tangent = While<Condition, TangentBody<Body>, Values, MaxSteps, MaxOrder>;
  static constexpr Extent n = Turns::n;
  static constexpr Extent p = operand_length<typename Body::Constants>;

  static constexpr ShapeValue shape(const ShapeValue& start, const ShapeValue&) { return start; }

  template <class T>
  static constexpr void cpu(T* last, const T* start, const T* theta, const KernelShape*) {
    std::copy_n(start, n, last);
    Turns::template with_memory<T>([&](Vector<T>& memory) {
      memory.reserve(static_cast<int>(n));
      for (std::int64_t turn = 0; Turns::goes_on(last, theta, turn); ++turn) {
        Turns::take(memory.at, last, theta);
        std::copy_n(memory.at, n, last);
      }
    });
  }

  static constexpr auto derivative(auto t, auto start, auto theta, auto) requires differentiable {
    const auto both = user_kernel<WhilePullBack<Condition, Body, Values, MaxSteps, MaxOrder>>(t, start, theta);
    return partials(slice<0, 0, n>(both), slice<0, n, n + p>(both));
  }
  static constexpr auto tangent(auto dstart, auto dtheta, auto start, auto theta, auto) requires differentiable {
    return slice<0, n, 2 * n>(user_kernel<Tangent>(concat(axis<0>, start, dstart),
                                                   paired_operand<typename Body::Constants, 0>(theta, dtheta)));
  }
};

/// The derivatives by the first carry [n] and the constants [p], one after the other, from the adjoint of the last
/// carry, the first carry and the constants.
template <class Condition, class Body, class Values, int MaxSteps, int MaxOrder>
struct WhilePullBack {
  static constexpr std::string_view name = "while_loop_pull_back";
  static constexpr bool runs_in_constants = true;
  static constexpr int max_order = MaxOrder;
  static constexpr bool differentiable = Body::order + 2 <= MaxOrder;
  using Turns = WhileTurns<Condition, Body, Values, MaxSteps>;
  using Carry = typename Body::Carry;
  using Item = typename Body::Item;
  using Constants = typename Body::Constants;
  using Tangent = While<Condition, TangentBody<Body>, Values, MaxSteps, MaxOrder>;
  using OfTangent = WhilePullBack<Condition, TangentBody<Body>, Values, MaxSteps, MaxOrder>;
  static constexpr Extent n = Turns::n;
  static constexpr Extent p = operand_length<Constants>;

  static constexpr ShapeValue shape(const ShapeValue&, const ShapeValue&, const ShapeValue&) {
    return Shape<n + p>::value;
  }

  template <class T>
  static constexpr void cpu(T* out, const T* t, const T* start, const T* theta, const KernelShape*) {
    // The next carry, the shares of a turn, zeros, and then the carries: the memory moves when it grows.
    constexpr Extent shares = n, zeros = shares + n + p, first = zeros + n;
    Turns::template with_memory<T>([&](Vector<T>& memory) {
      memory.clear();
      for (Extent k = 0; k < first; ++k) memory.push_back(T(0));
      for (Extent k = 0; k < n; ++k) memory.push_back(start[k]);
      std::int64_t turns = 0;
      for (; Turns::goes_on(&memory.at[first + turns * n], theta, turns); ++turns) {
        Turns::take(memory.at, &memory.at[first + turns * n], theta);
        for (Extent k = 0; k < n; ++k) memory.push_back(T(memory.at[k]));
      }
      std::copy_n(t, n, out);
      std::fill_n(out + n, p, T(0));
      const T* const last = out;
      // A turn puts out nothing but the carry, whose adjoint is `last`.
      const T* const zero = &memory.at[zeros];
      T* const share = &memory.at[shares];
      for (std::int64_t turn = turns - 1; turn >= 0; --turn) {
        const T* const before = &memory.at[first + turn * n];
        std::tuple results{views_at<Carry>(share), views_at<Constants>(share + n), views_at<Item>(share)};
        run_compiled<PullBackTurn<Body>>(results, views_at<Carry>(last), views_at<Constants>(last + n),
                                         views_at<Carry>(before), views_at<Item>(zero),
                                         views_at<typename Body::Row>(zero), views_at<Constants>(theta));
        std::copy_n(share, n + elements_of_structure<Constants>, out);
      }
    });
  }

  /// <u, A(v)> is <v, dy> for the tangent dy of the last carry along u. So its derivative by v is dy, and its
  /// derivatives by the rest are those of the loop with its tangent.
  static constexpr auto derivative(auto u, auto v, auto start, auto theta, auto) requires differentiable {
    const auto z = concat(axis<0>, start, slice<0, 0, n>(u));
    const auto both = paired_operand<Constants, 0>(theta, slice<0, n, n + p>(u));
    const auto shares = user_kernel<OfTangent>(concat(axis<0>, zeros_like(v), v), z, both);
    return partials(slice<0, n, 2 * n>(user_kernel<Tangent>(z, both)), slice<0, 0, n>(shares),
                    slice<0, 2 * n, 2 * n + p>(shares));
  }
  /// The derivative of A(v) along dv and (dstart, dtheta) is the same pull-back through the loop with its tangent along
  /// (dstart, dtheta), second derivatives being symmetric.
  static constexpr auto tangent(auto dv, auto dstart, auto dtheta, auto v, auto start, auto theta,
                                auto) requires differentiable {
    const auto both = user_kernel<OfTangent>(concat(axis<0>, dv, v), concat(axis<0>, start, dstart),
                                             paired_operand<Constants, 0>(theta, dtheta));
    return concat(axis<0>, slice<0, 0, n>(both), slice<0, 2 * n, 2 * n + p>(both));
  }
};

}  // namespace detail

/// Repeats `carry = body(carry, constants...)` as long as `condition(carry, constants...)` holds, and returns the last
/// carry (JAX's while_loop). The condition returns one boolean symbol. Carry and constants are symbols or structures of
/// them, of one floating type; plain numbers become symbols; the functions capture nothing.
///
/// Differentiable by carry and constants, once unless `LoopOptions::max_order` says more; the number of turns has no
/// derivative. Reverse mode takes the turns a second time and goes back over them, in memory of the calling thread that
/// it keeps. `while_loop<LoopOptions{.max_steps = 100}>` throws ctgrad::Error where a loop goes on after that many
/// turns. In a program on a GPU the host runs it.
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
      constexpr bool sizes_known = detail::turns_are_static<Start, Theta...>;
      static_assert(sizes_known,
                    "ctgrad: carry and constants of a loop have lengths known at compile time; a loop for each of "
                    "`batch` many starts is vmap(f, mapped<0>)(starts)");
      if constexpr (sizes_known) {
        using Body = detail::LoopBody<detail::CarryBody<F>, Start, std::tuple<>, std::tuple<Theta...>>;
        using Holds = detail::LoopCondition<Condition, Start, std::tuple<Theta...>>;
        if constexpr (Body::keeps_carry) {
          const auto flat = detail::flatten(start);
          return detail::structure_in<Start>(user_kernel<detail::While<Holds, Body, Body, O.max_steps, O.max_order>>(
              flat, detail::flat_operand(flat, std::tuple{theta...})));
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

/// A bound of a loop as a number of the carry's element type.
template <class T, class X>
constexpr auto loop_bound(const X& x) {
  if constexpr (std::is_floating_point_v<T> && is_symbol<X>) {
    if constexpr (std::is_same_v<X, Symbol<std::int32_t, Shape<>>> ||
                  std::is_same_v<X, Symbol<std::int64_t, Shape<>>>) {
      return cast<T>(x);
    } else {
      return x;
    }
  } else {
    return x;
  }
}

}  // namespace detail

/// Repeats `carry = body(i, carry, constants...)` for i = lower, lower + 1, ... below `upper`, which are known when the
/// program runs: numbers, or scalar symbols of integers or of the carry's element type. The index is a number of the
/// carry's element type. Everything else is as for `while_loop`.
template <LoopOptions O = LoopOptions{}, class Lower, class Upper, class F, class Carry, class... Constants>
requires(!detail::is_structure<F>) constexpr auto for_loop(const Lower& lower, const Upper& upper, const F&,
                                                           const Carry& carry, const Constants&... constants) {
  using T = typename detail::SymbolElement<detail::leaf_types<Carry, Constants...>>::type;
  return while_loop<O>(detail::BelowUpper{}, detail::CountedBody<F>{}, std::pair{detail::loop_bound<T>(lower), carry},
                       detail::loop_bound<T>(upper), constants...)
      .second;
}

/// The function first, as for_loop<100>(body, carry) has it, without the number of turns: an error.
template <LoopOptions O = LoopOptions{}, class F, class... Rest>
requires(!detail::is_structure<F> && sizeof...(Rest) > 0) constexpr void for_loop(const F&, const Rest&...) {
  static_assert(detail::is_structure<F>,
                "ctgrad: for_loop takes its bounds first: for_loop(lower, upper, body, carry, values...), or in angle "
                "brackets a number of turns that is known at compile time: for_loop<100>(body, carry, values...)");
}

}  // namespace ctgrad
