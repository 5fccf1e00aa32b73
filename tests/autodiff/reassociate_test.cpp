// SPDX-License-Identifier: BSL-1.0
/// \file
/// Sums and chains in another order: what the graph becomes, and that values and derivatives stay the same.
#include "ctgrad/autodiff/reassociate.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "functions.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_reassociate)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

using Number = Spec<double, Shape<>>;
template <std::int64_t... E>
using Array = Spec<double, Shape<E...>>;

/// The simplified graph of a function.
template <class F, class... Specs>
constexpr GraphView graph_of(const F&) {
  return Pipeline<FunctionSource<F, Specs...>>::simplified();
}
/// The number of nodes of that graph with more elements than one.
template <class F, class... Specs>
constexpr int wide_nodes(const F& f) {
  const GraphView graph = graph_of<F, Specs...>(f);
  int found = 0;
  for (int i = 0; i < graph.size; ++i) found += graph.shape(i).size() != 1 && !graph[i].is<ops::Input>() ? 1 : 0;
  return found;
}
/// The longest way through that graph.
template <class F, class... Specs>
constexpr int depth(const F& f) {
  const GraphView graph = graph_of<F, Specs...>(f);
  detail::Vector<int> depths(graph.size, 0);
  int deepest = 0;
  for (int i = 0; i < graph.size; ++i) {
    for (int k = 0; k < 3 && graph[i].operand[k] >= 0; ++k)
      depths[i] = std::max(depths[i], depths[graph[i].operand[k]] + 1);
    deepest = std::max(deepest, depths[i]);
  }
  return deepest;
}

// Normal numbers: a factor inside a square, quotients and a term.
constexpr auto normal = [](auto x, auto mean, auto deviation) {
  return sum(-0.5 * square((x - mean) / deviation) - log(deviation) - 0.91893853320467274);
};
constexpr auto normal_again = reassociate(normal);
// x - mean, its square and nothing else for each element.
static_assert(wide_nodes<decltype(normal), Array<8>, Number, Number>(normal) > 4);
static_assert(wide_nodes<decltype(normal_again), Array<8>, Number, Number>(normal_again) == 2);

// Terms on either side, signs, and factors of terms.
constexpr auto terms = [](auto x, auto s, auto t) { return sum(s * (t - (-x) * s + 2) / t); };
constexpr auto terms_again = reassociate(terms);
static_assert(wide_nodes<decltype(terms_again), Array<8>, Number, Number>(terms_again) == 0);

// One axis of two: what is the same along it leaves, what is not stays.
constexpr auto rows = [](auto x, auto r, auto c) {
  return std::pair{sum(x * r * c + r, axis<1>), sum(x * r * c + c, axis<0>, keepdims)};
};
constexpr auto rows_again = reassociate(rows);

constexpr auto product = [](auto a) {
  auto p = a[0];
  for (std::size_t i = 1; i < a.size(); ++i) p = p * a[i];
  return p;
};
constexpr auto product_again = reassociate(product);
// A chain whose middle is a result too, with another chain behind it.
constexpr auto two_chains = [](auto a) {
  const auto first = a[0] + a[1] + a[2] + a[3] + a[4];
  return std::pair{first, a[0] * first * a[1] * a[2] * a[3] * first};
};
constexpr auto two_chains_again = reassociate(two_chains);

constexpr auto of_eight = [](auto a, auto b, auto c, auto d, auto e, auto f, auto g, auto h) {
  return a * b * c * d * e * f * g * h;
};
constexpr auto of_eight_again = reassociate(of_eight);
template <class F>
constexpr int depth_of_eight(const F& f) {
  return depth<F, Number, Number, Number, Number, Number, Number, Number, Number>(f);
}
static_assert(depth_of_eight(of_eight) == 7 && depth_of_eight(of_eight_again) == 3);

// In constant expressions, where powers of two make no rounding.
static_assert(product_again(std::array{2.0, 4.0, 0.5, 8.0, 16.0}) == 512);
static_assert(gradient(product_again)(std::array{2.0, 4.0, 0.5, 8.0, 16.0})[1] == 128);

