// SPDX-License-Identifier: BSL-1.0
/// \file
/// Everything for the CPU.
#pragma once

#include "ctgrad/autodiff/gradient.hpp"
