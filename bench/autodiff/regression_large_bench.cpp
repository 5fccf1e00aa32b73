// SPDX-License-Identifier: BSL-1.0
/// \file
/// A linear regression with many weights, and its gradient.
#include "regression.hpp"

namespace {

using namespace regressions;

BENCHMARK(regression<150>);

}  // namespace

BENCHMARK_MAIN();
