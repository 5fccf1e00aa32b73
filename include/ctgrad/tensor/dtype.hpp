// SPDX-License-Identifier: BSL-1.0
/// \file
/// The element types a tensor can have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ctgrad {

/// Element type of a tensor, as a value. Booleans take one byte in memory, 0 or 1.
enum class DType : std::uint8_t { float32, float64, int32, int64, boolean };

namespace detail {

template <class T>
struct DTypeOf;  // left undefined: the element type is not one of the five

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

}  // namespace detail

/// The DType of a C++ element type: float, double, std::int32_t, std::int64_t or bool.
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
  }
  return "?";
}

/// True for float32 and float64: the types that have derivatives.
constexpr bool is_floating(DType dtype) { return dtype == DType::float32 || dtype == DType::float64; }

}  // namespace ctgrad
