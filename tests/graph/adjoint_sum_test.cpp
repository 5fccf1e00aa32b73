// SPDX-License-Identifier: BSL-1.0
/// \file
/// The adjoint of stretching: sums, and the factors taken out of them.
#include "ctgrad/graph/adjoint_sum.hpp"

#include <ctgrad/ctgrad.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(adjoint_sum)

using namespace ctgrad;

namespace {

/// A scalar stretched back to the operand's shape.
constexpr bool scalar_again(const Value& large, const Value& small) {
  const Value wide = broadcast_value(apply_shaped<ops::Sum>(large, ShapeValue{}, 15), small.shape());
  return wide.shape() == small.shape();
}

/// True when `sum_to` gives the operand's shape although the table of shapes grows meanwhile. The compiler notices
/// by itself when a reference into the old table is used.
constexpr bool sums_while_the_table_grows(int shapes_before) {
  GraphBuilder graph;
  const Value small = ctgrad::detail::record<ops::Input>(graph, DType::float32, Shape<1, 3, 2>::value, 0);
  const Value large = apply_shaped<ops::BroadcastTo>(small, Shape<1, 5, 3, 2>::value);
  for (int i = graph.shapes.size(); i < shapes_before; ++i) {
    ShapeValue other;
    other.push_back(100 + i);
    graph.intern(other);
  }
  const Value sum = sum_to(large, small.shape());
  return sum.shape() == small.shape() && graph.nodes[sum.id].is<ops::Reshape>() && scalar_again(large, small);
}

static_assert([] {
  for (int shapes = 2; shapes < 70; ++shapes)
    if (!sums_while_the_table_grows(shapes)) return false;
  return true;
}());

/// Arrays of known and of unknown contents to multiply.
struct Operands {
  GraphBuilder graph;
  Value s = input(Shape<>::value, 0), x = input(Shape<4, 3>::value, 1), y = input(Shape<4, 3>::value, 2);
  Value row = input(Shape<3>::value, 3), column = input(Shape<4, 1>::value, 4);

  int before = begin();

  /// What is appended from here on counts as reverse mode's own.
  constexpr int begin() { return graph.adjoints_begin = graph.nodes.count; }
  constexpr Value input(ShapeValue shape, std::int64_t number, DType dtype = DType::float64) {
    return ctgrad::detail::record<ops::Input>(graph, dtype, shape, number);
  }
  constexpr Value wide(const Value& narrow) { return broadcast_value(narrow, Shape<4, 3>::value); }
  constexpr const Node& node(int id) const { return graph.nodes[id]; }
  /// True when node `id` is the sum of a product of `a` and `b`.
  constexpr bool sums_product(int id, const Value& a, const Value& b) const {
    if (node(id).op == opcode<ops::Reshape>) id = node(id).operand[0];
    const Node& product = node(node(id).operand[0]);
    return node(id).is<ops::Sum>() && product.is<ops::Multiply>() && product.operand[0] == a.id &&
           product.operand[1] == b.id;
  }
};

static_assert(
    [] {
      Operands o;
      const Node product = sum_to(o.wide(o.s) * o.x * o.y, {}).node();
      return product.is<ops::Multiply>() && o.sums_product(product.operand[0], o.x, o.y) &&
             product.operand[1] == o.s.id;
    }(),
    "a number leaves the sum, from however deep");
static_assert(
    [] {
      Operands o;
      const Node negative = sum_to(-(o.x / o.wide(o.s)) * o.y, {}).node();
      const Node quotient = o.node(negative.operand[0]);
      return negative.is<ops::Negate>() && quotient.is<ops::Divide>() && quotient.operand[1] == o.s.id &&
             o.sums_product(quotient.operand[0], o.x, o.y);
    }(),
    "signs and divisors leave it too");
static_assert(
    [] {
      Operands o;
      const Value quotient = square(o.x / o.wide(o.s));
      const detail::SharedFactors whole(quotient, {}, 3, o.before), apart(quotient, {}, 3, o.before, true);
      const Node twice = apart.apply(o.y).node(), once = o.node(twice.operand[0]);
      return whole.rest.id == quotient.id && apart.rest.node().is<ops::Square>() &&
             apart.rest.node().operand[0] == o.x.id && twice.is<ops::Divide>() && twice.operand[1] == o.s.id &&
             once.is<ops::Divide>() && once.operand[0] == o.y.id && once.operand[1] == o.s.id;
    }(),
    "the factors of a square leave it twice, where that is asked for");
static_assert(
    [] {
      Operands o;
      const Value wide = o.wide(o.s);
      const Node twice = sum_to((wide + wide) * o.x * o.y, {}).node(), once = o.node(twice.operand[0]);
      return twice.is<ops::Multiply>() && once.is<ops::Multiply>() && o.node(twice.operand[1]).scalar == 2 &&
             once.operand[1] == o.s.id && o.sums_product(once.operand[0], o.x, o.y);
    }(),
    "so does what was added to itself when it had been stretched");
static_assert(
    [] {
      Operands o;
      const Node product = sum_to(o.x * o.row * o.y, Shape<3>::value).node();
      return product.is<ops::Multiply>() && product.operand[1] == o.row.id &&
             o.sums_product(product.operand[0], o.x, o.y);
    }(),
    "an array is a factor along the axes that it is stretched over");
static_assert(
    [] {
      Operands o;
      return o.sums_product(sum_to(o.x * o.row, Shape<4, 1>::value).id, o.x, o.row) &&
             o.sums_product(sum_to(o.x * o.column, Shape<3>::value).id, o.x, o.column) &&
             o.sums_product(sum_to(o.x * o.row, {}).id, o.x, o.row);
    }(),
    "and along no others");
static_assert(
    [] {
      Operands o;
      const Value product = o.s * o.x, stretched = o.wide(o.s);
      o.begin();
      return o.sums_product(sum_to(product * o.y, {}).id, product, o.y) &&
             o.sums_product(sum_to(stretched * o.y, {}).id, stretched, o.y);
    }(),
    "what was there before stays as it was written");
static_assert(
    [] {
      Operands o;
      const Value samples = o.input(Shape<batch>::value, 5), none = o.input(Shape<0>::value, 6);
      return o.sums_product(sum_to(samples * o.s, {}).id, samples, o.s) &&
             o.sums_product(sum_to(none * o.s, {}).id, none, o.s);
    }(),
    "a sum without elements is 0, whatever the factor");
static_assert(
    [] {
      Operands o;
      const Value to_come = o.wide(detail::record_constant(o.graph, DType::float64, 0));
      return o.sums_product(sum_to(to_come * o.x, {}).id, to_come, o.x);
    }(),
    "a stretched zero may stand for an array that is filled in later");
static_assert(
    [] {
      Operands o;
      const Value s = o.input(Shape<>::value, 5, DType::float16), x = o.input(Shape<4, 3>::value, 6, DType::float16);
      return o.sums_product(sum_to(s * x, {}).id, s, x);
    }(),
    "16 bits overflow early");
static_assert(
    [] {
      Operands o;
      const Value sum = sum_to(o.wide(o.s) * o.wide(o.column), Shape<3>::value);
      return sum.shape() == Shape<3>::value && sum.node().is<ops::Multiply>();
    }(),
    "what is left to be summed has the whole shape");

}  // namespace

