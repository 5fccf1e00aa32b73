// SPDX-License-Identifier: BSL-1.0
/// \file
/// Row-major products, computed by a library that has its matrices in columns.
#include "products.hpp"

BOOST_AUTO_TEST_SUITE(cuda_column_major)

using namespace ctgrad;
using ctgrad_test::OwnedProduct;
using cuda::ColumnMajorProduct;

namespace {

template <class T>
void compute(const MatrixProduct<T>& p) {
  const ColumnMajorProduct call = cuda::column_major(p);
  // What cuBLAS demands of its arguments.
  BOOST_TEST(call.ld_first >= std::max<std::int64_t>(1, call.transpose_first ? call.depth : call.rows));
  BOOST_TEST(call.ld_second >= std::max<std::int64_t>(1, call.transpose_second ? call.columns : call.depth));
  BOOST_TEST(call.ld_result >= std::max<std::int64_t>(1, call.rows));
  for (std::int64_t i = 0; i < call.batch; ++i)
    ctgrad_test::multiply_in_columns(call.transpose_first, call.transpose_second, call.rows, call.columns, call.depth,
                                     p.b + i * call.stride_first, call.ld_first, p.a + i * call.stride_second,
                                     call.ld_second, p.adds ? 1.0 : 0.0, p.c + i * call.stride_result, call.ld_result);
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_layout) {
  ctgrad_test::check_all_layouts<float>([](const auto& p) { compute(p); });
  ctgrad_test::check_all_layouts<double>([](const auto& p) { compute(p); });
}

BOOST_AUTO_TEST_CASE(one_matrix_for_a_batch_is_one_product) {
  const OwnedProduct<float> rows_below_each_other(5, 2, 3, 4, false, false, false, true, false, 0);
  const ColumnMajorProduct call = cuda::column_major(rows_below_each_other.p);
  BOOST_TEST(call.batch == 1);
  BOOST_TEST(call.columns == 10);
  const OwnedProduct<float> transposed(5, 2, 3, 4, true, false, false, true, false, 0);
  BOOST_TEST(cuda::column_major(transposed.p).batch == 5);
  const OwnedProduct<float> one_a(5, 2, 3, 4, false, false, true, false, false, 0);
  BOOST_TEST(cuda::column_major(one_a.p).batch == 5);
}

BOOST_AUTO_TEST_CASE(lengths_that_an_int_cannot_hold) {
  MatrixProduct<float> p;
  p.m = std::int64_t{1} << 31;
  p.n = p.k = p.row_a = p.row_b = p.row_c = 1;
  BOOST_TEST(!cuda::column_major(p).fits_int());
  p.m -= 1;
  BOOST_TEST(cuda::column_major(p).fits_int());
  p.row_c = std::int64_t{1} << 31;
  BOOST_TEST(!cuda::column_major(p).fits_int());
}

BOOST_AUTO_TEST_CASE(text) {
  const OwnedProduct<double> p(5, 2, 3, 4, true, false, false, true, false, 0);
  BOOST_TEST(cuda::to_text(p.p) == "matmul [5, 2, 4] x [4, 3] of float64");
}

BOOST_AUTO_TEST_SUITE_END()
