// SPDX-License-Identifier: BSL-1.0
/// \file
/// The two ways of a convolution agree with each other, and their bits do not depend on the number of threads.
#include <ctgrad/device/cpu/cpu.hpp>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <vector>

BOOST_AUTO_TEST_SUITE(cpu_convolution)

using namespace ctgrad;

namespace {

ConvolutionShape shape_of(std::int64_t images, std::int64_t in, std::int64_t out, std::int64_t height,
                          std::int64_t width, std::int64_t kernel, int pad, int groups) {
  const int ones[2] = {1, 1};
  const int pads[2] = {pad, pad};
  const KernelShape x{4, {images, in, height, width}};
  const KernelShape w{4, {out, in / groups, kernel, kernel}};
  const KernelShape y{4, {images, out, height + 2 * pad - kernel + 1, width + 2 * pad - kernel + 1}};
  return ConvolutionShape(x, w, y, ops::WindowAttribute::make(ones, pads, ones, groups));
}

template <class T>
std::vector<T> numbers(std::int64_t count, std::uint64_t seed) {
  std::vector<T> result(static_cast<std::size_t>(count));
  RandomStream(seed, 0).fill_uniform(std::span<T>(result), 0, T(-1), T(1));
  return result;
}

/// All results of one convolution, by lines or by columns.
template <class T>
struct Results {
  std::vector<T> y, dx, dw;

  Results(const ConvolutionShape& s, bool lines, cpu::MatmulWorkspace<T>& workspace) {
    const std::int64_t image = s.groups * s.in * s.pixels();
    const std::int64_t result = s.groups * s.out * s.positions();
    const auto x = numbers<T>(s.images * image, 1);
    const auto w = numbers<T>(s.weights(), 2);
    const auto t = numbers<T>(s.images * result, 3);
    // Results are written over whatever was there.
    y.assign(static_cast<std::size_t>(s.images * result), T(7));
    dx.assign(x.size(), T(7));
    dw.assign(w.size(), T(7));
    if (lines) {
      cpu::detail::convolve_directly(s, x.data(), w.data(), y.data(), workspace);
      cpu::detail::input_gradient_directly(s, t.data(), w.data(), dx.data(), workspace);
      cpu::detail::weight_gradient_directly(s, x.data(), t.data(), dw.data(), workspace);
    } else {
      cpu::detail::convolve_columns(s, x.data(), w.data(), y.data(), workspace);
      cpu::detail::input_gradient_columns(s, t.data(), w.data(), dx.data(), workspace);
      cpu::detail::weight_gradient_columns(s, x.data(), t.data(), dw.data(), workspace);
    }
  }
};

template <class T>
void compare(const std::vector<T>& a, const std::vector<T>& b, double terms) {
  const double tolerance = static_cast<double>(std::numeric_limits<T>::epsilon()) * std::sqrt(terms) * 4;
  BOOST_REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    BOOST_TEST(std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])) <= tolerance * (1 + std::sqrt(terms)),
               "element " << i << ": " << a[i] << " and " << b[i]);
}

template <class T>
void check_both_ways(const ConvolutionShape& s) {
  cpu::MatmulWorkspace<T> workspace;
  cpu::MatmulWorkspace<T> built_in(cpu::MatmulLibrary::built_in);
  const Results<T> lines(s, true, workspace);
  for (auto* columns : {&workspace, &built_in}) {
    const Results<T> other(s, false, *columns);
    compare(lines.y, other.y, static_cast<double>(s.depth()));
    compare(lines.dx, other.dx, static_cast<double>(s.out * s.taps()));
    compare(lines.dw, other.dw, static_cast<double>(s.images * s.positions()));
  }
}

const ConvolutionShape shapes[] = {shape_of(3, 1, 6, 28, 28, 5, 2, 1), shape_of(20, 6, 16, 14, 14, 5, 0, 1),
                                   shape_of(1, 3, 13, 5, 40, 3, 1, 1), shape_of(9, 8, 12, 6, 5, 3, 1, 4),
                                   shape_of(2, 5, 1, 3, 3, 3, 0, 1), shape_of(17, 2, 3, 9, 8, 2, 1, 1),
                                   shape_of(40, 16, 8, 14, 14, 3, 1, 1),
                                   // Images so large that a chunk of the weight gradient has few of them.
                                   shape_of(3, 4, 5, 150, 160, 3, 1, 1)};

}  // namespace

BOOST_AUTO_TEST_CASE(lines_and_columns_agree) {
  for (const ConvolutionShape& s : shapes) {
    check_both_ways<float>(s);
    check_both_ways<double>(s);
  }
}

BOOST_AUTO_TEST_CASE(scratch_memory_does_not_grow_again) {
  cpu::MatmulWorkspace<float> workspace;
  Results<float>(shapes[1], true, workspace);
  const float* before = workspace.scratch(1);
  Results<float>(shapes[1], true, workspace);
  BOOST_TEST(workspace.scratch(1) == before);
}

#if defined(_OPENMP)
BOOST_AUTO_TEST_CASE(the_bits_do_not_depend_on_the_number_of_threads) {
  const int before = omp_get_max_threads();
#if defined(CTGRAD_HAS_CBLAS)
  cpu::blas::leave_threads_to_openmp();
#endif
  for (const ConvolutionShape& s : {shapes[1], shapes[6]})
    for (const bool lines : {true, false}) {
      cpu::MatmulWorkspace<float> workspace;
      omp_set_num_threads(1);
      const Results<float> one(s, lines, workspace);
      for (const int threads : {2, 3, 5}) {
        omp_set_num_threads(threads);
        const Results<float> many(s, lines, workspace);
        const auto same = [](const std::vector<float>& a, const std::vector<float>& b) {
          return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
        };
        BOOST_TEST(same(one.y, many.y));
        BOOST_TEST(same(one.dx, many.dx));
        BOOST_TEST(same(one.dw, many.dw));
      }
    }
  omp_set_num_threads(before);
}
#endif

BOOST_AUTO_TEST_SUITE_END()
