// SPDX-License-Identifier: BSL-1.0
/// \file
/// Reading a plain or gzip-packed file into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#ifdef CTGRAD_HAS_ZLIB
#include <zlib.h>

#include <algorithm>
#endif

#include "ctgrad/core/error.hpp"
#include "ctgrad/io/file.hpp"

namespace ctgrad {

/// True when the bytes begin as a gzip file does (RFC 1952).
inline bool is_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1F} && bytes[1] == std::byte{0x8B};
}

#ifdef CTGRAD_HAS_ZLIB

namespace detail {

/// zlib's state, freed on every way out.
struct Inflater {
  Inflater() {
    // 15 bits of window, and 16 more for "a gzip header and checksum".
    if (::inflateInit2(&stream, 15 + 16) != Z_OK) throw_error("zlib could not be started");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { ::inflateEnd(&stream); }

  ::z_stream stream{};
};

}  // namespace detail

/// Unpacks gzip data (RFC 1952; several members are joined, as gzip does). `name` stands in the
/// errors: data that end too early, are damaged, are followed by something else, or unpack to more
/// than `limit` bytes.
inline std::vector<std::byte> unpack_gzip(std::span<const std::byte> packed, const std::string& name,
                                          std::uint64_t limit = default_size_limit) {
  constexpr std::size_t largest_part = std::size_t{1} << 30;  // zlib counts in unsigned int
  const auto fail = [&](const std::string& what, std::size_t offset) {
    throw_error("'" + name + "': " + what + " (at byte " + std::to_string(offset) + " of " +
                std::to_string(packed.size()) + " packed bytes)");
  };

  detail::Inflater inflater;
  ::z_stream& stream = inflater.stream;
  std::vector<std::byte> bytes(std::min<std::uint64_t>(limit, 4 * packed.size() + 1024));
  std::size_t used = 0;
  std::size_t filled = 0;
  while (true) {
    std::byte overflow{};  // tells a full buffer at the limit from data beyond the limit
    const bool full = filled == bytes.size();
    if (full && bytes.size() < limit) {
      bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(limit, 2 * bytes.size())));
      continue;
    }
    const std::size_t in = std::min(packed.size() - used, largest_part);
    const std::size_t out = full ? 1 : std::min(bytes.size() - filled, largest_part);
    // zlib's type for input is not const, but it does not write there.
    stream.next_in = const_cast<::Bytef*>(reinterpret_cast<const ::Bytef*>(packed.data() + used));
    stream.avail_in = static_cast<::uInt>(in);
    stream.next_out = reinterpret_cast<::Bytef*>(full ? &overflow : bytes.data() + filled);
    stream.avail_out = static_cast<::uInt>(out);
    const int result = ::inflate(&stream, Z_NO_FLUSH);
    const std::size_t written = out - stream.avail_out;
    used += in - stream.avail_in;
    if (full && written != 0) fail("unpacks to more than the limit of " + std::to_string(limit) + " bytes", used);
    filled += written;

    if (result == Z_STREAM_END) {
      if (used == packed.size()) break;
      if (!is_gzip(packed.subspan(used)))
        fail("there are bytes after the end of the gzip data; the file is damaged", used);
      ::inflateReset(&stream);
    } else if (result == Z_BUF_ERROR || (result == Z_OK && written == 0 && used == packed.size())) {
      fail("the gzip data end too early; the file is cut off, fetch it again", used);
    } else if (result != Z_OK) {
      fail("the gzip data are damaged: " + std::string(stream.msg != nullptr ? stream.msg : ::zError(result)), used);
    }
  }
  bytes.resize(filled);
  return bytes;
}

#endif

/// The content of a file: unpacked if it is gzip data (told by its first two bytes), else as it is.
/// `limit` bounds the bytes in memory, packed or not. Without zlib (CTGRAD_HAS_ZLIB not defined)
/// gzip data are an Error.
inline std::vector<std::byte> read_plain_or_gzip(const std::filesystem::path& path,
                                                 std::uint64_t limit = default_size_limit) {
  std::vector<std::byte> bytes = read_file(path, limit);
  if (is_gzip(bytes)) {
#ifdef CTGRAD_HAS_ZLIB
    return unpack_gzip(bytes, path.string(), limit);
#else
    throw_error("'" + path.string() +
                "' is packed with gzip, and this program was built without zlib: build it with zlib"
                " (define CTGRAD_HAS_ZLIB and link with -lz), or unpack the file with gunzip");
#endif
  }
  if (path.extension() == ".gz")
    throw_error("'" + path.string() + "' is named .gz but does not begin as gzip data do (" +
                std::to_string(bytes.size()) + " bytes); fetch it again");
  return bytes;
}

}  // namespace ctgrad
