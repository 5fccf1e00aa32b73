// SPDX-License-Identifier: BSL-1.0
/// \file
/// Reading whole files, and replacing them so that no failure harms the old content.
#include "ctgrad/io/file.hpp"

#include <sys/resource.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <string>

#include "temporary_directory.hpp"

namespace {

using ctgrad::AtomicFile;
using ctgrad::Error;
using ctgrad::read_file;
using namespace ctgrad_test;

/// Lets no file of this process grow beyond `bytes`, as a full disk would.
class FileSizeLimit {
public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit low{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &low);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

private:
  rlimit old_{};
  void (*old_handler_)(int);
};

}  // namespace

BOOST_AUTO_TEST_SUITE(file)

BOOST_AUTO_TEST_CASE(reads_what_is_there) {
  const TemporaryDirectory folder;
  const std::string content("a\0b\n", 4);
  BOOST_TEST(text_of(read_file(folder.write("some", content))) == content);
  BOOST_TEST(read_file(folder.write("empty", "")).empty());
}

BOOST_AUTO_TEST_CASE(reads_files_that_tell_no_size) { BOOST_TEST(!read_file("/proc/self/status").empty()); }

BOOST_AUTO_TEST_CASE(errors_of_reading_name_the_file) {
  const TemporaryDirectory folder;
  BOOST_CHECK_EXCEPTION(read_file(folder / "absent"), Error, says("absent'"));
  BOOST_CHECK_EXCEPTION(read_file(folder / "absent"), Error, says("No such file"));
  BOOST_CHECK_EXCEPTION(read_file(folder.path()), Error, says("it is a directory"));
}

BOOST_AUTO_TEST_CASE(limit_of_size) {
  const TemporaryDirectory folder;
  const auto path = folder.write("ten", "0123456789");
  BOOST_TEST(read_file(path, 10).size() == 10U);
  BOOST_CHECK_EXCEPTION(read_file(path, 9), Error, says("larger than the limit of 9 bytes"));
  BOOST_CHECK_EXCEPTION(read_file("/dev/zero", 100'000), Error, says("limit of 100000"));
}

BOOST_AUTO_TEST_CASE(writes_at_commit_and_not_before) {
  const TemporaryDirectory folder;
  const auto path = folder.write("target", "old");
  {
    AtomicFile out(path);
    out.write(bytes_of("new "));
    out.write(bytes_of("content"));
    BOOST_TEST(text_of(read_file(path)) == "old");
    out.commit();
    BOOST_TEST(text_of(read_file(path)) == "new content");
  }
  BOOST_TEST(folder.count() == 1);
}

BOOST_AUTO_TEST_CASE(without_commit_nothing_changes) {
  const TemporaryDirectory folder;
  const auto path = folder.write("target", "old");
  {
    AtomicFile out(path);
    out.write(bytes_of("new"));
  }
  BOOST_TEST(text_of(read_file(path)) == "old");
  BOOST_TEST(folder.count() == 1);
}

BOOST_AUTO_TEST_CASE(a_full_disk_leaves_the_old_file) {
  const TemporaryDirectory folder;
  const auto path = folder.write("target", "old");
  const auto write_much = [&] {
    const FileSizeLimit limit(1000);
    AtomicFile out(path);
    out.write(bytes_of(std::string(5000, 'x')));
    out.commit();
  };
  BOOST_CHECK_EXCEPTION(write_much(), Error, says("cannot write '" + path.string() + "': "));
  BOOST_TEST(text_of(read_file(path)) == "old");
  BOOST_TEST(folder.count() == 1);
}

BOOST_AUTO_TEST_CASE(two_writers_do_not_meet) {
  const TemporaryDirectory folder;
  AtomicFile first(folder / "target");
  AtomicFile second(folder / "target");
  first.write(bytes_of("first"));
  second.write(bytes_of("second"));
  second.commit();
  first.commit();
  BOOST_TEST(text_of(read_file(folder / "target")) == "first");
  BOOST_TEST(folder.count() == 1);
}

BOOST_AUTO_TEST_CASE(a_failing_replacement_removes_the_temporary_file) {
  const TemporaryDirectory folder;
  {
    AtomicFile out(folder / "target");
    out.write(bytes_of("new"));
    std::filesystem::create_directory(folder / "target");
    BOOST_CHECK_EXCEPTION(out.commit(), Error, says("cannot replace"));
  }
  BOOST_TEST(folder.count() == 1);
  BOOST_TEST(std::filesystem::is_directory(folder / "target"));
}

BOOST_AUTO_TEST_CASE(errors_of_writing_name_the_file) {
  const TemporaryDirectory folder;
  BOOST_CHECK_EXCEPTION(AtomicFile(folder / "no" / "such"), Error, says("such'"));
  BOOST_CHECK_EXCEPTION(AtomicFile(folder.path()), Error, says("it is a directory"));
  BOOST_CHECK_THROW(AtomicFile(""), Error);
  BOOST_TEST(folder.count() == 0);
}

BOOST_AUTO_TEST_CASE(keeps_permissions_and_links) {
  namespace fs = std::filesystem;
  const TemporaryDirectory folder;
  const auto path = folder.write("target", "old");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("target", folder / "link");
  AtomicFile out(folder / "link");
  out.write(bytes_of("new"));
  out.commit();
  BOOST_TEST(fs::is_symlink(folder / "link"));
  BOOST_TEST(text_of(read_file(path)) == "new");
  BOOST_TEST((fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write)));
}

BOOST_AUTO_TEST_SUITE_END()
