// SPDX-License-Identifier: BSL-1.0
/// \file
/// The stochastic volatility model with 8192 steps in a C++ loop.
#include "volatility_in_steps.hpp"

namespace {

using namespace volatility;

BENCHMARK(volatility_in_steps<8192>);

}  // namespace

BENCHMARK_MAIN();
