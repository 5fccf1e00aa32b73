// SPDX-License-Identifier: BSL-1.0
/// \file
/// Plain and gzip-packed files, whole and damaged, with zlib and without.
#include "ctgrad/io/gzip.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "temporary_directory.hpp"

namespace {

using ctgrad::Error;
using ctgrad::read_plain_or_gzip;
using namespace ctgrad_test;

/// "hello, hello, hello\n" as written by gzip -n.
const std::string packed_hello(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\x40\xa2\xb8\x00"
    "\xe7\x42\x6e\x52\x14\x00\x00\x00",
    30);
const std::string hello = "hello, hello, hello\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(gzip)

BOOST_AUTO_TEST_CASE(plain_files_come_as_they_are) {
  const TemporaryDirectory folder;
  BOOST_TEST(text_of(read_plain_or_gzip(folder.write("plain", hello))) == hello);
  BOOST_TEST(read_plain_or_gzip(folder.write("empty", "")).empty());
}

BOOST_AUTO_TEST_CASE(a_gz_that_is_none) {
  const TemporaryDirectory folder;
  BOOST_CHECK_EXCEPTION(read_plain_or_gzip(folder.write("a.gz", "<html>")), Error, says("a.gz' is named .gz but"));
  BOOST_CHECK_THROW(read_plain_or_gzip(folder.write("b.gz", "")), Error);
  BOOST_CHECK_THROW(read_plain_or_gzip(folder.write("c.gz", "\x1f")), Error);
}

#ifdef CTGRAD_HAS_ZLIB

namespace {

/// The content packed by zlib itself.
std::string pack(const std::string& content) {
  z_stream stream{};
  BOOST_REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, static_cast<uLong>(content.size())), '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  BOOST_REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

std::string unpack(const std::string& packed, std::uint64_t limit = ctgrad::default_size_limit) {
  return text_of(ctgrad::unpack_gzip(bytes_of(packed), "file.gz", limit));
}

}  // namespace

BOOST_AUTO_TEST_CASE(unpacks) {
  const TemporaryDirectory folder;
  BOOST_TEST(text_of(read_plain_or_gzip(folder.write("a.gz", packed_hello))) == hello);
  // The content decides, not the name.
  BOOST_TEST(text_of(read_plain_or_gzip(folder.write("a", packed_hello))) == hello);
  BOOST_TEST(unpack(pack("")).empty());
  std::string large;
  for (std::uint64_t i = 0; i < 100'000; ++i) large += std::to_string(i * i);
  BOOST_TEST((unpack(pack(large)) == large));
}

BOOST_AUTO_TEST_CASE(joins_members) { BOOST_TEST(unpack(packed_hello + pack("more")) == hello + "more"); }

BOOST_AUTO_TEST_CASE(cut_off_at_every_byte) {
  for (std::size_t length = 2; length < packed_hello.size(); ++length)
    BOOST_CHECK_EXCEPTION(unpack(packed_hello.substr(0, length)), Error,
                          says("'file.gz': the gzip data end too early"));
  const std::string two = packed_hello + packed_hello;
  for (std::size_t length = packed_hello.size() + 2; length < two.size(); ++length)
    BOOST_CHECK_EXCEPTION(unpack(two.substr(0, length)), Error, says("end too early"));
}

BOOST_AUTO_TEST_CASE(every_damaged_byte_of_the_content_is_found) {
  for (std::size_t i = 10; i < packed_hello.size(); ++i) {
    std::string damaged = packed_hello;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    BOOST_CHECK_THROW(unpack(damaged), Error);
  }
  std::string damaged = packed_hello;
  damaged[24] = 'x';
  BOOST_CHECK_EXCEPTION(unpack(damaged), Error, says("damaged: incorrect data check"));
}

BOOST_AUTO_TEST_CASE(bytes_after_the_end) {
  BOOST_CHECK_EXCEPTION(unpack(packed_hello + "garbage"), Error, says("bytes after the end of the gzip data"));
  BOOST_CHECK_EXCEPTION(unpack(packed_hello + "garbage"), Error, says("at byte 30 of 37"));
  BOOST_CHECK_THROW(unpack(packed_hello + std::string(1, '\0')), Error);
}

BOOST_AUTO_TEST_CASE(a_bomb_is_an_error) {
  const std::string bomb = pack(std::string(10'000'000, '\0'));
  BOOST_TEST(bomb.size() < 20'000U);
  BOOST_CHECK_EXCEPTION(unpack(bomb, 1'000'000), Error, says("more than the limit of 1000000 bytes"));
  BOOST_TEST(unpack(bomb, 10'000'000).size() == 10'000'000U);
  BOOST_CHECK_THROW(unpack(bomb, 9'999'999), Error);
  BOOST_CHECK_THROW(unpack(packed_hello, 0), Error);
  BOOST_TEST(unpack(pack(""), 0).empty());
}

#else

BOOST_AUTO_TEST_CASE(without_zlib_the_error_says_what_to_do) {
  const TemporaryDirectory folder;
  const auto path = folder.write("a.gz", packed_hello);
  BOOST_CHECK_EXCEPTION(read_plain_or_gzip(path), Error, says("a.gz' is packed with gzip"));
  BOOST_CHECK_EXCEPTION(read_plain_or_gzip(path), Error, says("CTGRAD_HAS_ZLIB"));
  BOOST_CHECK_EXCEPTION(read_plain_or_gzip(path), Error, says("gunzip"));
}

#endif

BOOST_AUTO_TEST_SUITE_END()
