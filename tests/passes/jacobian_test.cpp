// SPDX-License-Identifier: BSL-1.0
/// \file
/// Each way to a Jacobian, on graphs that are built and evaluated at run time.
#include "ctgrad/passes/jacobian.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <ctgrad/ctgrad.hpp>
#include <vector>

#include "ctgrad/passes/interpret.hpp"

BOOST_AUTO_TEST_SUITE(passes_jacobian)

using namespace ctgrad;

namespace {

using Number = Symbol<double, Shape<>>;

/// Many numbers and a long way.
template <class T>
std::array<T, 6> long_chain(const std::array<T, 6>& a) {
  auto b = a;
  for (std::size_t k = 0; k < 12; ++k)
    for (std::size_t i = 0; i < a.size(); ++i) b[i] = b[i] + 0.1 * b[(i + k + 1) % a.size()] * b[i];
  return b;
}

using Ways = void (*)(GraphBuilder&, const int*, int, const int*, int, detail::JacobianBlocks&);
void separate_forward(GraphBuilder& b, const int* x, int n, const int* y, int m, detail::JacobianBlocks& blocks) {
  detail::forward_blocks(b, x, n, y, m, false, blocks);
}
const Ways ways[] = {separate_forward, detail::joined_forward_blocks, detail::reverse_blocks,
                     detail::joined_reverse_blocks};

/// The blocks of a Jacobian, evaluated one after the other.
detail::Vector<double> evaluate_blocks(GraphBuilder& builder, const std::vector<int>& x, const std::vector<int>& y,
                                       Ways way, const std::vector<double>& at) {
  const int inputs = static_cast<int>(x.size());
  const int outputs = static_cast<int>(y.size());
  detail::JacobianBlocks blocks(outputs, inputs);
  way(builder, x.data(), inputs, y.data(), outputs, blocks);
  for (int i = 0; i < outputs * inputs; ++i) builder.outputs.push_back({blocks.ids()[i], OutputKind::result, i});
  return interpret(builder.view(), at.data());
}

}  // namespace

BOOST_AUTO_TEST_CASE(of_many_numbers) {
  const std::array<double, 6> at{-0.5, -0.2, 0.1, 0.4, 0.7, 1.0};
  const double h = 1e-5;
  std::vector<double> expected(36);
  for (std::size_t i = 0; i < 6; ++i) {
    auto up = at, down = at;
    up[i] += h;
    down[i] -= h;
    const auto high = long_chain(up), low = long_chain(down);
    for (std::size_t k = 0; k < 6; ++k) expected[6 * k + i] = (high[k] - low[k]) / (2 * h);
  }
  for (const Ways way : ways) {
    GraphBuilder builder;
    std::array<Number, 6> a;
    std::vector<int> x;
    std::vector<int> y;
    for (int i = 0; i < 6; ++i) {
      a[static_cast<std::size_t>(i)] = detail::record_input<Spec<double, Shape<>>>(builder, i);
      x.push_back(i);
    }
    for (const Number& b : long_chain(a)) y.push_back(b.id);
    const auto found = evaluate_blocks(builder, x, y, way, {at.begin(), at.end()});
    BOOST_REQUIRE(found.size() == 36);
    for (int i = 0; i < 36; ++i)
      BOOST_TEST(std::abs(found[i] - expected[static_cast<std::size_t>(i)]) < 1e-8 * std::abs(found[i]) + 1e-8);
  }
}

// Arrays of different shapes, one of them of one element, and a number: every way gives the same blocks.
BOOST_AUTO_TEST_CASE(of_arrays) {
  std::vector<detail::Vector<double>> found;
  for (const Ways way : ways) {
    GraphBuilder builder;
    std::array<Number, 3> numbers;
    for (int i = 0; i < 3; ++i)
      numbers[static_cast<std::size_t>(i)] = detail::record_input<Spec<double, Shape<>>>(builder, i);
    const auto matrix = reshape(sin(numbers[0] * (ctgrad_arange<double, 6>(numbers[0]) + 1)), shape<2, 3>);
    const auto single = reshape(numbers[1], shape<1, 1>);
    const auto p = matmul(transpose(matrix), matrix) * numbers[2] + single;
    const auto q = sum(matrix * single, axis<1>) * numbers[2];
    const std::vector<int> x{matrix.id, single.id, numbers[2].id};
    const std::vector<int> y{p.id, q.id, (q * q).id};
    found.push_back(evaluate_blocks(builder, x, y, way, {0.3, -0.7, 1.2}));
  }
  const int size = 9 * (6 + 1 + 1) + 2 * (2 * (6 + 1 + 1));
  double largest = 0;
  for (const auto& each : found) {
    BOOST_REQUIRE(each.size() == size);
    for (int i = 0; i < size; ++i) {
      BOOST_TEST(std::abs(each[i] - found[0][i]) < 1e-14);
      largest = std::max(largest, std::abs(each[i]));
    }
  }
  BOOST_TEST(largest > 0.5);
}

BOOST_AUTO_TEST_SUITE_END()
