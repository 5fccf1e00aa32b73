// SPDX-License-Identifier: BSL-1.0
/// \file
/// The nodes without operands: inputs, parameters, constants.
#pragma once

#include "ctgrad/ops/operation.hpp"

namespace ctgrad::ops {

/// Base of the nodes that have no operands.
struct Leaf : Structured {
  static constexpr OpKind kind = OpKind::leaf;
};

/// An argument of the traced function. Attribute: its position.
struct Input : Leaf {
  static constexpr std::string_view name = "input";
};

/// A trainable parameter or a buffer. Attribute: its position in the graph's table of parameters.
struct Parameter : Leaf {
  static constexpr std::string_view name = "parameter";
};

/// A whole block of parameters, optimizer state or buffers, as one axis. Attribute: the block's number.
struct Block : Leaf {
  static constexpr std::string_view name = "block";
};

/// A scalar. Floating types: the node's `scalar`; integers and booleans too, exactly up to 2^53.
struct Constant : Leaf {
  static constexpr std::string_view name = "constant";
};

/// 0, 1, 2, ... along one axis.
struct Arange : Leaf {
  static constexpr std::string_view name = "arange";
};

/// Integers known at compile time, along one axis: those that the node's `table` points to. Attribute: a hash of them.
struct Table : Leaf {
  static constexpr std::string_view name = "table";
};

/// An extent, possibly known only at run time, as a scalar. Attribute: the extent.
struct ExtentOf : Leaf {
  static constexpr std::string_view name = "extent_of";
};

/// Uniform random numbers in [0, 1), new at every run of the program. Attribute: the stream's number.
struct RandomUniform : Leaf {
  static constexpr std::string_view name = "random_uniform";
};

}  // namespace ctgrad::ops
