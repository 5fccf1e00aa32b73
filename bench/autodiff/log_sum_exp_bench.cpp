// SPDX-License-Identifier: BSL-1.0
/// \file
/// Value and gradient of log(sum(exp(x))) of few numbers.
#include "log_sum_exp.hpp"

namespace {

using namespace log_sum_exps;

BENCHMARK(log_sum_exp_of<1>);
BENCHMARK(log_sum_exp_of<16>);

}  // namespace

BENCHMARK_MAIN();
