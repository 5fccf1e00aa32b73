// SPDX-License-Identifier: BSL-1.0
/// \file
/// Everything for the CPU.
#pragma once

#include "ctgrad/autodiff/check_gradients.hpp"
#include "ctgrad/autodiff/field.hpp"
#include "ctgrad/autodiff/gradient.hpp"
#include "ctgrad/autodiff/hessian.hpp"
#include "ctgrad/autodiff/jacobian.hpp"
#include "ctgrad/autodiff/jvp.hpp"
#include "ctgrad/autodiff/laplacian.hpp"
#include "ctgrad/autodiff/taylor.hpp"
#include "ctgrad/autodiff/vjp.hpp"
#include "ctgrad/autodiff/vmap.hpp"
#include "ctgrad/dynamic/eager.hpp"
#include "ctgrad/graph/dot.hpp"
#include "ctgrad/graph/text.hpp"
#include "ctgrad/nn/activation.hpp"
#include "ctgrad/nn/batch_norm.hpp"
#include "ctgrad/nn/conv2d.hpp"
#include "ctgrad/nn/linear.hpp"
#include "ctgrad/nn/sequential.hpp"
#include "ctgrad/optim/adam.hpp"
#include "ctgrad/optim/sgd.hpp"
#include "ctgrad/passes/schedule_text.hpp"
#include "ctgrad/program/program.hpp"
#include "ctgrad/train/precision.hpp"
#include "ctgrad/train/trainer.hpp"
