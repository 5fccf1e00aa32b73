// SPDX-License-Identifier: BSL-1.0
/// \file
/// Tensors with operators: expressions that run as one loop when they are assigned.
#pragma once

#include "ctgrad/dynamic/assignment.hpp"
#include "ctgrad/dynamic/eager_steps.hpp"
#include "ctgrad/dynamic/eager_user.hpp"
#include "ctgrad/dynamic/temporaries.hpp"
#include "ctgrad/tensor/print.hpp"
