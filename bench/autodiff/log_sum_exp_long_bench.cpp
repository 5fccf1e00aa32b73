// SPDX-License-Identifier: BSL-1.0
/// \file
/// Value and gradient of log(sum(exp(x))) of many numbers.
#include "log_sum_exp.hpp"

namespace {

using namespace log_sum_exps;

BENCHMARK(log_sum_exp_of<256>);
BENCHMARK(log_sum_exp_of<4096>);
BENCHMARK(log_sum_exp_of<16384>);

}  // namespace

BENCHMARK_MAIN();
