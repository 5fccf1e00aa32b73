// SPDX-License-Identifier: BSL-1.0
/// \file
/// Reading arrays in the IDX format, in which MNIST and its kin come.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctgrad/core/error.hpp"
#include "ctgrad/io/gzip.hpp"

namespace ctgrad {

/// Element type of an IDX file; the number is the one in the file.
enum class IdxType : std::uint8_t {
  uint8 = 0x08,
  int8 = 0x09,
  int16 = 0x0B,
  int32 = 0x0C,
  float32 = 0x0D,
  float64 = 0x0E
};

/// Bytes of one element, or 0 for a number that is no IDX type.
constexpr std::size_t size_of(IdxType type) {
  switch (type) {
    case IdxType::uint8:
    case IdxType::int8:
      return 1;
    case IdxType::int16:
      return 2;
    case IdxType::int32:
    case IdxType::float32:
      return 4;
    case IdxType::float64:
      return 8;
  }
  return 0;
}

constexpr std::string_view name_of(IdxType type) {
  switch (type) {
    case IdxType::uint8:
      return "uint8";
    case IdxType::int8:
      return "int8";
    case IdxType::int16:
      return "int16";
    case IdxType::int32:
      return "int32";
    case IdxType::float32:
      return "float32";
    case IdxType::float64:
      return "float64";
  }
  return "?";
}

namespace detail {

template <class T>
constexpr IdxType idx_type_of() {
  if constexpr (std::same_as<T, std::uint8_t>) return IdxType::uint8;
  if constexpr (std::same_as<T, std::int8_t>) return IdxType::int8;
  if constexpr (std::same_as<T, std::int16_t>) return IdxType::int16;
  if constexpr (std::same_as<T, std::int32_t>) return IdxType::int32;
  if constexpr (std::same_as<T, float>) return IdxType::float32;
  if constexpr (std::same_as<T, double>) return IdxType::float64;
}

}  // namespace detail

/// The C++ types that are element types of IDX files.
template <class T>
concept IdxElement = std::same_as<T, std::uint8_t> || std::same_as<T, std::int8_t> || std::same_as<T, std::int16_t> ||
    std::same_as<T, std::int32_t> || std::same_as<T, float> || std::same_as<T, double>;

/// The content of an IDX file: elements in row-major order, in the byte order of this machine.
struct IdxArray {
  IdxType type = IdxType::uint8;
  std::vector<std::size_t> shape;
  std::vector<std::byte> bytes;

  /// Number of elements.
  std::size_t size() const { return bytes.size() / size_of(type); }

