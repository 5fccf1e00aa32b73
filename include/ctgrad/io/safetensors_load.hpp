// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loading safetensors files, which may come from anyone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <optional>
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

/// One array of a loaded file. The bytes belong to the SafetensorsFile.
struct SafetensorsArray {
  std::string name;
  std::string dtype;  ///< As the file spells it: "F32", "BF16", "U8", ...
  std::vector<std::size_t> shape;
  std::span<const std::byte> bytes;  ///< Row-major, little-endian, not aligned.

  /// The dtype as a DType, or nothing when it is none.
  std::optional<DType> type() const {
    for (const DType known :
         {DType::float32, DType::float64, DType::int32, DType::int64, DType::boolean, DType::bfloat16, DType::float16})
      if (detail::safetensors_name(known) == dtype) return known;
    return {};
  }

  /// Copies the elements out. Throws Error when T is not the dtype, the number of elements is not
  /// out.size(), or a boolean is neither 0 nor 1.
  template <Element T>
  void copy_to(std::span<T> out) const {
    if (type() != dtype_of<T>)
      throw_error("array \"" + name + "\" has dtype " + dtype + ", asked for " +
                  std::string(detail::safetensors_name(dtype_of<T>)));
    if (out.size_bytes() != bytes.size())
      throw_error("array \"" + name + "\" " + detail::text_of_shape(shape) + " has " +
                  std::to_string(bytes.size() / sizeof(T)) + " elements, asked for " + std::to_string(out.size()));
    if constexpr (std::is_same_v<T, bool>)
      for (const std::byte value : bytes)
        if (value > std::byte{1}) throw_error("array \"" + name + "\" has a boolean that is neither 0 nor 1");
    if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
  }

  /// The elements as a vector. Throws Error when T is not the dtype. (For booleans: copy_to.)
  template <Element T>
  requires(!std::is_same_v<T, bool>) std::vector<T> values()
  const {
    std::vector<T> result(bytes.size() / sizeof(T));
    copy_to(std::span<T>(result));
    return result;
  }
};

/// A safetensors file in memory. Nothing in it is trusted: every array lies within the file, has
/// the size its shape says, overlaps no other, and together they leave no gap; else parse() throws
/// Error.
class SafetensorsFile {
public:
  /// Takes the bytes of a file; `name` stands in the errors.
  static SafetensorsFile parse(std::vector<std::byte> bytes, std::string name) {
    return SafetensorsFile(std::move(bytes), std::move(name));
  }

  SafetensorsFile(SafetensorsFile&&) noexcept = default;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept = default;
  // The arrays are views into the bytes of this very object.
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  /// The arrays in the order of their bytes in the file.
  std::span<const SafetensorsArray> arrays() const { return arrays_; }

  /// The names in the same order.
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    result.reserve(arrays_.size());
    for (const SafetensorsArray& array : arrays_) result.push_back(array.name);
    return result;
  }

  bool contains(std::string_view name) const { return index_.find(name) != index_.end(); }

  /// The array of that name. Throws Error when there is none.
  const SafetensorsArray& at(std::string_view name) const {
    const auto found = index_.find(name);
    if (found == index_.end())
      throw_error("'" + name_ + "' has no array named \"" + std::string(name) + "\" (it has " +
                  std::to_string(arrays_.size()) + " arrays" +
                  (arrays_.empty() ? "" : ", the first is \"" + arrays_.front().name + "\"") + ")");
    return arrays_[found->second];
  }

  const SafetensorsMetadata& metadata() const { return metadata_; }