/// Compares the results of two functions, leaf by leaf.
template <class F, class G, class... X>
void check_same(const F& f, const G& g, const X&... x) {
  const auto expected = compiled(f)(x...);
  const auto found = compiled(g)(x...);
  std::vector<double> numbers;
  const auto each = [](const auto& leaf, const auto& visit) {
    if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(leaf)>>) {
      visit(leaf);
    } else {
      for (const double number : leaf) visit(number);
    }
  };
  detail::for_each_leaf(expected, [&](const auto& leaf) { each(leaf, [&](double y) { numbers.push_back(y); }); });
  std::size_t next = 0;
  detail::for_each_leaf(found, [&](const auto& leaf) {
    each(leaf, [&](double y) {
      BOOST_REQUIRE(next < numbers.size());
      BOOST_TEST(std::abs(y - numbers[next]) <= 1e-13 * (1 + std::abs(numbers[next])));
      ++next;
    });
  });
  BOOST_TEST(next == numbers.size());
}

// Functions of functions; a function to compile captures nothing.
template <class F>
struct AllOrders {
  constexpr auto operator()(const auto&... x) const {
    return std::tuple{F{}(x...), gradient(F{}, wrt<0, 1>)(x...), hessian(F{}, wrt<1>)(x...)};
  }
};
template <class F>
constexpr AllOrders<F> all_orders(const F&) {
  return {};
}
template <class F>
struct Total {
  constexpr auto operator()(const auto&... x) const {
    const auto [a, b] = F{}(x...);
    return sum(square(a)) + sum(sin(b));
  }
};
template <class F>
struct Slope {
  constexpr auto operator()(const auto&... x) const { return sum(gradient(F{})(x...)); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(values_and_derivatives_stay) {
  const auto x = Tensor<double, Shape<37>>::uniform(1, -2, 2);
  check_same(all_orders(normal), all_orders(normal_again), x, 0.3, 1.7);
  check_same(all_orders(terms), all_orders(terms_again), x, 0.3, 1.7);
}

BOOST_AUTO_TEST_CASE(of_some_axes) {
  const auto x = Tensor<double, Shape<5, 4>>::uniform(1, -2, 2);
  const auto r = Tensor<double, Shape<5, 1>>::uniform(2, 1, 2);
  const auto c = Tensor<double, Shape<4>>::uniform(3, 1, 2);
  check_same(rows, rows_again, x, r, c);
  constexpr Total<std::remove_const_t<decltype(rows)>> total;
  constexpr Total<std::remove_const_t<decltype(rows_again)>> total_again;
  check_same(gradient(total, wrt<0, 1, 2>), gradient(total_again, wrt<0, 1, 2>), x, r, c);
  BOOST_TEST(check_gradients(total_again, x, r, c).passed());
}

BOOST_AUTO_TEST_CASE(chains) {
  const std::array<double, 7> a{0.9, 1.1, -0.8, 1.2, 1.3, 0.7, -1.4};
  check_same(product, product_again, a);
  check_same(gradient(product), gradient(product_again), a);
  check_same(hessian(product), hessian(product_again), a);
  check_same(two_chains, two_chains_again, a);
  check_same(jacobian(two_chains), jacobian(two_chains_again), a);
}

BOOST_AUTO_TEST_CASE(inside_and_outside_of_other_calls) {
  const auto points = Tensor<double, Shape<6, 9>>::uniform(1, -2, 2);
  check_same(vmap(normal, mapped<0>), vmap(normal_again, mapped<0>), points, 0.2, 1.1);
  check_same(vmap(normal, mapped<0>), reassociate(vmap(normal, mapped<0>)), points, 0.2, 1.1);
  constexpr Slope<std::remove_const_t<decltype(normal)>> slope;
  check_same(slope, reassociate(slope), Tensor<double, Shape<9>>::uniform(1, -2, 2), 0.2, 1.1);
  const auto own = [](auto x, auto s) { return sum(elementwise<NormalDistribution>(x) * s) / s; };
  check_same(all_orders(own), all_orders(reassociate(own)), Tensor<double, Shape<9>>::uniform(1, -2, 2), 1.1);
}

namespace {

struct Weighted {
  static constexpr std::string_view name = "weighted";
  template <class T>
  CTGRAD_FUNCTION static T value(T x, T weight) {
    return x * x * weight;
  }
  static constexpr auto derivative(auto t, auto x, auto weight, auto) {
    return partials(t * 2 * x * weight, t * x * x);
  }
};
// The weight, which all points share, is another node in the new order.
constexpr auto weighted_points = [](auto points, auto data) {
  const auto one = [](auto x, auto weight) { return elementwise<Weighted>(x, weight); };
  return sum(vmap(one, mapped<0>)(points, mean(data / 2 + 1)));
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_mapped_operation_of_a_users_own) {
  const Tensor<double, Shape<3>> points{1, 2, 3};
  const Tensor<double, Shape<4>> data{1, 2, 3, 4};
  check_same(all_orders(weighted_points), all_orders(reassociate(weighted_points)), points, data);
  const auto slopes = gradient(reassociate(weighted_points))(points, data);
  BOOST_TEST(std::abs(slopes(1) - 9) < 1e-13);
}

BOOST_AUTO_TEST_CASE(plain_numbers) {
  constexpr auto of_numbers = [](auto x) {
    const auto squares = [](auto a, auto b) { return a * b * a * b; };
    const auto with_number = [](auto y) { return std::pair{sum(y / 3.0), 3.0}; };
    decltype(x) two = 2, three = 3;
    return x * reassociate(squares)(two, three) + std::get<0>(reassociate(with_number)(x * x));
  };
  BOOST_TEST(std::abs(compiled(of_numbers)(1.5) - 54.75) < 1e-13);
  BOOST_TEST(std::abs(gradient(of_numbers)(1.5) - 37) < 1e-13);
}

// A loop inside, and a named length that is not summed over.
BOOST_AUTO_TEST_CASE(loops_and_named_lengths) {
  constexpr auto looped = [](auto s, auto v) {
    return for_loop<5>([](auto, auto c, auto factor) { return c * factor + c; }, sum(v / s + s), s);
  };
  check_same(gradient(looped, wrt<0, 1>), gradient(reassociate(looped), wrt<0, 1>), 0.7,
             Tensor<double, Shape<4>>{1, -2, 3, 0.5});
  constexpr auto named = [](auto x, auto s) { return sum(x * s + 1, axis<1>); };
  Tensor<double, Shape<batch, 4>> x({3, 4});
  RandomStream(3).fill_uniform(x.span(), 0, -1.0, 1.0);
  check_same(named, reassociate(named), x, 0.3);
}

// A sum of nothing is 0, whatever its factors.
BOOST_AUTO_TEST_CASE(sums_that_may_have_no_elements) {
  const auto scaled = reassociate([](auto x, auto s) { return sum(x * s + s); });
  const double infinity = std::numeric_limits<double>::infinity();
  BOOST_TEST(scaled(Tensor<double, Shape<0>>{}, infinity) == 0);
  BOOST_TEST(scaled(Tensor<double, Shape<batch>>(Extents<1>{0}), infinity) == 0);
}

// Integers wrap round as they did, and 16-bit numbers keep their small range.
BOOST_AUTO_TEST_CASE(other_element_types_stay) {
  constexpr auto halves = [](auto x) { return sum(x / 3 + 1); };
  constexpr auto halves_again = reassociate(halves);
  using H = Spec<float16, Shape<8>>;
  using I = Spec<std::int32_t, Shape<8>>;
  static_assert(graph_of<decltype(halves), H>(halves).size == graph_of<decltype(halves_again), H>(halves_again).size);
  static_assert(graph_of<decltype(halves), I>(halves).size == graph_of<decltype(halves_again), I>(halves_again).size);
  const Tensor<std::int32_t, Shape<3>> x{1, 5, 10};
  BOOST_TEST(halves_again(x) == compiled(halves)(x));
}

BOOST_AUTO_TEST_SUITE_END()
