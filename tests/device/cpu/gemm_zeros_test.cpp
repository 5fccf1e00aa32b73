// SPDX-License-Identifier: BSL-1.0
/// \file
/// Products that skip zeros: against a plain loop, against the product that skips nothing, and with numbers that a zero
/// must not hide.
#include <ctgrad/device/cpu/gemm_zeros.hpp>
#include <ctgrad/device/cpu/matmul.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "../../sanitized.hpp"
#include "matmul_reference.hpp"

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace {

using ctgrad::cpu::MatmulShape;
using ctgrad::cpu::MatmulWorkspace;
namespace detail = ctgrad::cpu::detail;

using Types = std::tuple<float, double>;

/// Repeatable numbers in [-1, 1), of which `nonzero` in 100 are not zero.
template <class T>
std::vector<T> numbers(std::int64_t count, std::uint32_t seed, std::uint32_t nonzero = 100) {
  std::vector<T> values(static_cast<std::size_t>(count));
  std::uint32_t state = seed * 2654435761U + 1U;
  for (T& value : values) {
    state = state * 1664525U + 1013904223U;
    const bool zero = (state >> 16) % 100 >= nonzero;
    state = state * 1664525U + 1013904223U;
    value = zero ? T(0) : static_cast<T>(static_cast<std::int32_t>(state) / 65536) / T(33000);
  }
  return values;
}

/// A product with its operands; rows are `pad` elements longer than they need to be.
template <class T>
struct Product {
  MatmulShape shape;
  std::int64_t pad = 0;
  std::int64_t lda = (shape.transpose_a ? shape.m : shape.k) + pad;
  std::int64_t ldb = (shape.transpose_b ? shape.k : shape.n) + pad;
  std::int64_t ldc = shape.n + pad;
  // The last row has no padding: reading past it is an error the address sanitizer sees.
  std::vector<T> a, b;
  std::vector<T> c = numbers<T>(shape.m * ldc - pad, 3);
  /// What the product is, for as long as no operand changes.
  std::optional<ctgrad_test::ExactProduct<T>> exact;

  Product(const MatmulShape& s, std::uint32_t nonzero_a, std::uint32_t nonzero_b, std::int64_t padding = 0)
      : shape(s),
        pad(padding),
        a(numbers<T>((s.transpose_a ? s.k : s.m) * lda - pad, 1, nonzero_a)),
        b(numbers<T>((s.transpose_b ? s.n : s.k) * ldb - pad, 2, nonzero_b)) {}

  T& of_a(std::int64_t i, std::int64_t p) {
    exact.reset();
    return a[static_cast<std::size_t>(shape.transpose_a ? p * lda + i : i * lda + p)];
  }
  T& of_b(std::int64_t p, std::int64_t j) {
    exact.reset();
    return b[static_cast<std::size_t>(shape.transpose_b ? j * ldb + p : p * ldb + j)];
  }

  /// C, which holds NaN before where it is not added to, and the padding.
  std::vector<T> before(bool adds) const {
    std::vector<T> result = c;
    for (std::int64_t i = 0; i < shape.m && !adds; ++i)
      for (std::int64_t j = 0; j < shape.n; ++j)
        result[static_cast<std::size_t>(i * ldc + j)] = std::numeric_limits<T>::quiet_NaN();
    return result;
  }
  std::vector<T> without_skipping(bool adds) const {
    MatmulWorkspace<T> workspace;
    auto result = before(adds);
    detail::gemm<T>(shape, a.data(), lda, b.data(), ldb, result.data(), ldc, adds, workspace.template a_block<T>(),
                    workspace.template b_panel<T>());
    return result;
  }
  /// Whether zeros were skipped, and the result.
  std::pair<bool, std::vector<T>> skipping(bool adds) const {
    MatmulWorkspace<T> workspace;
    auto result = before(adds);
    const bool done =
        detail::multiply_skipping_zeros<T>(shape, a.data(), lda, b.data(), ldb, result.data(), ldc, adds,
                                           workspace.template a_block<T>(), workspace.template b_panel<T>());
    return {done, result};
  }
  /// With given instructions, whatever would be quicker: the zeros of A, or those of B and C^T = op(B)^T op(A)^T.
  template <class Instructions>
  std::vector<T> always_skipping(bool adds, bool turned) const {
    MatmulWorkspace<T> workspace;
    auto result = before(adds);
    T* const block = workspace.template a_block<T>();
    T* const panel = workspace.template b_panel<T>();
    if (turned) {
      const MatmulShape s{shape.n, shape.m, shape.k, !shape.transpose_b, !shape.transpose_a};
      detail::run_product(detail::ZeroSkippingGemm<T, Instructions>{s, b.data(), ldb, a.data(), lda, result.data(), ldc,
                                                                    false, true, block, panel});
    } else {
      detail::run_product(detail::ZeroSkippingGemm<T, Instructions>{shape, a.data(), lda, b.data(), ldb, result.data(),
                                                                    ldc, adds, false, block, panel});
    }
    return result;
  }

  /// Compares every element and the padding of C with sums in long double.
  void check(const std::vector<T>& result, bool adds, const std::string& what) {
    if (!exact) exact.emplace(shape, a, lda, b, ldb);
    const std::int64_t wrong = exact->wrong_elements(c, result, ldc, adds);
    BOOST_TEST(wrong == 0, what << " of " << shape.m << "x" << shape.n << "x" << shape.k
                                << (shape.transpose_a ? " T" : " N") << (shape.transpose_b ? "T" : "N") << ": " << wrong
                                << " wrong elements");
  }
};

template <class T, class Instructions>
void check_with(const char* instructions) {
  constexpr std::int64_t lanes = detail::lanes<T, Instructions::bytes>;
  for (const bool ta : {false, true})
    for (const bool tb : {false, true}) {
      // Every number of vectors, parts of vectors, of words and of blocks of rows and steps; rows of C a power of two
      // apart.
      for (const MatmulShape& s : {MatmulShape{5, 4 * lanes, 1, ta, tb}, MatmulShape{7, 4 * lanes - 1, 3, ta, tb},
                                   MatmulShape{8, 5 * lanes, 63, ta, tb}, MatmulShape{9, 6 * lanes + 1, 64, ta, tb},
                                   MatmulShape{4, 8 * lanes, 65, ta, tb}, MatmulShape{33, 9 * lanes - 5, 70, ta, tb},
                                   MatmulShape{1, 15 * lanes, 40, ta, tb}, MatmulShape{70, 17 * lanes + 6, 129, ta, tb},
                                   MatmulShape{261, 4 * lanes + 1, 260, ta, tb}, MatmulShape{3, 70, 2100, ta, tb},
                                   MatmulShape{4 * lanes + 3, 512, 65, ta, tb}}) {
        for (const std::int64_t pad : {3, 0}) {
          if (ctgrad_test::sanitized && pad == 0) continue;
          Product<T> product(s, 40, 100, pad);
          for (const bool adds : {false, true})
            product.check(product.template always_skipping<Instructions>(adds, false), adds, instructions);
          Product<T> other(s, 100, 30, pad);
          const MatmulShape turned{s.n, s.m, s.k, !tb, !ta};
          if (s.m > 3 * lanes && detail::ZeroSkippingGemm<T, Instructions>{turned, nullptr, 0, nullptr, 0, nullptr, 0,
                                                                           false, true, nullptr, nullptr}
                                     .may_be_turned())
            other.check(other.template always_skipping<Instructions>(false, true), false, instructions);
        }
      }
    }
}

/// Shapes that are looked at, of a number of steps for which the other product does not split its sums.
constexpr MatmulShape large_shapes[] = {{128, 784, 64, true, false},
                                        {128, 128, 128, false, true},
                                        {300, 128, 64, false, false},
                                        {200, 128, 100, true, true}};

/// Programs built for any processor need AVX2 for it.
boost::test_tools::assertion_result can_skip([[maybe_unused]] boost::unit_test::test_unit_id id) {
#if defined(CTGRAD_DISPATCH_AVX2)
  return detail::cpu_has_avx2();
#else
  return true;
#endif
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gemm_zeros, *boost::unit_test::precondition(can_skip))

BOOST_AUTO_TEST_CASE_TEMPLATE(all_shapes, T, Types) {
  check_with<T, detail::NativeZeroSkipping>("native");
#if defined(CTGRAD_DISPATCH_AVX2)
  check_with<T, detail::Avx2ZeroSkipping>("AVX2");
#endif
}

BOOST_AUTO_TEST_CASE_TEMPLATE(bits_are_those_of_the_product_that_skips_nothing, T, Types) {
  for (const MatmulShape& s : large_shapes) {
    const Product<T> product(s, 50, 100);
    const auto [done, result] = product.skipping(false);
    BOOST_TEST(done);
    BOOST_TEST((result == product.without_skipping(false)));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(zeros_of_either_operand_are_seen, T, Types) {
  for (const MatmulShape& s : large_shapes) {
    Product<T> left(s, 40, 100), right(s, 100, 20), both(s, 45, 10);
    for (Product<T>* product : {&left, &right, &both}) {
      const auto [done, result] = product->skipping(false);
      BOOST_TEST(done);
      product->check(result, false, "zeros");
    }
    const auto [done, result] = left.skipping(true);
    BOOST_TEST(done);
    left.check(result, true, "added zeros");
    // A result to be added to is not turned.
    BOOST_TEST(!right.skipping(true).first);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(few_zeros_and_small_products_are_left_to_others, T, Types) {
  const MatmulShape large{128, 784, 64, true, false};
  for (const Product<T>& product :
       {Product<T>(large, 100, 100), Product<T>(large, 75, 100), Product<T>(large, 100, 60),
        Product<T>({64, 128, 128, false, false}, 30, 100), Product<T>({31, 2000, 64, false, false}, 30, 100),
        Product<T>({2000, 2000, 31, false, false}, 30, 100), Product<T>({2000, 31, 64, false, false}, 30, 30)}) {
    const auto [done, result] = product.skipping(true);
    BOOST_TEST(!done);
    BOOST_TEST((result == product.c));
  }
}

/// Zero times infinity is NaN, and so is zero times NaN: the columns of B, or rows of A, that have one are as without
/// skipping.
BOOST_AUTO_TEST_CASE_TEMPLATE(zeros_hide_no_infinity, T, Types) {
  constexpr T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  for (const MatmulShape& s : large_shapes)
    for (const T bad : {infinity, -infinity, nan})
      for (const bool turned : {false, true})
        for (const bool adds : {false, true}) {
          if (turned && adds) continue;
          Product<T> product(s, turned ? 100 : 50, turned ? 20 : 100);
          if (turned) {
            product.of_a(0, s.k - 1) = bad;
            product.of_a(s.m / 2, 5) = bad;
          } else {
            product.of_b(s.k - 1, 0) = bad;
            product.of_b(5, s.n / 2) = bad;
          }
          const auto [done, result] = product.skipping(adds);
          BOOST_TEST(done);
          const auto expected = product.without_skipping(adds);
          std::int64_t wrong = 0, not_numbers = 0;
          for (std::size_t i = 0; i < result.size(); ++i) {
            const bool is_nan = std::isnan(expected[i]);
            not_numbers += is_nan ? 1 : 0;
            wrong += is_nan != std::isnan(result[i]) || (std::isinf(expected[i]) && result[i] != expected[i]) ? 1 : 0;
          }
          BOOST_TEST(wrong == 0);
          // Every row has a zero beside a bad number, or every column.
          BOOST_TEST(not_numbers >= (turned ? s.n : s.m) / 2);
          BOOST_TEST(not_numbers <= 2 * (turned ? s.n : s.m));
        }
}

/// NaN is not zero, nor are the smallest numbers; minus zero is.
BOOST_AUTO_TEST_CASE_TEMPLATE(what_counts_as_zero, T, Types) {
  T x[detail::bits_depth] = {};
  BOOST_TEST(detail::nonzero_bits(x) == 0U);
  x[0] = T(1);
  x[9] = std::numeric_limits<T>::quiet_NaN();
  x[31] = std::numeric_limits<T>::denorm_min();
  x[32] = -std::numeric_limits<T>::infinity();
  x[40] = -T(0);
  x[63] = T(-2);
  const std::uint64_t expected = 1ULL | 1ULL << 9 | 1ULL << 31 | 1ULL << 32 | 1ULL << 63;
  BOOST_TEST(detail::nonzero_bits(x) == expected);

  MatmulShape s{128, 784, 64, true, false};
  Product<T> product(s, 50, 100);
  product.of_a(17, 3) = std::numeric_limits<T>::quiet_NaN();
  const auto result = product.skipping(false).second;
  for (std::int64_t j = 0; j < s.n; ++j) BOOST_TEST(std::isnan(result[static_cast<std::size_t>(17 * s.n + j)]));
  BOOST_TEST(std::isfinite(result[0]));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(shares_are_estimated_from_all_parts_of_a_matrix, T, Types) {
  const auto half = numbers<T>(300 * 200, 5, 50);
  BOOST_TEST(std::abs(detail::zero_share<T>(300, 200, half.data(), 200) - 0.5) < 0.1);
  std::vector<T> column(300 * 200, T(1));
  for (std::size_t i = 0; i < column.size(); i += 200) column[i] = T(0);
  BOOST_TEST(detail::zero_share<T>(300, 1, column.data(), 200) == 1.0);
  std::vector<T> lower_half(300 * 200);
  for (std::size_t i = lower_half.size() / 2; i < lower_half.size(); ++i) lower_half[i] = T(1);
  BOOST_TEST(detail::zero_share<T>(300, 200, lower_half.data(), 200) == 0.5);
}

/// The public function takes this way too: where it adds to C the bits differ from those of the other product.
BOOST_AUTO_TEST_CASE_TEMPLATE(the_public_function, T, Types) {
  MatmulWorkspace<T> workspace;
  for (const MatmulShape& s : large_shapes) {
    Product<T> product(s, 50, 100);
    auto result = product.before(true);
    ctgrad::cpu::matmul<T>(s, product.a.data(), product.lda, product.b.data(), product.ldb, result.data(), product.ldc,
                           true, workspace);
    BOOST_TEST((result == product.skipping(true).second));
    BOOST_TEST((result != product.without_skipping(true)));
  }
}

#if defined(_OPENMP)
BOOST_AUTO_TEST_CASE_TEMPLATE(bits_do_not_depend_on_threads, T, Types) {
  const int before = omp_get_max_threads();
  for (const bool turned : {false, true})
    for (const MatmulShape& s :
         {MatmulShape{128, 784, 64, true, false}, MatmulShape{400, 200, turned ? 64 : 1000, false, true}}) {
      const Product<T> product(s, turned ? 100 : 40, turned ? 20 : 100);
      std::vector<std::vector<T>> results;
      for (const int threads : {1, 2, 3, 7, 16, 40}) {
        omp_set_num_threads(threads);
        const auto [done, result] = product.skipping(false);
        BOOST_TEST(done);
        results.push_back(result);
      }
      for (const auto& result : results)
        BOOST_TEST(std::memcmp(result.data(), results[0].data(), result.size() * sizeof(T)) == 0);
    }
  omp_set_num_threads(before);
}
#endif

BOOST_AUTO_TEST_SUITE_END()
