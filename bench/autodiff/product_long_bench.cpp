// SPDX-License-Identifier: BSL-1.0
/// \file
/// Value and gradient of products of many numbers.
#include "product.hpp"

namespace {

using namespace products;

BENCHMARK(product_of<256>);
BENCHMARK(product_of<4096>);
BENCHMARK(product_of<16384>);

}  // namespace

BENCHMARK_MAIN();
