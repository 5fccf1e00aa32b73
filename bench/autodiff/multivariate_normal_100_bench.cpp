// SPDX-License-Identifier: BSL-1.0
/// \file
/// A normal density with mean and covariance in 100 dimensions, and its gradient.
#include "multivariate_normal.hpp"

namespace {

using namespace multivariate_normals;

BENCHMARK(multivariate_normal<100>);

}  // namespace

BENCHMARK_MAIN();
