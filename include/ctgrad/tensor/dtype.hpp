// SPDX-License-Identifier: BSL-1.0
/// \file
/// The element types a tensor can have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ctgrad/core/half.hpp"

namespace ctgrad {

/// Element type of a tensor, as a value. Booleans take one byte in memory, 0 or 1.
enum class DType : std::uint8_t { float32, float64, int32, int64, boolean, bfloat16, float16 };

namespace detail {

template <class T>
struct DTypeOf;  // left undefined: the element type is not one of those above

template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::float32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::float64;
};
template <>
struct DTypeOf<std::int32_t> {
  static constexpr DType value = DType::int32;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::int64;
};
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::boolean;
};
template <>
struct DTypeOf<bfloat16> {
  static constexpr DType value = DType::bfloat16;
};
template <>
struct DTypeOf<float16> {
  static constexpr DType value = DType::float16;
};

template <DType D>
struct ElementOf;
template <>
struct ElementOf<DType::float32> {
  using type = float;
};
template <>
struct ElementOf<DType::float64> {
  using type = double;
};
template <>
struct ElementOf<DType::int32> {
  using type = std::int32_t;
};
template <>
struct ElementOf<DType::int64> {
  using type = std::int64_t;
};
template <>
struct ElementOf<DType::boolean> {
  using type = bool;
};
template <>
struct ElementOf<DType::bfloat16> {
  using type = bfloat16;
};
template <>
struct ElementOf<DType::float16> {
  using type = float16;
};

}  // namespace detail

/// The DType of a C++ element type: float, double, bfloat16, float16, std::int32_t, std::int64_t or bool.
template <class T>
inline constexpr DType dtype_of = detail::DTypeOf<T>::value;

/// The C++ element type of a DType.
template <DType D>
using element_t = typename detail::ElementOf<D>::type;

/// True for the C++ types that can be elements of a tensor.
template <class T>
concept Element = requires {
  detail::DTypeOf<T>::value;
};

/// Bytes of one element in memory.
constexpr std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::float32:
    case DType::int32:
      return 4;
    case DType::float64:
    case DType::int64:
      return 8;
    case DType::boolean:
      return 1;
    case DType::bfloat16:
    case DType::float16:
      return 2;
  }
  return 0;
}

/// The name NumPy and PyTorch use for a DType.
constexpr std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return "float32";
    case DType::float64:
      return "float64";
    case DType::int32:
      return "int32";
    case DType::int64:
      return "int64";
    case DType::boolean:
      return "bool";
    case DType::bfloat16:
      return "bfloat16";
    case DType::float16:
      return "float16";
  }
  return "?";
}

/// True for bfloat16 and float16: elements that are stored in 16 bits and computed with as float.
constexpr bool is_half_type(DType dtype) { return dtype >= DType::bfloat16; }

/// The type that arithmetic on elements of a DType is done in: float32 for the 16-bit types, else the type itself.
constexpr DType compute_type(DType dtype) { return dtype >= DType::bfloat16 ? DType::float32 : dtype; }

/// True for float32, float64, bfloat16 and float16: the types that have derivatives.
constexpr bool is_floating(DType dtype) { return dtype <= DType::float64 || dtype >= DType::bfloat16; }

}  // namespace ctgrad
