// SPDX-License-Identifier: BSL-1.0
/// \file
/// Random zeroing of elements.
#pragma once

#include "ctgrad/ops/compare.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/operation.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad {

/// Each element zeroed with the given probability, the others scaled by 1 / (1 - probability)
/// (Srivastava et al. 2014, inverted form). The random numbers come from the program's seed and
/// differ at every step. This is the training form; at inference leave the call out, as nn::Dropout does.
template <Handle X>
constexpr auto dropout(const X& x, double probability) {
  return where(ctgrad_random_uniform(x) >= probability, x * (1.0 / (1.0 - probability)), 0);
}

}  // namespace ctgrad
