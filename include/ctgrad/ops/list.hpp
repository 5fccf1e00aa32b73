// SPDX-License-Identifier: BSL-1.0
/// \file
/// The list of all operations. A new one is a new file and one line here.
#pragma once

#include "ctgrad/core/type_list.hpp"
#include "ctgrad/ops/abs.hpp"
#include "ctgrad/ops/add.hpp"
#include "ctgrad/ops/argmax.hpp"
#include "ctgrad/ops/batch_norm.hpp"
#include "ctgrad/ops/batch_norm_step.hpp"
#include "ctgrad/ops/broadcast_to.hpp"
#include "ctgrad/ops/cast.hpp"
#include "ctgrad/ops/compare.hpp"
#include "ctgrad/ops/concat.hpp"
#include "ctgrad/ops/conv2d.hpp"
#include "ctgrad/ops/cos.hpp"
#include "ctgrad/ops/divide.hpp"
#include "ctgrad/ops/dropout.hpp"
#include "ctgrad/ops/erf.hpp"
#include "ctgrad/ops/exp.hpp"
#include "ctgrad/ops/gather.hpp"
#include "ctgrad/ops/leaf.hpp"
#include "ctgrad/ops/log.hpp"
#include "ctgrad/ops/logical.hpp"
#include "ctgrad/ops/losses.hpp"
#include "ctgrad/ops/matmul.hpp"
#include "ctgrad/ops/max.hpp"
#include "ctgrad/ops/maximum.hpp"
#include "ctgrad/ops/mean.hpp"
#include "ctgrad/ops/min.hpp"
#include "ctgrad/ops/minimum.hpp"
#include "ctgrad/ops/multiply.hpp"
#include "ctgrad/ops/negate.hpp"
#include "ctgrad/ops/one_hot.hpp"
#include "ctgrad/ops/pack.hpp"
#include "ctgrad/ops/permute.hpp"
#include "ctgrad/ops/pool2d.hpp"
#include "ctgrad/ops/pow.hpp"
#include "ctgrad/ops/prod.hpp"
#include "ctgrad/ops/relu.hpp"
#include "ctgrad/ops/reshape.hpp"
#include "ctgrad/ops/sigmoid.hpp"
#include "ctgrad/ops/sin.hpp"
#include "ctgrad/ops/slice.hpp"
#include "ctgrad/ops/softmax.hpp"
#include "ctgrad/ops/softplus.hpp"
#include "ctgrad/ops/sqrt.hpp"
#include "ctgrad/ops/square.hpp"
#include "ctgrad/ops/subtract.hpp"
#include "ctgrad/ops/sum.hpp"
#include "ctgrad/ops/tanh.hpp"
#include "ctgrad/ops/user.hpp"
#include "ctgrad/ops/where.hpp"

namespace ctgrad::ops {

using List = detail::TypeList<
    // leaves
    Input, Parameter, Block, Constant, Arange, Table, ExtentOf, RandomUniform,
    // elementwise
    Abs, Add, Cast, Copy, Cos, Divide, Equal, Erf, Exp, Greater, GreaterEqual, Less, LessEqual, Log, LogicalAnd,
    LogicalNot, LogicalOr, Maximum, Minimum, Multiply, Negate, NotEqual, Pow, Relu, Sigmoid, Sin, Softplus, Sqrt,
    Square, StopGradient, Subtract, Tanh, Where,
    // reductions
    Max, Min, Prod, Sum,
    // views
    BroadcastTo, Permute, Reshape, Slice,
    // structured
    ArgMax, ArgMin, AvgPool2d, AvgPool2dGradient, BatchNorm, BatchNormGradient, Concat, Conv2d, Conv2dInputGradient,
    Conv2dWeightGradient, Gather, MatMul, MaxPool2d, MaxPool2dGradient, Pack, Pad, ScatterAdd, SideResult, Take,
    TakeAdjoint,
    // from a user's header
    UserElementwise, CustomDerivative, UserKernel>;

}  // namespace ctgrad::ops
