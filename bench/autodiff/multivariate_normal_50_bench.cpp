// SPDX-License-Identifier: BSL-1.0
/// \file
/// A normal density with mean and covariance in 50 dimensions, and its gradient.
#include "multivariate_normal.hpp"

namespace {

using namespace multivariate_normals;

BENCHMARK(multivariate_normal<50>);

}  // namespace

BENCHMARK_MAIN();
