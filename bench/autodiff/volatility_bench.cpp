// SPDX-License-Identifier: BSL-1.0
/// \file
/// The stochastic volatility model with 128 steps in a C++ loop.
#include "volatility_in_steps.hpp"

namespace {

using namespace volatility;

BENCHMARK(volatility_in_steps<128>);

}  // namespace

BENCHMARK_MAIN();