BOOST_AUTO_TEST_CASE(the_same_at_run_time) {
  for (int shapes = 2; shapes < 70; ++shapes) BOOST_TEST(sums_while_the_table_grows(shapes));
}

/// A rule that differentiates by itself.
struct TotalRule {
  static constexpr std::string_view name = "total";
  static constexpr auto derivative(auto t, auto a, auto b, auto) {
    const auto by_a = gradient([](auto u, auto v) { return sum(u * v); })(a, b);
    return partials(t * by_a, broadcast_to(t * a, shape<3>));
  }
};

BOOST_AUTO_TEST_CASE(operands_of_a_rule_for_one_point_are_found_again) {
  const auto f = [](auto xs, auto a) {
    const auto one = [](auto s, auto factor) {
      const auto b = broadcast_to(s * s, shape<3>);
      return custom_derivative<TotalRule>(factor * sum(b), factor, b);
    };
    return sum(vmap(one, mapped<0>)(xs, a));
  };
  BOOST_TEST(gradient(f, wrt<1>)(Tensor<double, Shape<4>>{1, 2, 3, 4}, 2.0) == 90);
}

BOOST_AUTO_TEST_CASE(an_empty_batch_has_no_gradient) {
  const auto loss = [](auto a, auto v) { return mean(square(a * v)); };
  BOOST_TEST(gradient(loss)(1.5, Tensor<double, Shape<batch>>({0})) == 0);
}

BOOST_AUTO_TEST_CASE(what_is_scaled_is_summed_scaled) {
  const auto normalised = [](auto s, auto x, auto t) { return sum(t * (x / s)); };
  const Tensor<float, Shape<4>> x{1e-25F, 2e-25F, 3e-25F, 4e-25F}, t{1e-21F, 1e-21F, 1e-21F, 1e-21F};
  BOOST_TEST(gradient(normalised)(1e-24F, x, t) == -1000.0F, boost::test_tools::tolerance(1e-5F));
}

BOOST_AUTO_TEST_CASE(gradients_with_factors_taken_out) {
  const auto rows = Tensor<double, Shape<4, 3>>::uniform(1, 0.5, 1.5);
  const auto row = Tensor<double, Shape<3>>::uniform(2, 0.5, 1.5);
  const auto column = Tensor<double, Shape<4, 1>>::uniform(3, 0.5, 1.5);
  static constexpr auto normal = [](auto a, auto b, auto v) { return -0.5 * sum(square((v - a * v) * (1 / b))); };
  BOOST_TEST(check_gradients(normal, 0.3, 1.7, rows));
  const auto each_way = [](auto r, auto c, auto v) { return sum(tanh(v * r / c) * r - c * square(v) / r); };
  BOOST_TEST(check_gradients(each_way, row, column, rows));
  const auto curvature = [](auto a, auto b, auto v) { return sum(square(gradient(normal, wrt<1>)(a, b, v) * v)) * a; };
  BOOST_TEST(check_gradients(curvature, 0.3, 1.7, rows));
}

BOOST_AUTO_TEST_SUITE_END()
