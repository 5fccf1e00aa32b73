// SPDX-License-Identifier: BSL-1.0
/// \file
/// Value and gradient of sums of many numbers.
#include "sum.hpp"

namespace {

using namespace sums;

BENCHMARK(sum_of<256>);
BENCHMARK(sum_of<4096>);
BENCHMARK(sum_of<16384>);

}  // namespace

BENCHMARK_MAIN();
