// SPDX-License-Identifier: BSL-1.0
/// \file
/// A linear regression with few weights, and its gradient.
#include "regression.hpp"

namespace {

using namespace regressions;

BENCHMARK(regression<10>);

}  // namespace

BENCHMARK_MAIN();
