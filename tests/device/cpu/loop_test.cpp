// SPDX-License-Identifier: BSL-1.0
/// \file
/// Fused loops with reductions and epilogues: the values, and the same bits for any number of threads.
#include "ctgrad/device/cpu/loop.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "ctgrad/ctgrad.hpp"

BOOST_AUTO_TEST_SUITE(cpu_loop)

using namespace ctgrad;

namespace {

// Large enough that threads are worth waking, with lengths that no register divides.
constexpr std::int64_t rows = 1037;
constexpr std::int64_t columns = 1009;
using Matrix = Shape<batch, columns>;
constexpr std::int64_t streaming_elements = cpu::streaming_threshold / 4;

/// Runs `run` with 1, 2 and 3 threads and checks that the bits are the same; returns the result.
template <class Run>
std::vector<float> with_threads(const Run& run) {
#if defined(_OPENMP)
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const std::vector<float> expected = run();
  for (int threads = 2; threads <= 3; ++threads) {
    omp_set_num_threads(threads);
    BOOST_TEST((run() == expected), threads << " threads give other bits than one");
  }
  omp_set_num_threads(before);
  return expected;
#else
  return run();
#endif
}

template <class Program>
auto run_on(Program& program, std::int64_t count) {
  Tensor<float, Matrix> x({count, columns});
  const auto source = Tensor<float, Shape<rows, columns>>::uniform(5);
  std::copy(source.begin(), source.begin() + count * columns, x.begin());
  const auto result = program(x);
  return std::vector<float>(result.begin(), result.end());
}

float at(std::int64_t i, std::int64_t k) {
  static const auto source = Tensor<float, Shape<rows, columns>>::uniform(5);
  return source(i, k);
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_epilogue_follows_reductions_of_rows) {
  auto program = compile<Cpu>([](auto x) { return sqrt(mean(square(x), axis<1>)) + 1; }, spec<float, batch, columns>);
  static_assert(decltype(program)::Stages::view().steps[1].is_epilogue);
  for (const std::int64_t count : {rows, std::int64_t{1}, std::int64_t{0}}) {
    const std::vector<float> result = with_threads([&] { return run_on(program, count); });
    BOOST_TEST_REQUIRE(static_cast<std::int64_t>(result.size()) == count);
    for (std::int64_t i = 0; i < count; ++i) {
      double expected = 0;
      for (std::int64_t k = 0; k < columns; ++k) expected += static_cast<double>(at(i, k)) * at(i, k);
      BOOST_TEST(result[static_cast<std::size_t>(i)] == std::sqrt(expected / columns) + 1,
                 boost::test_tools::tolerance(1e-5));
    }
  }
}

BOOST_AUTO_TEST_CASE(an_epilogue_follows_reductions_of_columns) {
  auto program = compile<Cpu>([](auto x) { return exp(-sum(x, axis<0>) / 100); }, spec<float, batch, columns>);
  static_assert(decltype(program)::Stages::view().steps[1].is_epilogue);
  for (const std::int64_t count : {rows, std::int64_t{1}, std::int64_t{0}}) {
    const std::vector<float> result = with_threads([&] { return run_on(program, count); });
    BOOST_TEST_REQUIRE(static_cast<std::int64_t>(result.size()) == columns);
    for (std::int64_t k = 0; k < columns; ++k) {
      double expected = 0;
      for (std::int64_t i = 0; i < count; ++i) expected += at(i, k);
      BOOST_TEST(result[static_cast<std::size_t>(k)] == std::exp(-expected / 100), boost::test_tools::tolerance(1e-4));
    }
  }
}

BOOST_AUTO_TEST_CASE(an_epilogue_follows_reductions_to_one_number) {
  auto program = compile<Cpu>([](auto x) { return reshape(log(sum(x) + 1), shape<1>); }, spec<float, batch, columns>);
  static_assert(decltype(program)::Stages::view().steps[1].is_epilogue);
  for (const std::int64_t count : {rows, std::int64_t{1}, std::int64_t{0}}) {
    const std::vector<float> result = with_threads([&] { return run_on(program, count); });
    double expected = 1;
    for (std::int64_t i = 0; i < count; ++i)
      for (std::int64_t k = 0; k < columns; ++k) expected += at(i, k);
    BOOST_TEST(result[0] == std::log(expected), boost::test_tools::tolerance(1e-5));
  }
}

// The loop has three axes, its epilogue one: rows of the outermost axis are several of the epilogue's elements.
BOOST_AUTO_TEST_CASE(an_epilogue_may_have_fewer_axes_than_its_loop) {
  auto program = compile<Cpu>([](auto x, auto y) { return sqrt(sum(square(x + y), axis<2>) + 1); },
                              spec<float, batch, 7, 211>, spec<float, 7, 211>);
  static_assert(decltype(program)::Stages::view().steps[0].space.rank == 3);
  static_assert(decltype(program)::Stages::view().steps[1].is_epilogue);
  static_assert(decltype(program)::Stages::view().steps[1].space.rank == 1);
  const auto source = Tensor<float, Shape<301, 7, 211>>::uniform(8);
  Tensor<float, Shape<batch, 7, 211>> x({301, 7, 211});
  std::copy(source.begin(), source.end(), x.begin());
  const auto y = Tensor<float, Shape<7, 211>>::uniform(9);
  const std::vector<float> result = with_threads([&] {
    const auto z = program(x, y);
    return std::vector<float>(z.begin(), z.end());
  });
  for (std::int64_t i = 0; i < 301; ++i)
    for (std::int64_t j = 0; j < 7; ++j) {
      double expected = 1;
      for (std::int64_t k = 0; k < 211; ++k) expected += std::pow(static_cast<double>(source(i, j, k)) + y(j, k), 2);
      BOOST_TEST(result[static_cast<std::size_t>(i * 7 + j)] == std::sqrt(expected),
                 boost::test_tools::tolerance(1e-5));
    }
}

// Sums over an outer and the innermost axis: rows are added to rows, then each becomes a number.
BOOST_AUTO_TEST_CASE(an_epilogue_follows_reductions_of_outer_and_inner_axes) {
  auto program = compile<Cpu>([](auto x) { return 1 / (sum(square(x), axis<0, 2>) + 1); }, spec<float, batch, 33, 91>);
  static_assert(decltype(program)::Stages::view().steps[1].is_epilogue);
  const auto source = Tensor<float, Shape<257, 33, 91>>::uniform(11);
  Tensor<float, Shape<batch, 33, 91>> x({257, 33, 91});
  std::copy(source.begin(), source.end(), x.begin());
  const std::vector<float> result = with_threads([&] {
    const auto z = program(x);
    return std::vector<float>(z.begin(), z.end());
  });
  for (std::int64_t j = 0; j < 33; ++j) {
    double expected = 1;
    for (std::int64_t i = 0; i < 257; ++i)
      for (std::int64_t k = 0; k < 91; ++k) expected += std::pow(static_cast<double>(source(i, j, k)), 2);
    BOOST_TEST(result[static_cast<std::size_t>(j)] == 1 / expected, boost::test_tools::tolerance(1e-4));
  }
}

// Results larger than the caches are written past them, except where an operand is overwritten in place.
BOOST_AUTO_TEST_CASE(large_results_are_written_past_the_caches) {
  static constexpr std::int64_t size = (streaming_elements / 1000 + 1) * 1000 + 13;
  auto program = compile<Cpu>([](auto x) { return std::pair{x * 2 + 1, 1 - x}; }, spec<float, size>);
  const auto x = Tensor<float, Shape<size>>::uniform(4);
  const auto [y, z] = program(x);
  for (std::int64_t i = 0; i < size; i += i < 100 || i > size - 100 ? 1 : 97) {
    BOOST_TEST_REQUIRE(y(i) == x(i) * 2 + 1);
    BOOST_TEST_REQUIRE(z(i) == 1 - x(i));
  }
  Tensor<float, Shape<size>> w = x;
  w = w * 2 + 1;
  for (std::int64_t i = 0; i < size; i += 97) BOOST_TEST_REQUIRE(w(i) == y(i));
}

// More rows than are added in registers at once, and columns that fill registers, and that do not.
BOOST_AUTO_TEST_CASE(columns_of_any_extents_are_added) {
  auto program = compile<Cpu>(
      [](auto x) {
        return std::tuple{sum(x, axis<0>), max(x * x, axis<0>), x + 1};
      },
      spec<double, batch, time_steps>);
  for (const std::int64_t count : {1, 2, 7, 8, 9, 40})
    for (const std::int64_t width : {1, 2, 3, 8, 17, 64, 65}) {
      Tensor<double, Shape<batch, time_steps>> x({count, width});
      RandomStream(3).fill_uniform(x.span(), 0, -1, 1);
      const auto [total, largest, more] = program(x);
      for (std::int64_t k = 0; k < width; ++k) {
        double expected = 0;
        double expected_largest = -1;
        for (std::int64_t i = 0; i < count; ++i) {
          expected += x(i, k);
          expected_largest = std::max(expected_largest, x(i, k) * x(i, k));
          BOOST_TEST(more(i, k) == x(i, k) + 1);
        }
        BOOST_TEST(total(k) == expected, boost::test_tools::tolerance(1e-13));
        BOOST_TEST(largest(k) == expected_largest);
      }
    }
}

// Short rows of known lengths have loops of their own: in place, with factors for each row, folded along every axis.
template <class T, std::int64_t Length>
void check_short_rows() {
  constexpr std::int64_t outer = 301, middle = 7;
  const auto tolerance = boost::test_tools::tolerance(T(std::is_same_v<T, float> ? 1e-4 : 1e-12));
  auto program = compile<Cpu>(
      [](auto x, auto offset, auto factor) {
        const auto y = (x - offset) * reshape(factor, shape<outer, middle, 1>);
        return std::tuple{y, sum(y, axis<0>), sum(square(y), axis<2>), max(y, axis<1>), sum(y, axis<0, 2>)};
      },
      spec<T, outer, middle, Length>, spec<T, middle, Length>, spec<T, outer, middle>);
  const auto x = Tensor<T, Shape<outer, middle, Length>>::uniform(1, -1, 1);
  const auto offset = Tensor<T, Shape<middle, Length>>::uniform(2, -1, 1);
  const auto factor = Tensor<T, Shape<outer, middle>>::uniform(3, -1, 1);
  const auto expected = [&](std::int64_t i, std::int64_t j, std::int64_t k) {
    return (x(i, j, k) - offset(j, k)) * factor(i, j);
  };
  const auto [y, by_outer, squares, largest, by_middle] = program(x, offset, factor);
  for (std::int64_t i = 0; i < outer; ++i)
    for (std::int64_t j = 0; j < middle; ++j) {
      T total = 0;
      for (std::int64_t k = 0; k < Length; ++k) {
        BOOST_TEST_REQUIRE(y(i, j, k) == expected(i, j, k));
        total += expected(i, j, k) * expected(i, j, k);
      }
      BOOST_TEST_REQUIRE(squares(i, j) == total, tolerance);
    }
  for (std::int64_t i = 0; i < outer; ++i)
    for (std::int64_t k = 0; k < Length; ++k) {
      T most = expected(i, 0, k);
      for (std::int64_t j = 1; j < middle; ++j) most = std::max(most, expected(i, j, k));
      BOOST_TEST_REQUIRE(largest(i, k) == most);
    }
  for (std::int64_t j = 0; j < middle; ++j) {
    double all = 0;
    for (std::int64_t k = 0; k < Length; ++k) {
      double total = 0;
      for (std::int64_t i = 0; i < outer; ++i) total += static_cast<double>(expected(i, j, k));
      BOOST_TEST_REQUIRE(std::abs(static_cast<double>(by_outer(j, k)) - total) < 1e-3);
      all += total;
    }
    BOOST_TEST_REQUIRE(std::abs(static_cast<double>(by_middle(j)) - all) < 1e-2);
  }
}
BOOST_AUTO_TEST_CASE(short_rows_of_known_lengths) {
  check_short_rows<double, 2>();
  check_short_rows<double, 10>();
  check_short_rows<double, 16>();
  check_short_rows<double, 31>();
  check_short_rows<float, 7>();
  check_short_rows<float, 25>();
  check_short_rows<float, 48>();
}

// The columns of many short rows are shared out between threads, and a kernel may have rows of several lengths.
BOOST_AUTO_TEST_CASE(short_rows_are_added) {
  auto program = compile<Cpu>(
      [](auto x, auto y) {
        return std::tuple{sum(square(x), axis<0>), sum(square(y), axis<0>)};
      },
      spec<float, 40009, 19>, spec<float, 999, 18>);
  const auto x = Tensor<float, Shape<40009, 19>>::uniform(1, -1, 1);
  const auto y = Tensor<float, Shape<999, 18>>::uniform(2, -1, 1);
  const std::vector<float> result = with_threads([&] {
    const auto [a, b] = program(x, y);
    std::vector<float> all(a.begin(), a.end());
    all.insert(all.end(), b.begin(), b.end());
    return all;
  });
  const auto check = [&](std::size_t at, const auto& z) {
    for (std::int64_t k = 0; k < z.extent(1); ++k) {
      double expected = 0;
      for (std::int64_t i = 0; i < z.extent(0); ++i) expected += static_cast<double>(z(i, k)) * z(i, k);
      BOOST_TEST(result[at + static_cast<std::size_t>(k)] == expected, boost::test_tools::tolerance(1e-3));
    }
  };
  check(0, x);
  check(19, y);
}

BOOST_AUTO_TEST_SUITE_END()
