// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loops of which only the last carry is kept, against the same loops with all of them.
#include "ctgrad/autodiff/scan.hpp"

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_last_carry)

using namespace ctgrad;

namespace {

template <class T, class V, class M>
struct Orbit {
  T energy;
  V place;
  M directions;
};
template <class T, class V, class M>
Orbit(T, V, M) -> Orbit<T, V, M>;

constexpr auto travel = [](auto i, auto orbit, auto factor) {
  const auto place = tanh(orbit.place * factor + i);
  return Orbit{orbit.energy + sum(square(place)), place, orbit.directions * reshape(place, shape<3, 1>) + factor};
};

/// Leaves of 1, 3 and 51 numbers, none of which ends with a cache line.
template <Extent Turns, int MaxOrder>
constexpr auto journey = compiled([](auto x, auto start, auto directions) {
  const auto end = for_loop<Turns, LoopOptions{.max_order = MaxOrder}>(travel, Orbit{x * 0, start, directions}, x);
  return std::tuple{end.energy, end.place, end.directions};
});

template <class T, Extent Turns>
void same_as_with_all_carries() {
  const auto start = Tensor<T, Shape<3>>::uniform(1, -1, 1);
  const auto directions = Tensor<T, Shape<3, 17>>::uniform(2, -1, 1);
  const auto [energy, place, end] = journey<Turns, 0>(T(0.7), start, directions);
  const auto [all_energy, all_place, all_end] = journey<Turns, 1>(T(0.7), start, directions);
  BOOST_TEST(energy == all_energy);
  BOOST_TEST(place.span() == all_place.span(), boost::test_tools::per_element());
  BOOST_TEST(end.span() == all_end.span(), boost::test_tools::per_element());
}

// In constants, odd and even numbers of turns.
constexpr auto fibonacci = []<Extent Turns>(Shape<Turns>) {
  return compiled([](auto x) {
    return for_loop<Turns, LoopOptions{.max_order = 0}>(
               [](auto, auto c) {
                 return std::pair{c.second, c.first + c.second};
               },
               std::pair{x, x})
        .first;
  })(1.0);
};
// A larger carry: every element of both copies has a value.
static_assert(compiled([](auto x) {
                return sum(for_loop<5, LoopOptions{.max_order = 0}>([](auto, auto c) { return c + c; },
                                                                    broadcast_to(x, shape<17>)));
              })(1.0) == 17 * 32);
static_assert(fibonacci(Shape<1>{}) == 1 && fibonacci(Shape<2>{}) == 2 && fibonacci(Shape<7>{}) == 21);

}  // namespace

BOOST_AUTO_TEST_CASE(known_numbers_of_turns) {
  same_as_with_all_carries<double, 1>();
  same_as_with_all_carries<double, 4>();
  same_as_with_all_carries<float, 5>();
}

template <std::int64_t N>
void numbers_of_turns_known_at_run_time() {
  const auto decay = compiled([](auto steps, auto x) {
    const auto body = [](auto carry, auto item) { return std::pair{carry * item + 1, std::tuple<>{}}; };
    return scan<LoopOptions{.max_order = 0}>(body, x, steps).first;
  });
  const auto x = Tensor<double, Shape<N>>::uniform(3, -1, 1);
  for (const std::int64_t turns : {3, 0, 1, 8, 2}) {
    Tensor<double, Shape<time_steps>> steps({turns});
    RandomStream(4).fill_uniform(steps.span(), 0, -1, 1);
    Tensor<double, Shape<N>> expected = x;
    for (const double step : steps.span())
      for (double& element : expected.span()) element = element * step + 1;
    const auto found = decay(steps, x);
    for (std::int64_t i = 0; i < N; ++i) BOOST_TEST(found(i) == expected(i), boost::test_tools::tolerance(1e-14));
  }
}

BOOST_AUTO_TEST_CASE(a_number_of_turns_known_at_run_time) {
  numbers_of_turns_known_at_run_time<5>();
  numbers_of_turns_known_at_run_time<37>();
}

BOOST_AUTO_TEST_CASE(one_loop_in_another) {
  const auto f = compiled([](auto x) {
    const auto outer = [](auto, auto c) {
      return for_loop<8, LoopOptions{.max_order = 0}>([](auto i, auto d) { return d * 0.5 + i; }, c * c);
    };
    return for_loop<3, LoopOptions{.max_order = 0}>(outer, x);
  });
  const auto x = Tensor<double, Shape<20>>::uniform(6, -1, 1);
  Tensor<double, Shape<20>> expected = x;
  for (double& c : expected.span())
    for (int turn = 0; turn < 3; ++turn) {
      c *= c;
      for (int i = 0; i < 8; ++i) c = c * 0.5 + i;
    }
  const auto found = f(x);
  for (std::int64_t i = 0; i < 20; ++i) BOOST_TEST(found(i) == expected(i), boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(what_is_not_differentiated_may_be_beside_what_is) {
  const auto f = [](auto x, auto y) {
    const auto factor = for_loop<4, LoopOptions{.max_order = 0}>([](auto, auto c) { return c * c + 1; }, y * 0.25);
    return factor * x * x;
  };
  const double factor = compiled(f)(1.0, 2.0);
  BOOST_TEST(gradient(f)(3.0, 2.0) == 6 * factor, boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(many_points) {
  const auto f = [](auto x) {
    return for_loop<3, LoopOptions{.max_order = 0}>([](auto i, auto c) { return c * c + i; }, x);
  };
  const auto x = Tensor<double, Shape<9>>::uniform(5, -1, 1);
  const auto found = vmap(f, mapped<0>)(x);
  for (std::int64_t i = 0; i < 9; ++i) BOOST_TEST(found(i) == compiled(f)(x(i)));
}

BOOST_AUTO_TEST_SUITE_END()
