// SPDX-License-Identifier: BSL-1.0
/// \file
/// Reverse mode in two calls: the same derivatives as in one, and nothing dear computed twice.
#include "ctgrad/autodiff/vjp_residuals.hpp"

#include <boost/test/unit_test.hpp>

#include "ctgrad/ctgrad.hpp"

BOOST_AUTO_TEST_SUITE(autodiff_vjp_residuals)

using namespace ctgrad;

namespace {

using Vector = Tensor<double, Shape<5>>;
using Matrix = Tensor<double, Shape<5, 5>>;

/// A gate: two results that share values, elementwise, a product and a sum.
constexpr auto gate = [](auto w, auto x, auto y) {
  const auto s = sigmoid(reshape(matmul(w, reshape(x, shape<5, 1>)), shape<5>) + y);
  const auto t = tanh(x * 2 + s);
  return std::pair{s * t + exp(y), sum(t) * y};
};
constexpr auto all = wrt<0, 1, 2>;

struct Point {
  Matrix w = Matrix::uniform(1, -1, 1);
  Vector x = Vector::uniform(2, -1, 1), y = Vector::uniform(3, -1, 1);
  std::pair<Vector, Vector> v{Vector::uniform(4, -1, 1), Vector::uniform(5, -1, 1)};
};

template <class A, class B>
void check_same(const A& a, const B& b) {
  BOOST_REQUIRE(a.size() == b.size());
  for (int i = 0; i < static_cast<int>(a.size()); ++i) BOOST_TEST(std::abs(a.data()[i] - b.data()[i]) < 1e-14);
}

template <class Program>
int dear_operations() {
  const ScheduleView schedule = Program::Stages::view();
  int count = 0;
  for (int i = 0; i < schedule.instruction_count; ++i) {
    const auto op = schedule.instructions[i].op;
    count += op == opcode<ops::Tanh> || op == opcode<ops::Sigmoid> || op == opcode<ops::Exp>;
  }
  for (int i = 0; i < schedule.step_count; ++i) count += schedule.steps[i].kind == StepKind::matmul;
  return count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(both_halves_are_the_whole) {
  const Point p;
  const auto [value, slopes] = vjp(gate, all)(p.w, p.x, p.y, p.v);
  const auto [same, kept] = vjp_forward(gate, all)(p.w, p.x, p.y);
  check_same(value.first, same.first);
  check_same(value.second, same.second);
  const auto halves = vjp_backward(gate, all)(p.w, p.x, p.y, kept, p.v);
  check_same(std::get<0>(slopes), std::get<0>(halves));
  check_same(std::get<1>(slopes), std::get<1>(halves));
  check_same(std::get<2>(slopes), std::get<2>(halves));
}

BOOST_AUTO_TEST_CASE(only_what_is_dear_is_kept) {
  const Point p;
  // The sigmoid, tanh, exp(y) and the sum; the product is needed for the sigmoid alone.
  using Kept = decltype(vjp_forward(gate, all)(p.w, p.x, p.y).second);
  static_assert(std::is_same_v<Kept, std::tuple<Vector, Vector, Vector, double>>);
  // Of a product its operands, which are at hand.
  using OfProduct = decltype(vjp_forward([](auto a, auto b) { return a * b; })(p.x, p.y).second);
  static_assert(std::is_same_v<OfProduct, std::tuple<>>);
}

constexpr auto back = [](auto w, auto x, auto y, auto kept, auto v) {
  return vjp_backward(gate, all)(w, x, y, kept, v);
};

BOOST_AUTO_TEST_CASE(nothing_dear_is_computed_on_the_way_back) {
  using Back = detail::FlatProgram<std::remove_const_t<decltype(back)>, Matrix, Vector, Vector,
                                   std::tuple<Vector, Vector, Vector, double>, std::pair<Vector, Vector>>;
  // Two products: the adjoints of w and of x.
  BOOST_TEST(dear_operations<Back>() <= 2);
}

BOOST_AUTO_TEST_CASE(of_one_argument_and_of_numbers) {
  const auto f = [](auto a, auto b) { return exp(a) * sin(b) + a; };
  const auto [value, kept] = vjp_forward(f, wrt<1>)(0.5, 0.25);
  BOOST_TEST(value == std::exp(0.5) * std::sin(0.25) + 0.5, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(vjp_backward(f, wrt<1>)(0.5, 0.25, kept, 2.0) == 2 * std::exp(0.5) * std::cos(0.25),
             boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(kept_by_the_caller) {
  const Point p;
  // A std::array will do for the tuple, as long as the leaves are the same.
  constexpr auto f = [](auto x, auto y) { return tanh(x) * sigmoid(y); };
  std::array<Vector, 2> kept;
  Vector value, by_x, by_y;
  vjp_forward(f, wrt<0, 1>).into(std::tie(value, kept), p.x, p.y);
  vjp_backward(f, wrt<0, 1>).into(std::tie(by_x, by_y), p.x, p.y, kept, p.v.first);
  const auto [same, slopes] = vjp(f, wrt<0, 1>)(p.x, p.y, p.v.first);
  check_same(value, same);
  check_same(by_x, std::get<0>(slopes));
  check_same(by_y, std::get<1>(slopes));
}

BOOST_AUTO_TEST_SUITE_END()
