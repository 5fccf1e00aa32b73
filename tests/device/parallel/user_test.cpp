// SPDX-License-Identifier: BSL-1.0
/// \file
/// Operations from a user's header in programs for many threads, against the CPU.
#include <string_view>

#include "compare.hpp"

BOOST_AUTO_TEST_SUITE(parallel_user)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

struct Snake {
  static constexpr std::string_view name = "snake";
  template <class T>
  CTGRAD_FUNCTION static T value(T x) {
    const T s = math::sin(x);
    return x + s * s;
  }
  static constexpr auto derivative(auto t, auto x, auto) { return partials(t * (1 + sin(2 * x))); }
};

struct NormRule {
  static constexpr std::string_view name = "norm";
  static constexpr auto derivative(auto t, auto x, auto y) { return partials(t * x / where(y > 0, y, 1)); }
};

/// Every row from the back to the front.
struct Reversed {
  static constexpr std::string_view name = "reversed";
  static constexpr ShapeValue shape(const ShapeValue& x) { return x; }
  template <class T>
  static void cpu(T* result, const T* x, const KernelShape* shapes) {
    const std::int64_t length = shapes[1][1];
    for (std::int64_t i = 0; i < shapes[1].size(); ++i) result[i] = x[i - i % length + length - 1 - i % length];
  }
  static constexpr auto derivative(auto t, auto, auto) { return partials(user_kernel<Reversed>(t)); }
};

struct AllKinds {
  constexpr auto operator()(auto x, auto w) const {
    const auto f = [](auto a, auto b) {
      const auto s = elementwise<Snake>(a * b);
      const auto norm = custom_derivative<NormRule>(sqrt(sum(square(s))), s);
      return sum(user_kernel<Reversed>(s) * a) + norm;
    };
    return std::tuple{elementwise<Snake>(x * w), user_kernel<Reversed>(x + w), value_and_grad(f, wrt<0, 1>)(x, w)};
  }
};

template <class Device>
void check_all_kinds() {
  auto programs = on_both<Device>(AllKinds{}, spec<float, batch, 7>, spec<float, 7>);
  const auto w = Tensor<float, Shape<7>>::uniform(2, -1, 1);
  for (const std::int64_t length : {0, 1, 3, 1000, 2}) {
    Tensor<float, Shape<batch, 7>> x(Extents<2>{length, 7});
    RandomStream(static_cast<std::uint64_t>(length)).fill_uniform(x.span(), 0, -2, 2);
    programs.compare(1e-5, x, w);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_three_kinds_on_thrust_host) { check_all_kinds<ThrustHost>(); }
BOOST_AUTO_TEST_CASE(the_three_kinds_on_an_emulated_gpu) { check_all_kinds<EmulatedGpu>(); }

BOOST_AUTO_TEST_SUITE_END()
