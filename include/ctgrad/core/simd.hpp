// SPDX-License-Identifier: BSL-1.0
/// \file
/// Simd<T, N> and SimdMask<N, Bytes>, vectors of numbers and truth values, and everything that is
/// done with them.
#pragma once

#include "ctgrad/core/simd/arithmetic.hpp"
#include "ctgrad/core/simd/convert.hpp"
#include "ctgrad/core/simd/half.hpp"
#include "ctgrad/core/simd/lanes.hpp"
#include "ctgrad/core/simd/mask.hpp"
#include "ctgrad/core/simd/partial.hpp"
#include "ctgrad/core/simd/reduce.hpp"
