// SPDX-License-Identifier: BSL-1.0
/// \file
/// Reverse mode in two calls: the way there, which keeps what is dear, and the way back.
#pragma once

#include "ctgrad/autodiff/vjp.hpp"
#include "ctgrad/passes/residuals.hpp"

namespace ctgrad {

namespace detail {

/// A function's result with the nodes of the adjoints of its arguments, and those that the adjoints need of the way.
template <class Call>
struct TracedAdjoint {
  Call call;
  Vector<int> adjoints;
  Vector<int> kept;
};

/// Traces `f` and its reverse mode from the cotangents `seeds(call)`.
template <class F, class W, class Seeds, class... X>
constexpr auto trace_adjoint(const F& f, W, const Seeds& seeds, const std::tuple<X...>& x) {
  GraphBuilder& builder = *builder_of_leaves(x);
  const int begin = builder.nodes.size();
  const auto call = call_fresh<false>(f, W{}, x);
  const int end = builder.nodes.size();
  static_assert(all_floating<leaf_types<std::remove_cvref_t<decltype(call.value)>>>,
                "ctgrad: the function to differentiate must return floating numbers, or a structure of them");
  const Vector<int> results = leaf_ids(call.value);
  const Vector<int> cotangents = seeds(call.value);
  const Vector<int> arguments = leaf_ids(call.arguments);
  Vector<int> adjoints(arguments.size());
  reverse(builder, results.data(), cotangents.data(), results.size(), arguments.data(), arguments.size(),
          adjoints.data());
  Vector<int> kept = residuals(builder, begin, end, adjoints);
  return TracedAdjoint<std::remove_const_t<decltype(call)>>{call, adjoints, kept};
}

/// The same for any cotangents.
template <class F, class W, class... X>
constexpr auto trace_any_adjoint(const F& f, W, const std::tuple<X...>& x) {
  const auto any = [](const auto& value) {
    Vector<int> ids;
    for_each_leaf(value, [&](const auto& leaf) {
      ids.push_back(placeholder(*leaf.builder, leaf.value().dtype(), leaf.value().shape()).id);
    });
    return ids;
  };
  return trace_adjoint(f, W{}, any, x);
}

/// The symbols of what is kept, worked out on a graph of its own.
template <class F, class W, class... X>
struct KeptValues {
  struct Entry {
    DType dtype = DType::float64;
    ShapeValue shape;
  };
  static constexpr Vector<Entry> find() {
    GraphBuilder builder;
    std::tuple<X...> x{};
    int position = 0;
    for_each_leaf(x, [&](auto& leaf) {
      using L = std::remove_cvref_t<decltype(leaf)>;
      leaf = record_input<Spec<typename L::element_type, typename L::shape_type>>(builder, position++);
    });
    const auto traced = trace_any_adjoint(F{}, W{}, x);
    Vector<Entry> found;
    for (int i = 0; i < traced.kept.size(); ++i)
      found.push_back({builder.nodes.at[traced.kept[i]].dtype, builder.shape(traced.kept[i])});
    return found;
  }
  static constexpr int count = find().size();
  static constexpr auto entries = [] {
    std::array<Entry, static_cast<std::size_t>(count) + 1> result{};
    const Vector<Entry> found = find();
    for (int i = 0; i < count; ++i) result[static_cast<std::size_t>(i)] = found[i];
    return result;
  }();
  template <std::size_t I>
  struct ShapeAt {
    static constexpr ShapeValue value = entries[I].shape;
  };
  template <std::size_t... I>
  static std::tuple<Symbol<element_t<entries[I].dtype>, shape_from<ShapeAt<I>>>...> symbols(std::index_sequence<I...>);
  using type = decltype(symbols(std::make_index_sequence<static_cast<std::size_t>(count)>{}));
};

}  // namespace detail

/// The callable that `vjp_forward` returns.
template <class F, class Options>
struct VjpForward : detail::Derivative<VjpForward<F, Options>> {
  [[no_unique_address]] F function;
  static_assert(!Options::aux, "ctgrad: vjp_forward does not take has_aux; return the rest as part of the result");