private:
  struct Extent {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  struct Entry {
    SafetensorsArray array;
    Extent extent;
  };

  SafetensorsFile(std::vector<std::byte> bytes, std::string name) : bytes_(std::move(bytes)), name_(std::move(name)) {
    const std::size_t header = header_length();
    std::vector<Entry> entries = read_header(header);
    place(entries, 8 + header);
    arrays_.reserve(entries.size());
    for (Entry& entry : entries) {
      index_.emplace(entry.array.name, arrays_.size());
      arrays_.push_back(std::move(entry.array));
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw_error("'" + name_ + "' is not a good safetensors file: " + what);
  }

  std::size_t header_length() const {
    const std::string size = std::to_string(bytes_.size());
    if (bytes_.size() < 8) fail("it has " + size + " bytes, less than the 8 of the header's length");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes_.data(), 8);
    if (length > detail::safetensors_header_limit)
      fail("its header claims " + std::to_string(length) + " bytes; the format allows 100 MB");
    if (length > bytes_.size() - 8)
      fail("its header claims " + std::to_string(length) + " bytes, the file has " + size +
           "; it is cut off or no safetensors file");
    return static_cast<std::size_t>(length);
  }

  std::vector<Entry> read_header(std::size_t length) {
    const char* text = reinterpret_cast<const char*>(bytes_.data() + 8);
    detail::JsonReader json(std::string_view(text, length), name_, 8);
    std::vector<Entry> entries;
    if (length == 0 || *text != '{') json.fail("the header must begin with '{'");
    json.read_object([&](const std::string& key) {
      if (key == "__metadata__") {
        json.read_object([&](const std::string& name) { metadata_[name] = json.read_string(); });
      } else {
        entries.push_back(read_entry(json, key));
      }
    });
    json.finish();
    return entries;
  }

  Entry read_entry(detail::JsonReader& json, const std::string& name) const {
    Entry entry;
    entry.array.name = name;
    bool has_dtype = false;
    bool has_shape = false;
    int offsets = -1;
    json.read_object([&](const std::string& key) {
      if (key == "dtype") {
        has_dtype = true;
        entry.array.dtype = json.read_string();
      } else if (key == "shape") {
        has_shape = true;
        json.read_array([&] {
          const std::uint64_t extent = json.read_unsigned();
          if (extent > std::numeric_limits<std::size_t>::max()) json.fail("an extent is too large");
          entry.array.shape.push_back(static_cast<std::size_t>(extent));
        });
      } else if (key == "data_offsets") {
        offsets = 0;
        json.read_array([&] {
          const std::uint64_t offset = json.read_unsigned();
          if (offsets < 2) (offsets == 0 ? entry.extent.begin : entry.extent.end) = offset;
          ++offsets;
        });
      } else {
        json.skip_value();  // as the reference implementation does, for later versions' sake
      }
    });
    if (!has_dtype || !has_shape || offsets != 2)
      json.fail("array \"" + name + "\" needs a dtype, a shape and two data_offsets");
    return entry;
  }

  /// Puts the entries into the order of their bytes, checks every offset and sets the views.
  void place(std::vector<Entry>& entries, std::size_t data_begin) const {
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.extent.begin, a.extent.end) < std::pair(b.extent.begin, b.extent.end);
    });
    const std::span<const std::byte> data = std::span(bytes_).subspan(data_begin);
    std::uint64_t previous = 0;
    for (auto& [array, extent] : entries) {
      const std::string what = "array \"" + array.name + "\" ";
      const std::string offsets = "[" + std::to_string(extent.begin) + ", " + std::to_string(extent.end) + ")";
      const std::size_t element = detail::safetensors_element_size(array.dtype);
      if (element == 0) fail(what + "has the unknown dtype \"" + array.dtype + "\"");
      if (extent.begin > extent.end || extent.end > data.size())
        fail(what + "claims bytes " + offsets + " of " + std::to_string(data.size()) +
             " bytes of data; the file is cut off or damaged");
      if (extent.begin != previous)
        fail(what + "at bytes " + offsets +
             (extent.begin < previous ? " overlaps the array before it" : " leaves a gap") + ", expected to begin at " +
             std::to_string(previous));
      const std::optional<std::size_t> bytes = detail::byte_count(array.shape, element);
      if (!bytes) fail(what + "has a shape too large for any memory");
      if (extent.end - extent.begin != *bytes)
        fail(what + "has " + std::to_string(extent.end - extent.begin) + " bytes, but " + array.dtype + " " +
             detail::text_of_shape(array.shape) + " needs " + std::to_string(*bytes));
      array.bytes = data.subspan(static_cast<std::size_t>(extent.begin), *bytes);
      previous = extent.end;
    }
    if (previous != data.size())
      fail("there are " + std::to_string(data.size() - previous) + " bytes after the last array that belong to none");
  }

  std::vector<std::byte> bytes_;
  std::string name_;
  std::vector<SafetensorsArray> arrays_;
  std::map<std::string, std::size_t, std::less<>> index_;
  SafetensorsMetadata metadata_;
};

/// Loads a safetensors file of at most `limit` bytes. Throws Error when it cannot be read or is in
/// any way not what the format asks for.
inline SafetensorsFile load_safetensors(const std::filesystem::path& path,
                                        std::uint64_t limit = std::uint64_t{1} << 40) {
  return SafetensorsFile::parse(read_file(path, limit), path.string());
}

}  // namespace ctgrad
