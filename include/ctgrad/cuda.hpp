// SPDX-License-Identifier: BSL-1.0
/// \file
/// Everything for the CPU, and NVIDIA GPUs.
#pragma once

#include "ctgrad/ctgrad.hpp"
#include "ctgrad/device/cuda/cuda.hpp"