  constexpr VjpForward() = default;
  constexpr explicit VjpForward(const F& f) : function(f) {}

  template <class... X>
  constexpr auto trace(const X&... x) const {
    const auto traced = detail::trace_any_adjoint(function, typename Options::wrt{}, std::tuple<X...>{x...});
    typename detail::KeptValues<F, typename Options::wrt, X...>::type kept{};
    detail::set_leaves(kept, detail::builder_of_leaves(std::tie(x...)), traced.kept.data());
    return std::pair{traced.call.value, kept};
  }
};

/// The callable that `vjp_backward` returns.
template <class F, class Options>
struct VjpBackward : detail::Derivative<VjpBackward<F, Options>> {
  [[no_unique_address]] F function;
  static_assert(!Options::aux, "ctgrad: vjp_backward does not take has_aux; return the rest as part of the result");

  constexpr VjpBackward() = default;
  constexpr explicit VjpBackward(const F& f) : function(f) {}

  template <class... A>
  constexpr auto trace(const A&... a) const {
    static_assert(
        sizeof...(A) > 2,
        "ctgrad: pass the function's arguments, then what vjp_forward kept, then one cotangent of its result");
    const std::tuple<A...> all{a...};
    return pull_back(detail::tuple_front<sizeof...(A) - 2>(all), std::get<sizeof...(A) - 2>(all),
                     std::get<sizeof...(A) - 1>(all));
  }

private:
  template <class... X, class Kept, class V>
  constexpr auto pull_back(const std::tuple<X...>& x, const Kept& kept, const V& cotangent) const {
    using Wanted = typename detail::KeptValues<F, typename Options::wrt, X...>::type;
    static_assert(std::is_same_v<detail::leaf_types<Wanted>, detail::leaf_types<Kept>>,
                  "ctgrad: vjp_backward takes what vjp_forward of the same function and options kept, after the "
                  "function's arguments");
    GraphBuilder& builder = *detail::builder_of_leaves(x);
    const int begin = builder.nodes.size();
    const auto given = [&]<class Y>(const Y&) {
      static_assert(std::is_same_v<detail::leaf_types<Y>, detail::leaf_types<V>>,
                    "ctgrad: the cotangent must have the result's element type and shape");
      return detail::leaf_ids(cotangent);
    };
    auto traced = detail::trace_adjoint(function, typename Options::wrt{}, given, x);
    detail::substitute(builder, begin, traced.kept, detail::leaf_ids(kept), traced.adjoints);
    auto result = traced.call.arguments;
    detail::set_leaves(result, &builder, traced.adjoints.data());
    return result;
  }
};

/// The first half of `vjp`: a callable `(x...)` that gives the pair of f(x...) and a tuple of what its derivative needs
/// of the way there, such as exponentials and products of matrices; what is cheap is computed again (JAX's residuals).
/// Keep them from one call to the other where a loop of C++ goes forward before it goes back. `decltype(vjp_forward(f)
/// (x...).second)` is their type. `f` captures nothing.
template <class F, class... Options>
constexpr auto vjp_forward(const F& f, Options...) {
  static_assert(std::is_default_constructible_v<F>,
                "ctgrad: the function of vjp_forward must not capture anything: pass values as arguments, "
                "vjp_forward(f)(x, values...)");
  return VjpForward<F, detail::options<Options...>>(f);
}

/// The second half: a callable `(x..., kept, v)` that gives the product of v with the Jacobian of f at x, by reverse
/// mode from what `vjp_forward` kept at x. `wrt<...>` as there.
template <class F, class... Options>
constexpr auto vjp_backward(const F& f, Options...) {
  static_assert(std::is_default_constructible_v<F>,
                "ctgrad: the function of vjp_backward must not capture anything: pass values as arguments, "
                "vjp_backward(f)(x, values..., kept, v)");
  return VjpBackward<F, detail::options<Options...>>(f);
}

}  // namespace ctgrad
