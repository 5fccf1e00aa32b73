// SPDX-License-Identifier: BSL-1.0
/// \file
/// IDX files: every type, the real MNIST digits, and every way a file can be wrong.
#include "ctgrad/io/idx.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "ctgrad/tensor/random.hpp"
#include "temporary_directory.hpp"

namespace {

using ctgrad::Error;
using ctgrad::IdxArray;
using ctgrad::IdxType;
using namespace ctgrad_test;

std::string header(int type, const std::vector<std::uint32_t>& shape) {
  std::string text{'\0', '\0', static_cast<char>(type), static_cast<char>(shape.size())};
  for (const std::uint32_t extent : shape)
    for (unsigned shift : {24U, 16U, 8U, 0U}) text += static_cast<char>(extent >> shift & 255U);
  return text;
}

IdxArray parse(const std::string& text) { return ctgrad::parse_idx(bytes_of(text), "file"); }

/// The text is refused with an error that says `part`.
void refused(const std::string& text, const std::string& part) {
  BOOST_CHECK_EXCEPTION(parse(text), Error, says(part));
  BOOST_CHECK_EXCEPTION(parse(text), Error, says("'file' is not a good IDX file"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(idx)

BOOST_AUTO_TEST_CASE(reads_bytes) {
  const IdxArray array = parse(header(0x08, {2, 3}) + "abcdef");
  BOOST_TEST((array.type == IdxType::uint8));
  BOOST_TEST((array.shape == std::vector<std::size_t>{2, 3}));
  BOOST_TEST(array.size() == 6U);
  BOOST_TEST(array.values<std::uint8_t>().at(5) == 'f');
}

BOOST_AUTO_TEST_CASE(reads_every_type_from_big_endian) {
  BOOST_TEST(parse(header(0x09, {1}) + "\xfe").values<std::int8_t>().at(0) == -2);
  const auto i16 = parse(header(0x0B, {2}) + std::string("\x01\x02\xff\xfe", 4));
  BOOST_TEST((i16.values<std::int16_t>() == std::vector<std::int16_t>{0x0102, -2}));
  const auto i32 = parse(header(0x0C, {1}) + std::string("\x80\x00\x00\x01", 4));
  BOOST_TEST(i32.values<std::int32_t>().at(0) == -2147483647);
  const auto f32 = parse(header(0x0D, {2}) + std::string("\x3f\x80\x00\x00\xc0\x20\x00\x00", 8));
  BOOST_TEST((f32.values<float>() == std::vector<float>{1.0F, -2.5F}));
  const auto f64 = parse(header(0x0E, {1, 1}) + std::string("\x40\x09\x21\xfb\x54\x44\x2d\x18", 8));
  BOOST_TEST(f64.values<double>().at(0) == 3.141592653589793);
}

BOOST_AUTO_TEST_CASE(asks_for_the_right_type) {
  const IdxArray array = parse(header(0x08, {1}) + "a");
  BOOST_CHECK_EXCEPTION(array.values<float>(), Error, says("uint8, not float32"));
}

BOOST_AUTO_TEST_CASE(rank_eight_and_no_samples) {
  BOOST_TEST(parse(header(0x08, {1, 1, 1, 1, 1, 1, 1, 2}) + "ab").shape.size() == 8U);
  BOOST_TEST(parse(header(0x0D, {0, 28, 28})).size() == 0U);
  BOOST_TEST(parse(header(0x0D, {0, 28, 28})).values<float>().empty());
}

BOOST_AUTO_TEST_CASE(wrong_magic) {
  refused("", "at byte 0 expected a header of 4 bytes, found the end of the data (0 bytes)");
  refused(std::string("\0\0\x08", 3), "at byte 3 expected a header");
  refused("\x1f\x8b\x08\x01", "at byte 0 expected 0");
  refused(std::string("\0\x01\x08\x01", 4), "at byte 1 expected 0");
  refused(header(0x0A, {1}) + "a", "at byte 2 expected a type number");
  refused(header(0x08, {}), "at byte 3 expected a rank of 1 to 8, found 0");
  refused(header(0x08, std::vector<std::uint32_t>(9, 1)) + "a", "found 9");
}

BOOST_AUTO_TEST_CASE(cut_off_at_every_byte) {
  const std::string good = header(0x0B, {2, 2}) + "abcdefgh";
  BOOST_CHECK_NO_THROW(parse(good));
  for (std::size_t length = 0; length < good.size(); ++length) BOOST_CHECK_THROW(parse(good.substr(0, length)), Error);
  refused(good.substr(0, 15), "at byte 15 expected 8 bytes of elements (2 x 2 int16), found only 3");
  refused(good.substr(0, 9), "at byte 9 expected a header of 12 bytes");
}

BOOST_AUTO_TEST_CASE(bytes_after_the_end) {
  refused(header(0x08, {2}) + "abc", "at byte 10 expected the end of the file");
  refused(header(0x08, {2}) + "abc", "found 1 more bytes");
  refused(header(0x08, {0, 5}) + "abc", "found 3 more bytes");
}

BOOST_AUTO_TEST_CASE(absurd_sizes_are_refused_before_allocation) {
  const std::uint32_t most = 0xffffffff;
  refused(header(0x08, {most}) + "abc", "expected 4294967295 bytes of elements");
  refused(header(0x08, {most, most}) + "abc", "cut off or its header is damaged");
  refused(header(0x08, {most, most, most}) + "abc", "at byte 12 expected extents whose product");
  refused(header(0x0E, {most, most}) + "abc", "at byte 8 expected extents whose product");
  // 2^32 * 2^32 would be 0 in 64 bits.
  refused(header(0x08, {0x80000000, 0x80000000, 4}), "extents whose product can be a size");
}

BOOST_AUTO_TEST_CASE(images_and_labels) {
  const TemporaryDirectory folder;
  const auto images = folder.write("images", header(0x08, {2, 1, 3}) + "abcdef");
  const auto labels = folder.write("labels", header(0x08, {4}) + "\x01\x02\x03\x09");
  const ctgrad::IdxImages read = ctgrad::read_idx_images(images);
  BOOST_TEST((read.count == 2 && read.rows == 1 && read.columns == 3));
  BOOST_TEST(read.pixels.size() == 6U);
  BOOST_TEST((ctgrad::read_idx_labels(labels) == std::vector<std::uint8_t>{1, 2, 3, 9}));
  BOOST_CHECK_EXCEPTION(ctgrad::read_idx_images(labels), Error,
                        says("labels' holds no images: expected uint8 of rank 3, found uint8 of "
                             "rank 1"));
  BOOST_CHECK_EXCEPTION(ctgrad::read_idx_labels(images), Error, says("mixed up"));
  const auto floats = folder.write("floats", header(0x0D, {0, 1, 3}));
  BOOST_CHECK_EXCEPTION(ctgrad::read_idx_images(floats), Error, says("found float32 of rank 3"));
  BOOST_CHECK_EXCEPTION(ctgrad::read_idx(folder / "absent"), Error, says("absent"));
  BOOST_CHECK_EXCEPTION(ctgrad::read_idx(images, 5), Error, says("limit of 5 bytes"));
}

BOOST_AUTO_TEST_CASE(real_digits) {
  const auto folder = std::filesystem::path(__FILE__).parent_path() / "../../examples/mnist/data";
#ifdef CTGRAD_HAS_ZLIB
  const ctgrad::IdxImages images = ctgrad::read_idx_images(folder / "t10k-images-idx3-ubyte.gz");
  BOOST_TEST((images.count == 10'000 && images.rows == 28 && images.columns == 28));
  BOOST_TEST(images.pixels.size() == 7'840'000U);
  const auto labels = ctgrad::read_idx_labels(folder / "t10k-labels-idx1-ubyte.gz");
  std::array<int, 10> counts{};
  for (const std::uint8_t label : labels) ++counts.at(label);
  const std::array<int, 10> expected{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
  BOOST_TEST(counts == expected, boost::test_tools::per_element());
  // The mean and the first pixels of the first digit, a seven, known from other readers.
  const double sum = std::accumulate(images.pixels.begin(), images.pixels.end(), 0.0);
  BOOST_TEST(sum / 7'840'000 / 255 == 0.13251, boost::test_tools::tolerance(1e-4));
  BOOST_TEST(labels.at(0) == 7);
  BOOST_TEST(images.pixels.at(7 * 28 + 6) == 84);
  BOOST_TEST(images.pixels.at(7 * 28 + 7) == 185);
#else
  BOOST_CHECK_EXCEPTION(ctgrad::read_idx(folder / "t10k-labels-idx1-ubyte.gz"), Error, says("zlib"));
#endif
}

// Whatever the bytes are, the reader either gives an array of the right size or throws Error.
BOOST_AUTO_TEST_CASE(random_damage) {
  const std::string good = header(0x0B, {3, 2, 2}) + std::string(24, 'x');
  int accepted = 0;
  for (std::uint64_t round = 0; round < 5000; ++round) {
    std::vector<std::byte> bytes = bytes_of(good);
    auto draw = [&, i = std::uint64_t{0}](std::uint64_t range) mutable {
      return static_cast<std::size_t>(ctgrad::integer_at(round, 1, i++, range));
    };
    for (std::size_t changes = 1 + draw(4); changes > 0 && !bytes.empty(); --changes) {
      // Mostly the header, where it matters.
      const std::size_t at = draw(2) == 0 ? draw(bytes.size()) : draw(std::min<std::size_t>(bytes.size(), 16));
      switch (draw(4)) {
        case 0:
          bytes[at] = static_cast<std::byte>(draw(256));
          break;
        case 1:
          bytes[at] ^= std::byte{1} << draw(8);
          break;
        case 2:
          bytes.resize(draw(bytes.size() + 1));
          break;
        default:
          bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), std::byte{0});
          break;
      }
    }
    try {
      const IdxArray array = ctgrad::parse_idx(bytes, "fuzz");
      std::size_t size = ctgrad::size_of(array.type);
      for (const std::size_t extent : array.shape) size *= extent;
      BOOST_REQUIRE(size == array.bytes.size());
      ++accepted;
    } catch (const Error&) {
    }
  }
  BOOST_TEST(accepted > 100);   // changed elements only
  BOOST_TEST(accepted < 4000);  // a changed header
}

BOOST_AUTO_TEST_SUITE_END()
