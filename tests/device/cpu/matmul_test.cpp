// SPDX-License-Identifier: BSL-1.0
/// \file
/// Matrix products against a plain loop in long double, over transposes and edges.
#include <ctgrad/device/cpu/matmul.hpp>
#include <ctgrad/device/cpu/small_matmul.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "matmul_reference.hpp"

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace {

using ctgrad::cpu::MatmulShape;
using ctgrad::cpu::MatmulWorkspace;
namespace detail = ctgrad::cpu::detail;

using Types = std::tuple<float, double, std::int32_t, std::int64_t>;

/// Repeatable numbers: small integers for integers, else in [-1, 1).
template <class T>
std::vector<T> numbers(std::int64_t count, std::uint32_t seed) {
  std::vector<T> values(static_cast<std::size_t>(count));
  std::uint32_t state = seed * 2654435761u + 1u;
  for (T& value : values) {
    state = state * 1664525u + 1013904223u;
    const auto high = static_cast<std::int32_t>(state) / 65536;
    if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(high % 10);
    } else {
      value = static_cast<T>(high) / T(32768);
    }
  }
  return values;
}

struct Case {
  MatmulShape shape;
  std::int64_t pad_a = 0, pad_b = 0, pad_c = 0;
  bool adds = false;
};

std::string text(const Case& x) {
  const MatmulShape& s = x.shape;
  return std::to_string(s.m) + "x" + std::to_string(s.n) + "x" + std::to_string(s.k) + (s.transpose_a ? " T" : " N") +
         (s.transpose_b ? "T" : "N") + (x.adds ? " added" : "") + " padding " + std::to_string(x.pad_a) + "," +
         std::to_string(x.pad_b) + "," + std::to_string(x.pad_c);
}

/// Runs one product in several ways and compares every element, and the padding of C, with the plain loop.
template <class T, class... Multiply>
void check(const Case& x, Multiply... multiply) {
  const MatmulShape& s = x.shape;
  const std::int64_t lda = (s.transpose_a ? s.m : s.k) + x.pad_a;
  const std::int64_t ldb = (s.transpose_b ? s.k : s.n) + x.pad_b;
  const std::int64_t ldc = s.n + x.pad_c;
  // The last row has no padding: reading past it is an error the address sanitizer sees.
  const auto size = [](std::int64_t rows, std::int64_t ld, std::int64_t pad) { return rows > 0 ? rows * ld - pad : 0; };
  const auto a = numbers<T>(size(s.transpose_a ? s.k : s.m, lda, x.pad_a), 1);
  const auto b = numbers<T>(size(s.transpose_b ? s.n : s.k, ldb, x.pad_b), 2);
  const auto old = numbers<T>(size(s.m, ldc, x.pad_c), 3);
  const ctgrad_test::ExactProduct<T> exact(s, a, lda, b, ldb);
  int way = 0;
  const auto check_one = [&](const auto& run) {
    auto c = old;
    if constexpr (!std::is_integral_v<T>) {
      if (!x.adds) {
        for (std::int64_t i = 0; i < s.m; ++i) {
          for (std::int64_t j = 0; j < s.n; ++j) {
            c[static_cast<std::size_t>(i * ldc + j)] = std::numeric_limits<T>::quiet_NaN();
          }
        }
      }
    }
    run(s, a.data(), lda, b.data(), ldb, c.data(), ldc, x.adds);
    ++way;
    const std::int64_t wrong = exact.wrong_elements(old, c, ldc, x.adds);
    BOOST_TEST(wrong == 0, text(x) << ", way " << way << ": " << wrong << " wrong elements");
  };
  (check_one(multiply), ...);
}

/// The built-in code as a program built for any x86-64 processor runs it on one without AVX2;
/// without run-time dispatch, the only way there is.
template <class U>
void multiply_with_native_tiles(const MatmulShape& s, const U* a, std::int64_t lda, const U* b, std::int64_t ldb, U* c,
                                std::int64_t ldc, bool adds, U* a_block, U* b_panel) {
  if (s.m == 0 || s.n == 0 || s.k == 0) {
    return detail::gemm<U>(s, a, lda, b, ldb, c, ldc, adds, a_block, b_panel);
  }
  detail::run_product(detail::Gemm<U, detail::NativeTiles>{s, a, lda, b, ldb, c, ldc, adds, a_block, b_panel});
}

