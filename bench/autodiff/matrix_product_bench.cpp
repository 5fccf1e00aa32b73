// SPDX-License-Identifier: BSL-1.0
/// \file
/// The sum of the elements of a product of small matrices and its gradient.
#include "matrix_product.hpp"

namespace {

using namespace matrix_products;

BENCHMARK(product_of_matrices<2>);
BENCHMARK(product_of_matrices<11>);
BENCHMARK(product_of_matrices<32>);

}  // namespace

BENCHMARK_MAIN();
