// SPDX-License-Identifier: BSL-1.0
/// \file
/// Parts of structures by the names of their members.
#pragma once

#include <string_view>

#include "ctgrad/autodiff/structure.hpp"

namespace ctgrad {

/// A name as a template argument.
template <std::size_t N>
struct Name {
  char text[N]{};
  consteval Name(const char (&name)[N]) {  // NOLINT: meant to convert
    for (std::size_t i = 0; i < N; ++i) text[i] = name[i];
  }
  constexpr std::string_view view() const { return {text, N - 1}; }
};

namespace detail {

/// The first step of a path such as `rod.length` or `joint[2].angle`, and how many characters it takes with what ends
/// it.
struct PathStep {
  std::string_view member;
  std::size_t index = 0;
  std::size_t length = 0;
};
constexpr PathStep first_step(std::string_view path) {
  PathStep step;
  if (!path.empty() && path[0] == '[') {
    std::size_t i = 1;
    for (; i < path.size() && path[i] >= '0' && path[i] <= '9'; ++i)
      step.index = 10 * step.index + static_cast<std::size_t>(path[i] - '0');
    if (i == 1 || i == path.size() || path[i] != ']') return {};
    step.length = i + 1;
  } else {
    const std::size_t end = std::min(path.find_first_of(".["), path.size());
    step.member = path.substr(0, end);
    step.length = end;
  }
  if (step.length < path.size() && path[step.length] == '.') ++step.length;
  return step;
}

/// The number of the member of X that is called so; -1 where there is none.
template <class X>
constexpr int member_called(std::string_view name) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    int found = -1;
    ((member_name<X, I> == name ? found = static_cast<int>(I) : 0), ...);
    return found;
  }
  (std::make_index_sequence<member_count<X>>{});
}

/// True where the structure X has a part at the path.
template <class X>
constexpr bool has_part(std::string_view path) {
  if (path.empty()) return true;
  const PathStep step = first_step(path);
  if (step.length == 0) return false;
  const std::string_view rest = path.substr(step.length);
  if constexpr (Leaf<X>) {
    return false;
  } else if constexpr (is_tuple_like<X>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return step.member.empty() && ((step.index == I && has_part<std::tuple_element_t<I, X>>(rest)) || ...);
    }
    (std::make_index_sequence<std::tuple_size_v<X>>{});
  } else {
    using Members = decltype(tie_members(std::declval<X&>()));
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (
          (member_name<X, I> == step.member && has_part<std::remove_cvref_t<std::tuple_element_t<I, Members>>>(rest)) ||
          ...);
    }
    (std::make_index_sequence<member_count<X>>{});
  }
}

/// The part of a structure at the path that begins at character `From` of the name; there must be one.
template <auto N, std::size_t From = 0, class X>
constexpr auto& part_at(X& x) {
  if constexpr (From >= N.view().size()) {
    return x;
  } else {
    constexpr PathStep step = first_step(N.view().substr(From));
    if constexpr (is_tuple_like<std::remove_const_t<X>>) {
      return part_at<N, From + step.length>(std::get<step.index>(x));
    } else {
      constexpr int member = member_called<std::remove_const_t<X>>(step.member);
      auto members = tie_members(x);
      return part_at<N, From + step.length>(std::get<static_cast<std::size_t>(member)>(members));
    }
  }
}

/// The argument among X... that has the part; -1 where none has, -2 where several have.
template <class... X>
constexpr int argument_with(std::string_view path) {
  int found = -1;
  int position = 0;
  auto look = [&](bool has) {
    if (has) found = found == -1 ? position : -2;
    ++position;
  };
  (look(has_part<X>(path)), ...);
  return found;
}

}  // namespace detail

}  // namespace ctgrad
