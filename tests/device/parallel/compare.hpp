// SPDX-License-Identifier: BSL-1.0
/// \file
/// Runs a function on a device and on the CPU, and compares all results.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <tuple>

#include "emulated_gpu.hpp"

namespace ctgrad_test {

/// The results of two programs: equal to the last bit where `tolerance` is 0, otherwise up to that relative error.
template <class A, class B>
void compare_results(const A& found, const B& wanted, double tolerance) {
  if constexpr (ctgrad::detail::is_tuple_like<A>) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (compare_results(std::get<I>(found), std::get<I>(wanted), tolerance), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<A>>{});
  } else {
    BOOST_REQUIRE(found.size() == wanted.size());
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < found.size(); ++i) {
      const auto x = static_cast<double>(found.data()[i]);
      const auto y = static_cast<double>(wanted.data()[i]);
      const bool same = x == y || (std::isnan(x) && std::isnan(y)) || std::abs(x - y) <= tolerance * (1 + std::abs(y));
      if (same || ++wrong > 5) continue;
      BOOST_TEST(same, "element " << i << " of " << found.size() << " is " << x << ", on the CPU " << y);
    }
    BOOST_TEST(wrong == 0);
  }
}

/// A function compiled for a device and for the CPU.
template <class Device, class F, class... Specs>
class OnBoth {
public:
  explicit OnBoth(const F& f) : found_(compile<Device>(f, Specs{}...)), wanted_(compile<Cpu>(f, Specs{}...)) {}

  template <class... X>
  void compare(double tolerance, const X&... x) {
    BOOST_TEST_CONTEXT(Device::name) { compare_results(found_(x...), wanted_(x...), tolerance); }
  }

private:
  decltype(compile<Device>(std::declval<F>(), Specs{}...)) found_;
  decltype(compile<Cpu>(std::declval<F>(), Specs{}...)) wanted_;
};
template <class Device, class... Specs, class F>
auto on_both(const F& f, Specs...) {
  return OnBoth<Device, F, Specs...>(f);
}

}  // namespace ctgrad_test
