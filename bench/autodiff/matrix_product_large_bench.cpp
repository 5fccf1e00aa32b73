// SPDX-License-Identifier: BSL-1.0
/// \file
/// The sum of the elements of a product of large matrices and its gradient.
#include "matrix_product.hpp"

namespace {

using namespace matrix_products;

BENCHMARK(product_of_matrices<90>);
BENCHMARK(product_of_matrices<181>);

}  // namespace

BENCHMARK_MAIN();
