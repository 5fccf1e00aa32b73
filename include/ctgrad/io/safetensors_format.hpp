// SPDX-License-Identifier: BSL-1.0
/// \file
/// What saving and loading of safetensors files share: names and sizes of the element types.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctgrad/tensor/dtype.hpp"

namespace ctgrad {

static_assert(std::endian::native == std::endian::little,
              "ctgrad: safetensors files are little-endian, and so must the machine be");

/// Free text that goes with a safetensors file: "format" -> "pt", the epoch, and the like.
using SafetensorsMetadata = std::map<std::string, std::string>;

namespace detail {

/// Bytes of the header the reference implementation accepts at most.
inline constexpr std::uint64_t safetensors_header_limit = 100'000'000;

constexpr std::string_view safetensors_name(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return "F32";
    case DType::float64:
      return "F64";
    case DType::int32:
      return "I32";
    case DType::int64:
      return "I64";
    case DType::boolean:
      return "BOOL";
    case DType::bfloat16:
      return "BF16";
    case DType::float16:
      return "F16";
  }
  return "?";
}

/// Bytes of one element of a dtype as the file spells it, or 0 if it is unknown.
constexpr std::size_t safetensors_element_size(std::string_view dtype) {
  for (const std::string_view name : {"F64", "I64", "U64", "C64"})
    if (dtype == name) return 8;
  for (const std::string_view name : {"F32", "I32", "U32"})
    if (dtype == name) return 4;
  for (const std::string_view name : {"F16", "BF16", "I16", "U16"})
    if (dtype == name) return 2;
  for (const std::string_view name : {"I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0"})
    if (dtype == name) return 1;
  return 0;
}

/// element * product of the shape, or nothing if that is no size.
inline std::optional<std::size_t> byte_count(std::span<const std::size_t> shape, std::size_t element) {
  std::size_t bytes = element;
  for (const std::size_t extent : shape) {
    if (extent != 0 && bytes > std::numeric_limits<std::size_t>::max() / extent) return {};
    bytes *= extent;
  }
  return bytes;
}

inline std::string text_of_shape(std::span<const std::size_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

}  // namespace detail

}  // namespace ctgrad
