// SPDX-License-Identifier: BSL-1.0
/// \file
/// Runs a callable on symbols inside constant evaluation and so records its graph.
#pragma once

#include <array>
#include <tuple>
#include <utility>

#include "ctgrad/graph/number_like.hpp"
#include "ctgrad/graph/user.hpp"

namespace ctgrad {

/// The element type and shape of one argument of a traced function.
template <Element T, class S>
struct Spec {
  using element_type = T;
  using shape_type = S;
};

/// `spec<float, batch, 784>`: the type of one argument.
template <Element T, Extent... Extents>
inline constexpr Spec<T, Shape<Extents...>> spec{};

namespace detail {

template <class S>
using symbol_of = Symbol<typename S::element_type, typename S::shape_type>;

template <class T>
inline constexpr bool is_tuple_like = false;
template <class... Ts>
inline constexpr bool is_tuple_like<std::tuple<Ts...>> = true;
template <class A, class B>
inline constexpr bool is_tuple_like<std::pair<A, B>> = true;
template <class T, std::size_t N>
inline constexpr bool is_tuple_like<std::array<T, N>> = true;

template <class T>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;
template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;

/// Calls `visit` with each symbol of a result: a symbol, or a tuple, pair or array of results.
template <class R, class Visit>
constexpr void for_each_symbol(const R& result, Visit&& visit) {
  if constexpr (is_symbol<R>) {
    visit(result);
  } else {
    static_assert(is_tuple_like<R>,
                  "ctgrad: a compiled function must return a symbol, or a std::tuple, std::pair or std::array of them");
    std::apply([&](const auto&... part) { (for_each_symbol(part, visit), ...); }, result);
  }
}

template <class S>
constexpr symbol_of<S> record_input(GraphBuilder& builder, int position) {
  const Value v = record<ops::Input>(builder, dtype_of<typename S::element_type>, S::shape_type::value, position);
  return {&builder, v.id};
}

template <class F, class... S, std::size_t... I>
constexpr GraphBuilder trace_call(const F& f, std::index_sequence<I...>) {
  GraphBuilder builder;
  // The braces fix the order: inputs are the first nodes.
  const std::tuple<symbol_of<S>...> inputs{record_input<S>(builder, static_cast<int>(I))...};
  const auto result = f(std::get<I>(inputs)...);
  int index = 0;
  for_each_symbol(result, [&](const auto& symbol) {
    builder.outputs.push_back({symbol.id, OutputKind::result, index++});
  });
  return builder;
}

}  // namespace detail

/// The graph of `f` for arguments of the given specs. `f` is a callable whose call operator is constexpr
/// (a lambda is by itself); ordinary loops and ifs in it run while the graph is recorded.
template <class... Specs, class F>
constexpr GraphBuilder trace(const F& f) {
  return detail::trace_call<F, Specs...>(f, std::index_sequence_for<Specs...>{});
}

}  // namespace ctgrad
