// SPDX-License-Identifier: BSL-1.0
/// \file
/// Finds and names the parameters and buffers of a model: a plain struct of layers, parameters, buffers and settings.
#pragma once

#include <array>
#include <string>
#include <tuple>
#include <vector>

#include "ctgrad/core/members.hpp"
#include "ctgrad/core/message.hpp"
#include "ctgrad/nn/parameter.hpp"

namespace ctgrad::nn {

namespace detail {

template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;
template <class T>
inline constexpr bool is_tuple = false;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;

template <class M, class Visit>
constexpr void visit_parameters(M& module, Visit& visit);

template <class M, class Visit, std::size_t... I>
constexpr void visit_members(M& module, Visit& visit, std::index_sequence<I...>) {
  auto members = ctgrad::detail::tie_members(module);
  [[maybe_unused]] auto one = [&]<std::size_t K>(std::integral_constant<std::size_t, K>) {
    visit.enter(ctgrad::detail::member_name<std::remove_const_t<M>, K>);
    visit_parameters(std::get<K>(members), visit);
    visit.leave();
  };
  (one(std::integral_constant<std::size_t, I>{}), ...);
}

/// Calls visit(parameter) for every parameter and buffer of a module, in the order of the members; `visit.enter(name or
/// position)` and `visit.leave()` stand around each member.
template <class M, class Visit>
constexpr void visit_parameters(M& module, Visit& visit) {
  using T = std::remove_const_t<M>;
  if constexpr (std::is_same_v<T, Parameter> || std::is_same_v<T, Buffer>) {
    visit(module);
  } else if constexpr (is_array<T>) {
    for (std::size_t i = 0; i < module.size(); ++i) {
      visit.enter(i);
      visit_parameters(module[i], visit);
      visit.leave();
    }
  } else if constexpr (is_tuple<T>) {
    std::size_t position = 0;
    auto visit_parts = [&](auto&... part) {
      ((visit.enter(position++), visit_parameters(part, visit), visit.leave()), ...);
    };
    std::apply(visit_parts, module);
  } else if constexpr (requires { module.layers_of_sequence(); }) {
    visit_parameters(module.layers_of_sequence(), visit);
  } else if constexpr (ctgrad::detail::PlainStruct<T>) {
    visit_members(module, visit, std::make_index_sequence<ctgrad::detail::member_count<T>>{});
  }
}

struct Numberer {
  GraphBuilder& builder;
  int count = 0;
  constexpr void enter(std::string_view) {}
  constexpr void enter(std::size_t) {}
  constexpr void leave() {}
  template <class M>
  constexpr void operator()(M& member) {
    member.index = count++;
    ParameterInfo info;
    info.trainable = std::is_same_v<M, Parameter>;
    builder.parameters.push_back(info);
  }
};

/// Not inlined: a model has many members.
struct Namer {
  /// The names around the member that is visited, each with a dot before it.
  std::string path;
  std::vector<std::string> names;
  [[gnu::noinline]] void enter(std::string_view name) { path.append(".").append(name); }
  [[gnu::noinline]] void enter(std::size_t position) {
    path.append(".").append(ctgrad::detail::Message().number(position).c_str());
  }
  [[gnu::noinline]] void leave() { path.resize(path.rfind('.')); }
  [[gnu::noinline]] void add() { names.push_back(path.empty() ? path : path.substr(1)); }
  template <class M>
  void operator()(const M&) {
    add();
  }
};

}  // namespace detail

/// Numbers the parameters and buffers of a model and makes room for them in the graph that is being traced.
template <class M>
constexpr void attach_parameters(M& model, GraphBuilder& builder) {
  detail::Numberer numberer{builder};
  detail::visit_parameters(model, numberer);
}

/// The names of a model's parameters and buffers in the order of its members, as PyTorch names them: "hidden.weight",
/// "layers.0.bias".
template <class M>
std::vector<std::string> parameter_names() {
  const M model{};
  detail::Namer namer;
  detail::visit_parameters(model, namer);
  return namer.names;
}

}  // namespace ctgrad::nn
