// SPDX-License-Identifier: BSL-1.0
/// \file
/// The kernels of LeNet-5 on a GPU. This is all that nvcc compiles; main.cpp uses them.
#include <ctgrad/cuda.hpp>

#include "lenet.hpp"

CTGRAD_CUDA_PROGRAM(ctgrad::Cuda, LeNetTrainer<ctgrad::Cuda>);
CTGRAD_CUDA_PROGRAM(ctgrad::Cuda, LeNetPredictor<ctgrad::Cuda>);