  /// The elements. Throws Error when T is not the type in the file.
  template <IdxElement T>
  std::vector<T> values() const {
    if (detail::idx_type_of<T>() != type)
      throw_error("IDX array: the elements are " + std::string(name_of(type)) + ", not " +
                  std::string(name_of(detail::idx_type_of<T>())));
    std::vector<T> result(size());
    if (!result.empty()) std::memcpy(result.data(), bytes.data(), bytes.size());
    return result;
  }
};

/// Decodes IDX data: two zero bytes, the type, the rank (1 to 8), the extents as big-endian 32-bit
/// numbers, the elements big-endian, nothing more. `name` stands in the errors.
inline IdxArray parse_idx(std::span<const std::byte> data, const std::string& name) {
  const auto fail = [&](std::size_t offset, const std::string& expected, const std::string& found) {
    throw_error("'" + name + "' is not a good IDX file: at byte " + std::to_string(offset) + " expected " + expected +
                ", found " + found);
  };
  const auto byte_at = [&](std::size_t i) { return std::to_integer<unsigned>(data[i]); };
  const std::string end = "the end of the data (" + std::to_string(data.size()) + " bytes)";

  if (data.size() < 4) fail(data.size(), "a header of 4 bytes", end);
  for (std::size_t i = 0; i < 2; ++i)
    if (byte_at(i) != 0) fail(i, "0 (IDX begins with two zero bytes)", std::to_string(byte_at(i)));
  IdxArray array;
  array.type = static_cast<IdxType>(byte_at(2));
  const std::size_t element = size_of(array.type);
  if (element == 0) fail(2, "a type number (8, 9, 11, 12, 13 or 14)", std::to_string(byte_at(2)));
  const std::size_t rank = byte_at(3);
  if (rank < 1 || rank > 8) fail(3, "a rank of 1 to 8", std::to_string(rank));
  const std::size_t header = 4 + 4 * rank;
  if (data.size() < header) fail(data.size(), "a header of " + std::to_string(header) + " bytes", end);

  // The header is compared with the bytes there are before anything is allocated for it.
  std::size_t bytes = element;
  std::string shape_text;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const std::size_t at = 4 + 4 * axis;
    const std::size_t extent =
        static_cast<std::size_t>(byte_at(at)) << 24 | byte_at(at + 1) << 16 | byte_at(at + 2) << 8 | byte_at(at + 3);
    if (extent != 0 && bytes > std::numeric_limits<std::size_t>::max() / extent)
      fail(at, "extents whose product can be a size", "the extent " + std::to_string(extent));
    bytes *= extent;
    array.shape.push_back(extent);
    shape_text += (axis == 0 ? "" : " x ") + std::to_string(extent);
  }
  const std::size_t there = data.size() - header;
  if (there < bytes)
    fail(data.size(),
         std::to_string(bytes) + " bytes of elements (" + shape_text + " " + std::string(name_of(array.type)) + ")",
         "only " + std::to_string(there) + "; the file is cut off or its header is damaged");
  if (there > bytes)
    fail(header + bytes, "the end of the file after " + shape_text + " elements",
         std::to_string(there - bytes) + " more bytes");

  array.bytes.assign(data.begin() + static_cast<std::ptrdiff_t>(header), data.end());
  if constexpr (std::endian::native == std::endian::little)
    for (std::size_t i = 0; element > 1 && i < bytes; i += element)
      std::reverse(array.bytes.begin() + static_cast<std::ptrdiff_t>(i),
                   array.bytes.begin() + static_cast<std::ptrdiff_t>(i + element));
  return array;
}

/// Reads an IDX file, plain or packed with gzip. Throws Error when it cannot be read, is not in the
/// format, or holds more than `limit` bytes.
inline IdxArray read_idx(const std::filesystem::path& path, std::uint64_t limit = default_size_limit) {
  return parse_idx(read_plain_or_gzip(path, limit), path.string());
}

/// Grey pictures of one size, row by row, 0 to 255.
struct IdxImages {
  std::size_t count = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<std::uint8_t> pixels;
};

namespace detail {

inline std::vector<std::uint8_t> read_idx_bytes(const std::filesystem::path& path, std::size_t rank, const char* what,
                                                std::vector<std::size_t>& shape) {
  const IdxArray array = read_idx(path);
  if (array.type != IdxType::uint8 || array.shape.size() != rank)
    throw_error("'" + path.string() + "' holds no " + what + ": expected uint8 of rank " + std::to_string(rank) +
                ", found " + std::string(name_of(array.type)) + " of rank " + std::to_string(array.shape.size()) +
                " (are images and labels mixed up?)");
  shape = array.shape;
  return array.values<std::uint8_t>();
}

}  // namespace detail

/// Reads pictures as MNIST has them: uint8 [count, rows, columns].
inline IdxImages read_idx_images(const std::filesystem::path& path) {
  std::vector<std::size_t> shape;
  IdxImages images;
  images.pixels = detail::read_idx_bytes(path, 3, "images", shape);
  images.count = shape[0];
  images.rows = shape[1];
  images.columns = shape[2];
  return images;
}

/// Reads class numbers as MNIST has them: uint8 [count].
inline std::vector<std::uint8_t> read_idx_labels(const std::filesystem::path& path) {
  std::vector<std::size_t> shape;
  return detail::read_idx_bytes(path, 1, "labels", shape);
}

}  // namespace ctgrad
