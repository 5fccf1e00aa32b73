// SPDX-License-Identifier: BSL-1.0
/// \file
/// Elementary functions on float, double and their Simds, one algorithm for both: a lane has the
/// bits of the number. The bounds stated hold in the default rounding mode without -ffast-math,
/// which would undo the range reductions.
///
/// A GPU runs the same algorithms on numbers, and gives the bits of a CPU with fused multiply-add (-mfma), with the
/// exceptions that `sin`, `cos` and `pow` name. nvcc's -use_fast_math, -ftz, -prec-div=false and -prec-sqrt=false make
/// division, square roots and subnormals inexact, and void the bounds.
#pragma once

#include "ctgrad/core/math/erf.hpp"
#include "ctgrad/core/math/exp.hpp"
#include "ctgrad/core/math/lanes.hpp"
#include "ctgrad/core/math/log.hpp"
#include "ctgrad/core/math/pow.hpp"
#include "ctgrad/core/math/round.hpp"
#include "ctgrad/core/math/sin.hpp"
#include "ctgrad/core/math/sqrt.hpp"
#include "ctgrad/core/math/tanh.hpp"