/// Through the public function, which may use a BLAS, and through the built-in code.
template <class T>
void check_all(const Case& x, MatmulWorkspace<T>& workspace) {
  using ctgrad::cpu::MatmulLibrary;
  using U = typename detail::Arithmetic<T>::type;
  const auto with = [&](MatmulLibrary library) {
    return [&workspace, library](auto... arguments) {
      workspace.library = library;
      ctgrad::cpu::matmul<T>(arguments..., workspace);
    };
  };
  const auto natively = [&](const MatmulShape& s, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T* c,
                            std::int64_t ldc, bool adds) {
    multiply_with_native_tiles<U>(s, reinterpret_cast<const U*>(a), lda, reinterpret_cast<const U*>(b), ldb,
                                  reinterpret_cast<U*>(c), ldc, adds, workspace.template a_block<U>(),
                                  workspace.template b_panel<U>());
  };
  check<T>(x, with(MatmulLibrary::fastest), with(MatmulLibrary::built_in), natively);
}

constexpr bool flags[] = {false, true};

}  // namespace

BOOST_AUTO_TEST_SUITE(matmul)

BOOST_AUTO_TEST_CASE_TEMPLATE(every_small_extent, T, Types) {
  MatmulWorkspace<T> workspace;
  for (const std::int64_t m : {0, 1, 2, 3, 7, 8, 17}) {
    for (const std::int64_t n : {0, 1, 2, 5, 10, 16, 33, 49}) {
      for (const std::int64_t k : {0, 1, 2, 9, 20}) {
        for (const bool ta : flags) {
          for (const bool tb : flags) {
            check_all<T>({{m, n, k, ta, tb}}, workspace);
            check_all<T>({{m, n, k, ta, tb}, 3, 1, 2, true}, workspace);
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(padded_rows, T, Types) {
  MatmulWorkspace<T> workspace;
  for (const bool adds : flags) {
    for (const bool ta : flags) {
      for (const bool tb : flags) {
        check_all<T>({{13, 37, 11, ta, tb}, 0, 0, 0, adds}, workspace);
        check_all<T>({{13, 37, 11, ta, tb}, 5, 4, 7, adds}, workspace);
        check_all<T>({{1, 37, 11, ta, tb}, 5, 4, 7, adds}, workspace);
        check_all<T>({{13, 1, 11, ta, tb}, 5, 4, 7, adds}, workspace);
      }
    }
  }
}

/// Shapes that reach each choice of packing and cross the ends of each block.
BOOST_AUTO_TEST_CASE_TEMPLATE(blocks, T, Types) {
  MatmulWorkspace<T> workspace;
  const std::int64_t depth = detail::GemmBlocks<T>::depth;
  const std::int64_t rows = detail::GemmBlocks<T>::rows;
  const std::int64_t columns = detail::GemmBlocks<T>::columns;
  for (const bool ta : flags) {
    for (const bool tb : flags) {
      check_all<T>({{rows + 5, 261, depth + 3, ta, tb}, 1, 2, 3, true}, workspace);
      check_all<T>({{9, columns + 3, depth + 1, ta, tb}, 0, 0, 0, true}, workspace);
      check_all<T>({{2 * rows + 1, 10, 2 * depth + 1, ta, tb}, 0, 0, 0, false}, workspace);
      check_all<T>({{1, columns + 3, 2 * depth + 9, ta, tb}, 1, 1, 0, true}, workspace);
      check_all<T>({{columns + 3, 1, 2 * depth + 9, ta, tb}, 1, 1, 2, true}, workspace);
      // The rows of A are fewer than those of a transposed B, and are packed instead.
      check_all<T>({{64, 128, 97, ta, tb}, 0, 0, 0, false}, workspace);
      check_all<T>({{48, 201, 131, ta, tb}, 1, 2, 3, false}, workspace);
      check_all<T>({{1101, 130, 9, ta, tb}, 0, 1, 2, true}, workspace);    // a large result and a panel that is near
      check_all<T>({{100, 1029, 65, ta, tb}, 0, 2, 0, false}, workspace);  // many columns of B, read where they lie
      check_all<T>({{100, 1021, 65, ta, tb}, 0, 3, 0, true}, workspace);   // the same, too far apart for that
      for (const std::int64_t few : {2, 3, 5, 7, 9, 11, 18, 33, 35, 50, 98, 100})  // columns that leave lanes unused
        check_all<T>({{131, few, depth + 19, ta, tb}, 2, 1, 3, false}, workspace);
      check_all<T>({{131, 98, depth + 19, ta, tb}, 2, 1, 3, true}, workspace);  // few of them last, added to
    }
  }
}

BOOST_AUTO_TEST_CASE(integers_wrap_round) {
  MatmulWorkspace<std::int32_t> workspace;
  const std::int32_t a[] = {std::numeric_limits<std::int32_t>::max(), 2};
  const std::int32_t b[] = {2, 0, 1, 0};
  std::int32_t c[] = {7, 7};
  ctgrad::cpu::matmul<std::int32_t>({1, 2, 2, false, false}, a, 2, b, 2, c, 2, false, workspace);
  BOOST_TEST(c[0] == 0);
  BOOST_TEST(c[1] == 0);
}

BOOST_AUTO_TEST_CASE(not_a_number_spreads_and_what_c_held_does_not) {
  MatmulWorkspace<float> workspace;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float a[] = {0.0f, nan};
  const float b[] = {1.0f, 2.0f, 3.0f, 4.0f};
  float c[] = {nan, nan};
  ctgrad::cpu::matmul<float>({1, 2, 2, false, false}, a, 2, b, 2, c, 2, false, workspace);
  BOOST_TEST(std::isnan(c[0]));
  ctgrad::cpu::matmul<float>({1, 2, 1, false, false}, a, 2, b, 2, c, 2, false, workspace);
  BOOST_TEST(c[0] == 0.0f);
  BOOST_TEST(c[1] == 0.0f);
}

BOOST_AUTO_TEST_CASE(workspace_is_bounded) {
  static_assert(ctgrad::cpu::matmul_workspace_bytes<float>() <= 2 << 20);
  static_assert(ctgrad::cpu::matmul_workspace_bytes<double>() <= 2 << 20);
  MatmulWorkspace<double> first;
  MatmulWorkspace<double> second = std::move(first);
  BOOST_TEST(second.a_block<double>() != nullptr);
}

// CTest also runs it with OPENBLAS_CORETYPE=Prescott.
BOOST_AUTO_TEST_CASE(a_library_that_does_not_know_the_processor_is_not_called) {
#if defined(CTGRAD_HAS_CBLAS)
  namespace blas = ctgrad::cpu::blas;
  static_assert(blas::is_core_without_avx2("Prescott"));
  static_assert(!blas::is_core_without_avx2("SkylakeX"));
  static_assert(!blas::is_core_without_avx2("a processor to come"));
  if (blas::knows_this_processor()) return;
  using ctgrad::cpu::MatmulLibrary;
  constexpr std::int64_t n = 500;
  const std::vector<float> a = numbers<float>(n * n, 1);
  const std::vector<float> b = numbers<float>(n * n, 2);
  auto product = [&](MatmulLibrary library) {
    MatmulWorkspace<float> workspace(library);
    std::vector<float> c(static_cast<std::size_t>(n * n));
    ctgrad::cpu::matmul({n, n, n, false, false}, a.data(), n, b.data(), n, c.data(), n, false, workspace);
    return c;
  };
  BOOST_TEST((product(MatmulLibrary::fastest) == product(MatmulLibrary::built_in)));
#endif
}

BOOST_AUTO_TEST_CASE_TEMPLATE(batches, T, Types) {
  MatmulWorkspace<T> workspace;
  constexpr std::int64_t batch = 3, m = 5, n = 6, k = 7;
  const auto a = numbers<T>(batch * m * k, 1);
  const auto b = numbers<T>(batch * k * n, 2);
  struct Strides {
    std::int64_t a, b;
  };
  for (const bool ta : flags) {
    for (const bool tb : flags) {
      for (const Strides& stride : {Strides{m * k, k * n}, Strides{0, k * n}, Strides{m * k, 0}, Strides{0, 0}}) {
        const MatmulShape shape{m, n, k, ta, tb};
        std::vector<T> c(batch * m * n, T(1));
        auto expected = c;
        ctgrad::cpu::batched_matmul<T>(batch, stride.a, stride.b, m * n, shape, a.data(), ta ? m : k, b.data(),
                                       tb ? k : n, c.data(), n, true, workspace);
        for (std::int64_t i = 0; i < batch; ++i) {
          ctgrad::cpu::matmul<T>(shape, a.data() + i * stride.a, ta ? m : k, b.data() + i * stride.b, tb ? k : n,
                                 expected.data() + i * m * n, n, true, workspace);
        }
        double worst = 0;
        for (std::size_t i = 0; i < c.size(); ++i) {
          worst = std::max(worst, std::abs(static_cast<double>(c[i] - expected[i])));
        }
        BOOST_TEST(worst <= 1e-5);
      }
    }
  }
  std::vector<T> untouched(4, T(9));
  ctgrad::cpu::batched_matmul<T>(0, 0, 0, 4, {2, 2, 2, false, false}, a.data(), 2, b.data(), 2, untouched.data(), 2,
                                 false, workspace);
  BOOST_TEST(untouched == std::vector<T>(4, T(9)), boost::test_tools::per_element());
}

#if defined(_OPENMP)
BOOST_AUTO_TEST_CASE_TEMPLATE(built_in_bits_do_not_depend_on_threads, T, Types) {
  MatmulWorkspace<T> workspace;
  using U = typename detail::Arithmetic<T>::type;
  const int before = omp_get_max_threads();
  for (const MatmulShape& s : {MatmulShape{131, 269, 300, false, false}, MatmulShape{64, 784, 128, false, true},
                               MatmulShape{784, 129, 64, true, false}, MatmulShape{1100, 3, 400, true, true},
                               MatmulShape{64, 100, 1000, false, false}}) {
    const auto a = numbers<U>(s.m * s.k, 1);
    const auto b = numbers<U>(s.k * s.n, 2);
    std::vector<std::vector<U>> results;
    for (const int threads : {1, 2, 3, 7}) {
      omp_set_num_threads(threads);
      std::vector<U> c(static_cast<std::size_t>(s.m * s.n));
      detail::gemm<U>(s, a.data(), s.transpose_a ? s.m : s.k, b.data(), s.transpose_b ? s.k : s.n, c.data(), s.n, false,
                      workspace.template a_block<U>(), workspace.template b_panel<U>());
      results.push_back(c);
    }
    for (const auto& c : results) {
      BOOST_TEST(std::memcmp(c.data(), results[0].data(), c.size() * sizeof(U)) == 0);
    }
  }
  omp_set_num_threads(before);
}
#endif

namespace {

template <class T, int M, int N, int K, bool TA, bool TB>
void check_small() {
  check<T>({{M, N, K, TA, TB}}, [](const MatmulShape&, const T* a, std::int64_t, const T* b, std::int64_t, T* c,
                                   std::int64_t, bool) { ctgrad::cpu::small_matmul<T, M, N, K, TA, TB>(a, b, c); });
}

template <class T, int M, int N, int K>
void check_small_transposes() {
  check_small<T, M, N, K, false, false>();
  check_small<T, M, N, K, false, true>();
  check_small<T, M, N, K, true, false>();
  check_small<T, M, N, K, true, true>();
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(small_fixed_extents, T, Types) {
  check_small_transposes<T, 1, 16, 16>();
  check_small_transposes<T, 32, 2, 17>();
  check_small_transposes<T, 7, 13, 5>();
  check_small_transposes<T, 1, 1, 19>();
}

BOOST_AUTO_TEST_CASE(more_small_fixed_extents) {
  check_small_transposes<float, 1, 2, 16>();
  check_small_transposes<float, 1, 16, 4>();
  check_small_transposes<float, 16, 16, 32>();
  check_small_transposes<float, 16, 1, 1>();
  check_small_transposes<float, 1, 1, 1>();
  check_small_transposes<float, 3, 53, 9>();
  check_small_transposes<float, 2, 3, 0>();
}

BOOST_AUTO_TEST_SUITE_END()
