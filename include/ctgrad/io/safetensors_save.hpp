// SPDX-License-Identifier: BSL-1.0
/// \file
/// Saving named arrays as a safetensors file, atomically.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "ctgrad/core/error.hpp"
#include "ctgrad/io/file.hpp"
#include "ctgrad/io/json.hpp"
#include "ctgrad/io/safetensors_format.hpp"
#include "ctgrad/tensor/dtype.hpp"

namespace ctgrad {

/// An array to save: row-major elements that someone else owns.
struct NamedArray {
  std::string name;
  DType dtype = DType::float32;
  std::vector<std::size_t> shape;
  std::span<const std::byte> bytes;
};

/// A NamedArray over the given elements.
template <Element T>
NamedArray named_array(std::string name, std::vector<std::size_t> shape,
                       std::type_identity_t<std::span<const T>> values) {
  return {std::move(name), dtype_of<T>, std::move(shape), std::as_bytes(values)};
}

namespace detail {

inline void check_named_arrays(std::span<const NamedArray> arrays, const SafetensorsMetadata& metadata) {
  std::set<std::string_view> names;
  for (const NamedArray& array : arrays) {
    if (!is_utf8(array.name)) throw_error("save_safetensors: the name of an array is not UTF-8");
    if (array.name == "__metadata__")
      throw_error("save_safetensors: no array can be named __metadata__, the format keeps it");
    if (!names.insert(array.name).second) throw_error("save_safetensors: two arrays are named \"" + array.name + "\"");
    if (byte_count(array.shape, size_of(array.dtype)) != array.bytes.size())
      throw_error("save_safetensors: array \"" + array.name + "\" has " + std::to_string(array.bytes.size()) +
                  " bytes, which is not the size of " + std::string(name_of(array.dtype)) + " " +
                  text_of_shape(array.shape));
  }
  for (const auto& [key, value] : metadata)
    if (!is_utf8(key) || !is_utf8(value)) throw_error("save_safetensors: the metadata are not UTF-8");
}

/// The JSON header, padded with blanks so that the elements begin at a multiple of 8 bytes.
inline std::string safetensors_header(std::span<const NamedArray> arrays, std::span<const std::size_t> order,
                                      const SafetensorsMetadata& metadata) {
  std::string header = "{";
  if (!metadata.empty()) {
    header += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata) {
      append_json_string(header, key);
      header += ':';
      append_json_string(header, value);
      header += ',';
    }
    header.back() = '}';
    header += ',';
  }
  std::size_t begin = 0;
  for (const std::size_t i : order) {
    const NamedArray& array = arrays[i];
    append_json_string(header, array.name);
    header += ":{\"dtype\":\"" + std::string(safetensors_name(array.dtype)) + "\",\"shape\":[";
    for (const std::size_t extent : array.shape) header += std::to_string(extent) + ",";
    if (!array.shape.empty()) header.pop_back();
    header += "],\"data_offsets\":[" + std::to_string(begin) + ",";
    begin += array.bytes.size();
    header += std::to_string(begin) + "]},";
  }
  if (header.back() == ',') header.pop_back();
  header += '}';
  while (header.size() % 8 != 0) header += ' ';
  return header;
}

}  // namespace detail

/// Saves arrays under their names. The old file is replaced only when the new one is complete on
/// the disk; if anything fails it stays as it was. Arrays of wider elements come first, so that
/// each begins at a multiple of its element's size; else their order is kept. Throws Error when a
/// name stands twice or is not UTF-8, bytes and shape disagree, or the file cannot be written.
inline void save_safetensors(const std::filesystem::path& path, std::span<const NamedArray> arrays,
                             const SafetensorsMetadata& metadata = {}) {
  detail::check_named_arrays(arrays, metadata);
  std::vector<std::size_t> order(arrays.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return size_of(arrays[a].dtype) > size_of(arrays[b].dtype); });
  const std::string header = detail::safetensors_header(arrays, order, metadata);
  if (header.size() > detail::safetensors_header_limit)
    throw_error(
        "save_safetensors: the names and metadata need more than 100 MB, which readers of"
        " the format refuse");
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  for (const std::size_t i : order) file.write(arrays[i].bytes);
  file.commit();
}

}  // namespace ctgrad
