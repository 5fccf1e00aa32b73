// SPDX-License-Identifier: BSL-1.0
/// \file
/// Checks the values a compiled function computes against the plain evaluation of its graph.
#pragma once

#include <boost/test/unit_test.hpp>
#include <random>
#include <string>

#include "../devices.hpp"
#include "../passes/interpreter.hpp"

namespace ctgrad_test {

using namespace ctgrad;

/// What the elements of the inputs are like.
enum class Fill {
  ordinary,  ///< between -3 and 3; integers between -7 and 7
  special,   ///< zeros of both signs, infinities, NaN, the smallest and the largest numbers among ordinary ones
  index,     ///< integers are 0, 1 or 2
};

inline double next_number(DType dtype, Fill fill, std::mt19937& random) {
  auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  if (dtype == DType::boolean) return pick(0, 1);
  if (!is_floating(dtype)) return fill == Fill::index ? pick(0, 2) : pick(-7, 7);
  const double ordinary = rounded(dtype, std::uniform_real_distribution<double>(-3, 3)(random));
  if (fill != Fill::special) return ordinary;
  const double infinity = std::numeric_limits<double>::infinity();
  const bool single = dtype == DType::float32;
  const double hard[] = {0.0,
                         -0.0,
                         infinity,
                         -infinity,
                         std::numeric_limits<double>::quiet_NaN(),
                         1.0,
                         -1.0,
                         single ? 1e30 : 1e300,
                         single ? -1e-35 : -1e-300,
                         ordinary,
                         ordinary,
                         ordinary};
  return rounded(dtype, hard[pick(0, 11)]);
}

/// The relative error allowed in one element.
inline double tolerance_of(DType dtype) { return dtype == DType::float32 ? 3e-6 : dtype == DType::float64 ? 1e-13 : 0; }

template <class View>
void compare(const View& found, const Numbers& wanted, int result, const std::string& where) {
  constexpr DType dtype = dtype_of<typename View::element_type>;
  BOOST_REQUIRE(found.size() == static_cast<std::int64_t>(wanted.size()));
  double scale = 0;
  for (const double w : wanted)
    if (std::isfinite(w)) scale = std::max(scale, std::min(std::abs(w), 100.0));
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    const double x = rounded(dtype, static_cast<double>(found.data()[k]));
    const double w = rounded(dtype, wanted[k]);
    const bool same =
        std::isnan(w) ? std::isnan(x) : x == w || std::abs(x - w) <= tolerance_of(dtype) * (std::abs(w) + scale);
    BOOST_TEST(same, where << "result " << result << " element " << k << " is " << x << " and should be " << w);
  }
}

template <class R>
void compare_all(const R& results, const std::vector<Numbers>& values, const GraphView& graph, int& next,
                 const std::string& where) {
  if constexpr (ctgrad::detail::is_tuple_like<R>) {
    std::apply([&](const auto&... part) { (compare_all(part, values, graph, next, where), ...); }, results);
  } else {
    compare(on_host(results), values[static_cast<std::size_t>(graph.outputs[next].node)], next, where);
    ++next;
  }
}

template <class S>
auto tensor_of(const Numbers& numbers, const Dimensions& dimensions) {
  using T = typename S::element_type;
  Tensor<T, typename S::shape_type> tensor(ctgrad::detail::evaluate_extents<typename S::shape_type>(dimensions));
  for (std::size_t k = 0; k < numbers.size(); ++k) tensor.data()[k] = static_cast<T>(numbers[k]);
  return tensor;
}

template <class Program, class... Specs, std::size_t... I>
void run_and_compare(Program& program, const GraphView& graph, const Dimensions& dimensions, Fill fill,
                     const std::string& where, std::tuple<Specs...>, std::index_sequence<I...>) {
  std::mt19937 random(static_cast<unsigned>(1 + dimensions.length[2] + 7 * static_cast<int>(fill)));
  Leaves leaves;
  for (std::size_t i = 0; i < sizeof...(Specs); ++i) {
    const int node = static_cast<int>(i);
    Numbers numbers(static_cast<std::size_t>(product(extents_of(graph.shape(node), dimensions))));
    for (double& x : numbers) x = next_number(graph[node].dtype, fill, random);
    leaves.inputs.push_back(std::move(numbers));
  }
  const std::vector<Numbers> values = evaluate(graph, leaves, dimensions);
  const auto arguments = std::tuple{tensor_of<Specs>(leaves.inputs[I], dimensions)...};
  int next = 0;
  compare_all(program(std::get<I>(arguments)...), values, graph, next, where);
  BOOST_TEST(next == graph.output_count);
}

/// Compiles `f` for the specs, runs it for several lengths of `batch` and compares every element of every result
/// with the evaluation of the traced graph, one node after the other, in double. A function without `batch` is run
/// once.
template <class... Specs, class F>
void check_values(const F& f, Fill fill = Fill::ordinary,
                  std::initializer_list<std::int64_t> lengths = {0, 1, 5, 17, 33, 130}) {
  const GraphBuilder graph = trace<Specs...>(f);
  const bool named = !(Specs::shape_type::value.is_static() && ...);
  for_each_device_of<F, Specs...>([&](auto tag) {
    using Device = typename decltype(tag)::type;
    auto program = compile<Device>(f, Specs{}...);
    for (const std::int64_t length : lengths) {
      Dimensions dimensions;
      dimensions[batch] = length;
      const std::string where =
          std::string(Device::name) + ", " + (named ? "length " + std::to_string(length) + ", " : "");
      run_and_compare(program, graph.view(), dimensions, fill, where, std::tuple<Specs...>{},
                      std::index_sequence_for<Specs...>{});
      if (!named) return;
    }
  });
}

}  // namespace ctgrad_test
