// SPDX-License-Identifier: BSL-1.0
/// \file
/// Checks the values a compiled function computes against the plain evaluation of its graph.
#pragma once

#include <boost/test/unit_test.hpp>
#include <functional>
#include <initializer_list>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

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

/// Runs a program on so many inputs and gives the elements of its results.
using RunOnNumbers = std::function<std::vector<Numbers>(const std::vector<Numbers>&, const Dimensions&)>;

/// Compares what `run` gives with the evaluation of the graph, for several lengths of `batch` if it has that.
void check_program(const GraphView& graph, const char* device, Fill fill, const std::vector<std::int64_t>& lengths,
                   const RunOnNumbers& run);

template <class R>
void add_numbers(const R& results, std::vector<Numbers>& numbers) {
  if constexpr (ctgrad::detail::is_tuple_like<R>) {
    std::apply([&](const auto&... part) { (add_numbers(part, numbers), ...); }, results);
  } else {
    numbers.push_back(numbers_of(on_host(results)));
  }
}

template <class... Specs, class Program, std::size_t... I>
std::vector<Numbers> run_on_numbers(Program& program, const std::vector<Numbers>& inputs, const Dimensions& dimensions,
                                    std::index_sequence<I...>) {
  BOOST_REQUIRE(inputs.size() == sizeof...(Specs));
  const auto arguments = std::tuple{tensor_of<Specs>(inputs[I], dimensions)...};
  std::vector<Numbers> results;
  add_numbers(program(std::get<I>(arguments)...), results);
  return results;
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
    check_program(graph.view(), Device::name, fill, named ? std::vector(lengths) : std::vector<std::int64_t>{},
                  [&](const std::vector<Numbers>& inputs, const Dimensions& dimensions) {
                    return run_on_numbers<Specs...>(program, inputs, dimensions, std::index_sequence_for<Specs...>{});
                  });
  });
}

}  // namespace ctgrad_test
