// SPDX-License-Identifier: BSL-1.0
/// \file
/// Reading a whole file into memory, and replacing a file in one step.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "ctgrad/core/error.hpp"

namespace ctgrad {

/// Largest file or unpacked content the readers accept unless told otherwise: 4 GiB.
inline constexpr std::uint64_t default_size_limit = std::uint64_t{4} << 30;

namespace detail {

[[noreturn]] inline void throw_system_error(const std::string& what, int code) {
  throw_error(what + ": " + std::generic_category().message(code));
}

/// A file descriptor that closes itself.
class Descriptor {
public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  explicit operator bool() const { return number_ >= 0; }
  int get() const { return number_; }

  /// Closes now. False when the system reports an error that writes before it had hidden.
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

private:
  int number_ = -1;
};

}  // namespace detail

/// The bytes of a file. Throws Error when it cannot be read or is larger than `limit` bytes.
inline std::vector<std::byte> read_file(const std::filesystem::path& path, std::uint64_t limit = default_size_limit) {
  const std::string name = "'" + path.string() + "'";
  const detail::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) detail::throw_system_error("cannot open " + name, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) detail::throw_system_error("cannot read " + name, errno);
  if (S_ISDIR(status.st_mode)) throw_error("cannot read " + name + ": it is a directory");
  const auto size = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
  const std::string too_large = name + " is larger than the limit of " + std::to_string(limit) +
                                " bytes; pass a higher limit if it is meant to be";
  if (size > limit) throw_error(too_large);

  // The size is only a hint: pipes have none, and a file can grow while it is read. The byte more
  // lets the last read find the end without growing.
  std::vector<std::byte> bytes(static_cast<std::size_t>(size) + 1);
  std::size_t filled = 0;
  while (true) {
    if (filled == bytes.size()) bytes.resize(2 * bytes.size() + 4096);
    const ::ssize_t count = ::read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) detail::throw_system_error("cannot read " + name, errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
    if (filled > limit) throw_error(too_large);
  }
  bytes.resize(filled);
  return bytes;
}

/// Writes a file so that others see the old content or the new one, whole, and nothing between:
/// into a temporary file in the same directory, which commit() puts in the place of the target.
/// Without commit(), or when anything fails, the target stays as it was and the temporary file is
/// removed. Every failure is an Error that names the file.
class AtomicFile {
public:
  explicit AtomicFile(const std::filesystem::path& path) {
    // Through symbolic links, so that the file they point to is replaced and not the link.
    std::error_code ignored;
    target_ = std::filesystem::is_symlink(path, ignored) ? resolve(path) : path;
    if (target_.filename().empty()) throw_error("cannot write " + name() + ": it names no file");
    if (std::filesystem::is_directory(target_, ignored)) throw_error("cannot write " + name() + ": it is a directory");
    static std::atomic<unsigned> serial{0};
    int code = EEXIST;
    for (int attempt = 0; code == EEXIST && attempt < 100; ++attempt) {
      temporary_ = target_;
      temporary_ += ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(serial++);
      file_ = detail::Descriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      code = file_ ? 0 : errno;
    }
    if (code != 0) detail::throw_system_error("cannot create a file beside " + name(), code);
    struct stat old {};
    if (::stat(target_.c_str(), &old) == 0) {
      // Keeps the permissions of the file that is replaced; not being allowed to is no failure.
      [[maybe_unused]] const int result = ::fchmod(file_.get(), old.st_mode & 07777U);
    }
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (!committed_) ::unlink(temporary_.c_str());
  }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ::ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) detail::throw_system_error("cannot write " + name(), errno);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }

  /// Brings the bytes to the disk and then puts the new file in the place of the old one.
  void commit() {
    if (::fsync(file_.get()) != 0) detail::throw_system_error("cannot write " + name(), errno);
    if (!file_.close()) detail::throw_system_error("cannot write " + name(), errno);
    if (::rename(temporary_.c_str(), target_.c_str()) != 0)
      detail::throw_system_error("cannot replace " + name(), errno);
    committed_ = true;
    // Makes the new name itself last through a power cut. Some file systems cannot, and the file is
    // complete either way, so a failure here is none.
    const std::filesystem::path folder = target_.has_parent_path() ? target_.parent_path() : ".";
    const detail::Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory) ::fsync(directory.get());
  }

private:
  static std::filesystem::path resolve(const std::filesystem::path& link) {
    std::error_code code;
    std::filesystem::path found = std::filesystem::weakly_canonical(link, code);
    if (code) detail::throw_system_error("cannot follow '" + link.string() + "'", code.value());
    return found;
  }
  std::string name() const { return "'" + target_.string() + "'"; }

  std::filesystem::path target_;
  std::filesystem::path temporary_;
  detail::Descriptor file_;
  bool committed_ = false;
};

}  // namespace ctgrad
