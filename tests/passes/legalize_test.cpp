// SPDX-License-Identifier: BSL-1.0
/// \file
/// Where copies are needed, and where they are not.
#include "ctgrad/passes/legalize.hpp"

#include <boost/test/unit_test.hpp>

#include "graph_queries.hpp"

BOOST_AUTO_TEST_SUITE(legalize_pass)

using namespace ctgrad;
using ctgrad_test::count;

namespace {

template <class S, class F>
constexpr int copies(F f) {
  const GraphBuilder graph = legalize(simplify(trace<Spec<float, S>>(f).view()).view());
  return count<ops::Copy>(graph.view());
}

}  // namespace

// A result that is a view, an input, or the same as another, is copied; others are written where they stay.
static_assert(copies<Shape<3>>([](auto x) { return x; }) == 1);
static_assert(copies<Shape<3, 2>>([](auto x) { return transpose(x); }) == 1);
static_assert(copies<Shape<3>>([](auto x) { return exp(x); }) == 0);
static_assert(copies<Shape<3>>([](auto x) { return std::pair{exp(x), exp(x)}; }) == 1);

// A view of something contiguous can be reshaped as it is; the view of a permutation cannot.
static_assert(copies<Shape<3, 4>>([](auto x) { return exp(reshape(x, shape<12>)); }) == 0);
static_assert(copies<Shape<3, 4>>([](auto x) { return exp(reshape(transpose(x), shape<12>)); }) == 1);
static_assert(copies<Shape<3, 4>>([](auto x) { return exp(reshape(slice<0, 1, 3>(x), shape<8>)); }) == 0);
static_assert(copies<Shape<3, 4>>([](auto x) { return exp(reshape(slice<1, 1, 3>(x), shape<6>)); }) == 1);
static_assert(copies<Shape<3, 1>>([](auto x) { return exp(reshape(transpose(x), shape<3>)); }) == 0);

// Fused loops read any view; steps of their own read arrays.
static_assert(copies<Shape<3, 4>>([](auto x) { return sum(transpose(slice<1, 0, 4, 2>(x)), axis<0>); }) == 0);
static_assert(copies<Shape<4, 4>>([](auto x) { return matmul(x, slice<1, 0, 4, 2>(x)); }) == 1);
static_assert(copies<Shape<4, 4>>([](auto x) { return matmul(slice<0, 1, 3>(x), x); }) == 0);
static_assert(copies<Shape<4, 4>>([](auto x) { return matmul(broadcast_to(slice<0, 0, 1>(x), shape<4, 4>), x); }) == 1);
static_assert(copies<Shape<4, 4>>([](auto x) { return argmax(transpose(x), axis<0>); }) == 1);
// Two steps that need the same copy share it.
static_assert(copies<Shape<4, 4>>([](auto x) {
                const auto columns = slice<1, 0, 4, 2>(x);
                return matmul(x, columns) + exp(matmul(exp(x), columns));
              }) == 1);

// Offsets that depend on run-time lengths: alone they are fine, a sum of two needs a copy.
static_assert(copies<Shape<4, batch, 8>>([](auto x) { return exp(slice<0, 1, 3>(x)); }) == 0);
static_assert(copies<Shape<4, batch, 8>>([](auto x) { return exp(slice<2, 2, 5>(slice<0, 1, 3>(x))); }) == 1);
static_assert(copies<Shape<4, batch, 8>>([](auto x) { return exp(slice<0, 1, 3>(slice<2, 2, 5>(x))); }) == 1);
static_assert(copies<Shape<4, batch, 8>>([](auto x) { return exp(slice<2, 0, 5>(slice<0, 1, 3>(x))); }) == 0);

constexpr auto corner = [](auto x) {
  return std::pair{slice<2, 2, 4>(slice<0, 1, 3>(x)) * 1.5, slice<0, 2, 4>(slice<2, 1, 8, 3>(x)) + 1};
};

BOOST_AUTO_TEST_CASE(slices_along_two_axes_around_a_run_time_one) {
  auto program = compile<Cpu>(corner, spec<double, 4, batch, 8>);
  for (const std::int64_t n : {1, 3}) {
    Tensor<double, Shape<4, batch, 8>> x(Extents<3>{4, n, 8});
    for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<double>(i);
    const auto [a, b] = program(x);
    for (std::int64_t i = 0; i < 2; ++i)
      for (std::int64_t j = 0; j < n; ++j)
        for (std::int64_t k = 0; k < 3; ++k) {
          if (k < 2) BOOST_TEST(a(i, j, k) == 1.5 * x(i + 1, j, k + 2));
          BOOST_TEST(b(i, j, k) == x(i + 2, j, 3 * k + 1) + 1);
        }
  }
}

BOOST_AUTO_TEST_SUITE_END()
