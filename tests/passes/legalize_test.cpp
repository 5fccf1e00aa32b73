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

// Joined along the first axis, results are computed where they belong: the arguments alone are copied.
template <class S, class F>
constexpr int packs(F f) {
  const GraphBuilder graph = legalize(simplify(trace<Spec<float, S>>(f).view()).view());
  return count<ops::Pack>(graph.view()) * 10 + count<ops::Concat>(graph.view());
}
constexpr auto joined = [](auto x) { return concat(axis<0>, exp(x), x, matmul(x, x)); };
static_assert(packs<Shape<4, 4>>(joined) == 10);
static_assert(copies<Shape<4, 4>>(joined) == 1);
// So it is with what lies behind axes of length 1, and with a join of joins.
static_assert(packs<Shape<1, 4>>([](auto x) { return concat(axis<1>, exp(x), sin(x)); }) == 10);
static_assert(packs<Shape<4>>([](auto x) {
                return concat(axis<0>, concat(axis<0>, exp(x), x), concat(axis<0>, x, sin(x)));
              }) == 10);
// A join that others read too is a part like any other: it is copied.
constexpr auto read_twice = [](auto x) {
  const auto inner = concat(axis<0>, exp(x), sin(x));
  return concat(axis<0>, inner, cos(x)) * sum(inner);
};
static_assert(packs<Shape<4>>(read_twice) == 20);
static_assert(copies<Shape<4>>(read_twice) == 1);
// One that stands twice in a join has two places.
static_assert(copies<Shape<4>>([](auto x) {
                const auto y = exp(x);
                return concat(axis<0>, y, y);
              }) == 1);
// Where nothing is saved, where the parts lie between each other, and where lengths are known at run time: concat.
static_assert(packs<Shape<4>>([](auto x) { return concat(axis<0>, x, x); }) == 1);
static_assert(packs<Shape<4, 4>>([](auto x) { return concat(axis<1>, exp(x), sin(x)); }) == 1);
static_assert(packs<Shape<4, batch>>([](auto x) { return concat(axis<0>, exp(x), sin(x)); }) == 1);

BOOST_AUTO_TEST_CASE(joins_in_place) {
  Tensor<float, Shape<4>> x{1, 2, 3, 4};
  const auto y = evaluate(read_twice, x);
  float total = 0;
  for (const float v : {1.0F, 2.0F, 3.0F, 4.0F}) total += std::exp(v) + std::sin(v);
  for (int i = 0; i < 4; ++i) {
    BOOST_TEST(y(i) == std::exp(x(i)) * total, boost::test_tools::tolerance(1e-5F));
    BOOST_TEST(y(4 + i) == std::sin(x(i)) * total, boost::test_tools::tolerance(1e-5F));
    BOOST_TEST(y(8 + i) == std::cos(x(i)) * total, boost::test_tools::tolerance(1e-5F));
  }
}

BOOST_AUTO_TEST_CASE(a_join_as_the_result_of_a_program) {
  const Tensor<float, Shape<4>> x{1, 2, 3, 4};
  auto program = compile<Cpu>([](auto v) { return concat(axis<0>, exp(v), v, sin(v)); }, spec<float, 4>);
  const auto y = program(x);
  for (int i = 0; i < 4; ++i) {
    BOOST_TEST(y(i) == std::exp(x(i)), boost::test_tools::tolerance(1e-5F));
    BOOST_TEST(y(4 + i) == x(i));
    BOOST_TEST(y(8 + i) == std::sin(x(i)), boost::test_tools::tolerance(1e-5F));
  }
}

// An empty part, and what is computed for it alone.
BOOST_AUTO_TEST_CASE(joins_with_an_empty_part) {
  const Tensor<double, Shape<3>> x{1, 2, 3};
  const Tensor<double, Shape<2>> y{4, 5};
  const Tensor<double, Shape<0>> nothing;
  const auto copied = compiled([](auto a, auto e, auto b) { return concat(axis<0>, a, e, b); })(x, nothing, y);
  for (int i = 0; i < 5; ++i) BOOST_TEST(copied(i) == i + 1);
  const auto computed =
      compiled([](auto a, auto e) { return concat(axis<0>, exp(a), e * (sum(a) * 3.0), a); })(x, nothing);
  const auto stretched = compiled([](auto a) {
    return std::pair{concat(axis<0>, exp(a), broadcast_to(sum(a * 2.0) * 3.0, shape<0>)), concat(axis<0>, a, a)};
  })(x);
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(computed(i) == std::exp(x(i)), boost::test_tools::tolerance(1e-14));
    BOOST_TEST(computed(3 + i) == x(i));
    BOOST_TEST(stretched.first(i) == computed(i));
    BOOST_TEST(stretched.second(3 + i) == x(i));
  }
}

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
