// SPDX-License-Identifier: BSL-1.0
/// \file
/// Checks derivatives of any function against differences of its values.
#pragma once

#include <boost/test/unit_test.hpp>
#include <functional>
#include <tuple>
#include <utility>
#include <vector>

#include "../devices.hpp"
#include "../sanitized.hpp"

namespace ctgrad_test {

using namespace ctgrad;

namespace detail {

template <class S>
inline constexpr std::int64_t elements = S::value.size();

/// The operands `S...` cut out of one vector that holds them all.
template <class... S, class X, std::size_t... I>
constexpr auto unpack(const X& theta, std::index_sequence<I...>) {
  constexpr std::int64_t sizes[] = {elements<S>..., 0};
  constexpr auto first = [](std::size_t i) {
    constexpr std::int64_t copy[] = {elements<S>..., 0};
    std::int64_t at = 0;
    for (std::size_t k = 0; k < i; ++k) at += copy[k];
    return at;
  };
  return std::tuple{reshape(slice<0, first(I), first(I) + sizes[I]>(theta), S{})...};
}

/// The dot product of `y` with the first elements of `weights`.
template <class Y, class W>
constexpr auto weighted(const Y& y, const W& weights) {
  return sum(y * reshape(slice<0, 0, elements<typename Y::shape_type>>(weights), typename Y::shape_type{}));
}

/// One scalar from all results of F: each result's weighted sum times its own selector.
template <class F, class... S>
struct Loss {
  template <class T, class Selectors, class W>
  constexpr auto operator()(const T& theta, const Selectors& selectors, const W& weights) const {
    const auto results = std::apply(F{}, unpack<S...>(theta, std::index_sequence_for<S...>{}));
    return total(results, selectors, weights,
                 std::make_index_sequence<std::tuple_size_v<std::remove_const_t<decltype(results)>>>{});
  }

private:
  template <class R, class Selectors, class W, std::size_t... K>
  static constexpr auto total(const R& results, const Selectors& selectors, const W& weights,
                              std::index_sequence<K...>) {
    constexpr auto at = [](std::size_t k) { return static_cast<std::int64_t>(k); };
    return ((weighted(std::get<K>(results), weights) * reshape(slice<0, at(K), at(K) + 1>(selectors), shape<>)) + ...);
  }
};

/// Value, gradient, directional derivative by forward mode, and second derivative times a direction.
template <class F, class... S>
struct Derivatives {
  template <class T, class Selectors, class W>
  constexpr auto operator()(const T& theta, const T& direction, const Selectors& selectors, const W& weights) const {
    const auto loss = [=](const auto& t) { return Loss<F, S...>{}(t, selectors, weights); };
    const auto [value, slope] = value_and_grad(loss)(theta);
    const auto forward = jvp(loss)(theta, direction).second;
    const auto second = gradient([=](const auto& t) { return sum(gradient(loss)(t) * direction); })(theta);
    return std::tuple{value, slope, forward, second};
  }
};

}  // namespace detail

/// Where a check takes its numbers from.
struct Range {
  double low = -1;
  double high = 1;
  std::uint64_t seed = 1;
};

/// Value, gradient, directional derivative by forward mode, and second derivative times a direction, at one point.
struct DerivativesAt {
  double value;
  std::vector<double> slope;
  double forward;
  std::vector<double> second;
};

/// Elements of the weights that a check hands to the program.
inline constexpr int weight_count = 512;

/// Computes these for a point, a direction, a selector for each result, and `weight_count` weights.
using Differentiate = std::function<DerivativesAt(const std::vector<double>&, const std::vector<double>&,
                                                  const std::vector<double>&, const std::vector<double>&)>;

/// Checks the derivatives of a function of so many numbers and results against differences.
void check_derivatives(const char* device, int size, int results, const Range& range, const Differentiate& at);

/// check_gradient on one device.
template <class Device, class... S, class F>
void check_gradient_on(const F&, const Range& range) {
  constexpr int size = static_cast<int>((detail::elements<S> + ... + 0));
  using Results = decltype(F{}(std::declval<Symbol<double, S>>()...));
  constexpr int results = static_cast<int>(std::tuple_size_v<Results>);
  using D = detail::Derivatives<F, S...>;
  auto program =
      compile<Device>(D{}, spec<double, size>, spec<double, size>, spec<double, results>, spec<double, weight_count>);
  check_derivatives(
      Device::name, size, results, range,
      [&](const std::vector<double>& theta, const std::vector<double>& direction, const std::vector<double>& selectors,
          const std::vector<double>& weights) {
        const auto [value, slope, forward, second] = program(
            tensor_of<Spec<double, Shape<size>>>(theta), tensor_of<Spec<double, Shape<size>>>(direction),
            tensor_of<Spec<double, Shape<results>>>(selectors), tensor_of<Spec<double, Shape<weight_count>>>(weights));
        return DerivativesAt{value.item(), numbers_of(on_host(slope)), forward.item(), numbers_of(on_host(second))};
      });
}

/// Checks all derivatives of `f`, a callable of double symbols with the shapes `S...` that returns a std::tuple of
/// double symbols, for each result by itself, at a random point:
/// the gradient by reverse mode against five-point differences of the value, the derivative along a random
/// direction by forward mode against the gradient, and the derivative of the gradient along that direction against
/// five-point differences of the gradient. `f` must be smooth within 2e-3 of the point. With sanitizers on the CPU
/// alone: the values of the same operations are checked on every device.
template <class... S, class F>
void check_gradient(const F& f, const Range& range = {}) {
  if constexpr (sanitized) {
    check_gradient_on<Cpu, S...>(f, range);
  } else {
    // The levels of a GPU run derivatives in ways of their own where the function's values are.
    for_each_device_of<F, Spec<double, S>...>(
        [&](auto tag) { check_gradient_on<typename decltype(tag)::type, S...>(f, range); });
  }
}

}  // namespace ctgrad_test
