// SPDX-License-Identifier: BSL-1.0
/// \file
/// safetensors: saved and loaded, exchanged with Python, hostile files, failures while saving.
#include "ctgrad/io/safetensors.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "ctgrad/tensor/random.hpp"
#include "temporary_directory.hpp"

namespace {

using ctgrad::DType;
using ctgrad::Error;
using ctgrad::named_array;
using ctgrad::NamedArray;
using ctgrad::SafetensorsFile;
using namespace ctgrad_test;

const auto golden = std::filesystem::path(__FILE__).parent_path() / "data";

/// A file with this header and so many bytes of data.
std::string file_of(const std::string& header, std::size_t data) {
  const std::uint64_t length = header.size();
  std::string text(8, '\0');
  std::memcpy(text.data(), &length, 8);
  return text + header + std::string(data, 'x');
}

SafetensorsFile parse(const std::string& text) { return SafetensorsFile::parse(bytes_of(text), "file"); }

void refused(const std::string& header, std::size_t data, const std::string& part) {
  BOOST_CHECK_EXCEPTION(parse(file_of(header, data)), Error, says(part));
  BOOST_CHECK_EXCEPTION(parse(file_of(header, data)), Error, says("'file'"));
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

/// One array of each dtype, and an empty one.
struct Sample {
  std::vector<float> weight{0.5F, -1.25F, 3, 4, 5, std::numeric_limits<float>::infinity()};
  std::vector<double> scalar{3.141592653589793};
  std::vector<std::int64_t> steps{1, -2, std::int64_t{1} << 40};
  std::vector<std::int32_t> counts{7, -8};
  std::array<bool, 3> mask{true, false, true};
  std::vector<ctgrad::bfloat16> brain{1, -2.5, 3e38};
  std::vector<ctgrad::float16> half{65504, -0.0, 6e-8};
  std::vector<float> nothing;

  std::vector<NamedArray> arrays() const {
    return {named_array<bool>("mask", {3}, mask),
            named_array<float>("hidden.weight", {2, 3}, weight),
            named_array<double>("scalar", {}, scalar),
            named_array<std::int64_t>("steps", {3}, steps),
            named_array<std::int32_t>("count \"\u00fc\"\n", {1, 2}, counts),
            named_array<ctgrad::bfloat16>("brain", {3}, brain),
            named_array<ctgrad::float16>("half", {3, 1}, half),
            named_array<float>("nothing", {0, 5}, nothing)};
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(safetensors)

BOOST_AUTO_TEST_CASE(what_is_saved_is_loaded) {
  const TemporaryDirectory folder;
  const Sample sample;
  ctgrad::save_safetensors(folder / "model", sample.arrays(), {{"epoch", "3"}, {"a\"b", "\u20ac"}});
  BOOST_TEST(folder.count() == 1);

  SafetensorsFile file = ctgrad::load_safetensors(folder / "model");
  const SafetensorsFile moved = std::move(file);  // the views must follow the bytes
  // Wide elements first, else in the order given.
  const std::vector<std::string> names{"scalar",  "steps", "hidden.weight", "count \"\u00fc\"\n",
                                       "nothing", "brain", "half",          "mask"};
  BOOST_TEST(moved.names() == names, boost::test_tools::per_element());
  BOOST_TEST(moved.contains("steps"));
  BOOST_TEST(!moved.contains("step"));
  BOOST_TEST((moved.metadata() == ctgrad::SafetensorsMetadata{{"epoch", "3"}, {"a\"b", "\u20ac"}}));

  const auto& weight = moved.at("hidden.weight");
  BOOST_TEST(weight.dtype == "F32");
  BOOST_TEST((weight.type() == DType::float32));
  BOOST_TEST((weight.shape == std::vector<std::size_t>{2, 3}));
  BOOST_TEST((weight.values<float>() == sample.weight));
  BOOST_TEST(moved.at("scalar").shape.empty());
  BOOST_TEST((moved.at("scalar").values<double>() == sample.scalar));
  BOOST_TEST((moved.at("steps").values<std::int64_t>() == sample.steps));
  BOOST_TEST((moved.at("count \"\u00fc\"\n").values<std::int32_t>() == sample.counts));
  BOOST_TEST((moved.at("nothing").shape == std::vector<std::size_t>{0, 5}));
  BOOST_TEST(moved.at("nothing").values<float>().empty());
  BOOST_TEST(moved.at("brain").dtype == "BF16");
  BOOST_TEST((moved.at("brain").values<ctgrad::bfloat16>() == sample.brain));
  BOOST_TEST(moved.at("half").dtype == "F16");
  BOOST_TEST((moved.at("half").shape == std::vector<std::size_t>{3, 1}));
  BOOST_TEST((moved.at("half").values<ctgrad::float16>() == sample.half));
  std::array<bool, 3> mask{};
  moved.at("mask").copy_to(std::span<bool>(mask));
  BOOST_TEST((mask == sample.mask));
}

BOOST_AUTO_TEST_CASE(elements_are_aligned_in_the_file) {
  const TemporaryDirectory folder;
  const Sample sample;
  ctgrad::save_safetensors(folder / "model", sample.arrays());
  const auto bytes = ctgrad::read_file(folder / "model");
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  BOOST_TEST(header % 8 == 0U);
  const SafetensorsFile file = ctgrad::load_safetensors(folder / "model");
  for (const auto& array : file.arrays()) {
    const auto place = static_cast<std::size_t>(array.bytes.data() - file.arrays()[0].bytes.data());
    BOOST_TEST(place % ctgrad::size_of(array.type().value()) == 0U);
  }
}

BOOST_AUTO_TEST_CASE(saving_is_reproducible_and_small_things_work) {
  const TemporaryDirectory folder;
  ctgrad::save_safetensors(folder / "empty", {});
  BOOST_TEST(text_of(ctgrad::read_file(folder / "empty")) ==
             text_of(ctgrad::read_file(golden / "python_empty.safetensors")));
  const std::vector<float> one{1.0F};
  const std::vector<NamedArray> arrays{named_array<float>("a", {1}, one)};
  ctgrad::save_safetensors(folder / "one", arrays);
  BOOST_TEST(text_of(ctgrad::read_file(folder / "one")) ==
             std::string("\x38\0\0\0\0\0\0\0", 8) + R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  )" +
                 std::string("\0\0\x80\x3f", 4));
}

BOOST_AUTO_TEST_CASE(reads_files_written_by_python) {
  const SafetensorsFile empty = ctgrad::load_safetensors(golden / "python_empty.safetensors");
  BOOST_TEST(empty.arrays().empty());
  const SafetensorsFile file = ctgrad::load_safetensors(golden / "python.safetensors");
  BOOST_TEST(file.arrays().size() == 11U);
  BOOST_TEST(file.metadata().at("format") == "pt");
  BOOST_TEST(file.metadata().at("text") == "line\nend \\ \"\u00fc\" \u20ac \U0001F600");
  BOOST_TEST((file.at("hidden.weight").shape == std::vector<std::size_t>{2, 3}));
  BOOST_TEST((file.at("hidden.weight").values<float>() == std::vector<float>{-0.5F, -0.25F, 0, 0.25F, 0.5F, 0.75F}));
  BOOST_TEST((file.at("hidden.bias").values<float>() == std::vector<float>{1.5F, -2}));
  BOOST_TEST((file.at("scalar").values<double>() == std::vector<double>{3.141592653589793}));
  BOOST_TEST((file.at("steps").values<std::int64_t>() == std::vector<std::int64_t>{1, -2, std::int64_t{1} << 40}));
  BOOST_TEST((file.at("count").values<std::int32_t>() == std::vector<std::int32_t>{7, -8}));
  BOOST_TEST((file.at("nothing").shape == std::vector<std::size_t>{0, 5}));
  BOOST_TEST((file.at("gr\u00f6\u00dfe \"x\"").values<float>() == std::vector<float>{42}));
  std::array<bool, 3> mask{};
  file.at("mask").copy_to(std::span<bool>(mask));
  BOOST_TEST((mask == std::array<bool, 3>{true, false, true}));
  BOOST_TEST(file.at("half").dtype == "F16");
  BOOST_TEST(text_of(file.at("half").bytes) == std::string("\0\x3c\0\xb8", 4));
  BOOST_TEST((file.at("half").values<ctgrad::float16>() == std::vector<ctgrad::float16>{1, -0.5}));
  BOOST_TEST(file.at("brain").dtype == "BF16");
  BOOST_TEST(text_of(file.at("brain").bytes) == std::string("\x80\x3f\0\xbf", 4));
  BOOST_TEST((file.at("brain").values<ctgrad::bfloat16>() == std::vector<ctgrad::bfloat16>{1, -0.5}));
  // The other dtypes come as bytes.
  BOOST_TEST(!file.at("pixels").type().has_value());
  BOOST_TEST(text_of(file.at("pixels").bytes) == std::string("\0\xff", 2));
}

BOOST_AUTO_TEST_CASE(wrong_questions) {
  const SafetensorsFile file = ctgrad::load_safetensors(golden / "python.safetensors");
  BOOST_CHECK_EXCEPTION(file.at("hidden.wieght"), Error, says("no array named \"hidden.wieght\""));
  BOOST_CHECK_EXCEPTION(file.at("steps").values<float>(), Error, says("dtype I64, asked for F32"));
  BOOST_CHECK_EXCEPTION(file.at("half").values<float>(), Error, says("dtype F16"));
  BOOST_CHECK_EXCEPTION(file.at("half").values<ctgrad::bfloat16>(), Error, says("dtype F16, asked for BF16"));
  std::vector<float> five(5);
  BOOST_CHECK_EXCEPTION(file.at("hidden.weight").copy_to(std::span<float>(five)), Error,
                        says("[2, 3] has 6 elements, asked for 5"));
  BOOST_CHECK_EXCEPTION(ctgrad::load_safetensors(golden / "absent"), Error, says("absent"));
  BOOST_CHECK_EXCEPTION(ctgrad::load_safetensors(golden / "python.safetensors", 100), Error,
                        says("limit of 100 bytes"));
}

BOOST_AUTO_TEST_CASE(hostile_lengths) {
  BOOST_CHECK_EXCEPTION(parse(""), Error, says("it has 0 bytes"));
  BOOST_CHECK_EXCEPTION(parse("1234567"), Error, says("less than the 8"));
  BOOST_CHECK_EXCEPTION(parse(std::string(8, '\xff')), Error, says("the format allows 100 MB"));
  BOOST_CHECK_EXCEPTION(parse(std::string("\x03\0\0\0\0\0\0\0{}", 10)), Error,
                        says("its header claims 3 bytes, the file has 10"));
  BOOST_CHECK_EXCEPTION(parse(std::string(8, '\0')), Error, says("must begin with '{'"));
  const std::string good = text_of(ctgrad::read_file(golden / "python.safetensors"));
  for (std::size_t length = 0; length < good.size(); ++length) BOOST_CHECK_THROW(parse(good.substr(0, length)), Error);
  BOOST_CHECK_EXCEPTION(parse(good + "x"), Error, says("1 bytes after the last array that belong to none"));
}

BOOST_AUTO_TEST_CASE(hostile_headers) {
  const std::string f32 = entry("F32", "[1]", "[0,4]");
  BOOST_CHECK_NO_THROW(parse(file_of("{\"a\":" + f32 + "}   ", 4)));
  refused(" {\"a\":" + f32 + "}", 4, "must begin with '{'");
  refused("[]", 0, "must begin with '{'");
  refused("{\"a\":" + f32, 4, "expected '}', found the end");
  refused("{\"a\":" + f32 + "}{}", 4, "more text after the end");
  refused("{\"a\":" + f32 + "}" + std::string(4, '\0'), 4, "more text after the end");
  refused("{\"a\":" + f32 + ",\"a\":" + entry("F32", "[1]", "[4,8]") + "}", 8, "stands twice");
  refused("{\"a\":7}", 0, "expected '{'");
  refused("{\"a\":" + std::string(1000, '{') + "}", 0, "not acceptable");
  refused("{\"a\":{\"dtype\":\"F32\",\"x\":" + std::string(1000, '[') + "}}", 0, "nested deeper");
  refused("{\"\xff\":" + f32 + "}", 4, "UTF-8");
  refused("{\"a\":{}}", 0, "needs a dtype, a shape and two data_offsets");
  refused(R"({"a":{"dtype":"F32","shape":[1]}})", 4, "needs a dtype");
  refused(R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4, "needs a dtype");
  refused(R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4, "needs a dtype");
  refused("{\"a\":" + entry("F32", "[1]", "[0]") + "}", 4, "two data_offsets");
  refused("{\"a\":" + entry("F32", "[1]", "[0,4,8]") + "}", 4, "two data_offsets");
  refused("{\"a\":" + entry("F32", "[-1]", "[0,4]") + "}", 4, "without sign");
  refused("{\"a\":" + entry("F32", "[1.0]", "[0,4]") + "}", 4, "without sign");
  refused("{\"a\":" + entry("F32", "1", "[0,4]") + "}", 4, "expected '['");
  refused("{\"a\":" + entry("F32", "[99999999999999999999]", "[0,4]") + "}", 4, "64 bits");
  refused(R"({"__metadata__":{"a":1}})", 0, "expected '\"'");
  refused(R"({"__metadata__":{"a":"1","a":"2"}})", 0, "stands twice");
  refused(R"({"__metadata__":{},"__metadata__":{}})", 0, "stands twice");
  refused(R"({"__metadata__":[]})", 0, "expected '{'");
  // Members of later versions are passed over, as the reference implementation does.
  BOOST_CHECK_NO_THROW(
      parse(file_of(R"({"a":{"new":[1,{"x":null}],"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4)));
}

BOOST_AUTO_TEST_CASE(hostile_arrays) {
  const auto one = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return "{\"a\":" + entry(dtype, shape, offsets) + "}";
  };
  refused(one("F33", "[1]", "[0,4]"), 4, "unknown dtype \"F33\"");
  refused(one("f32", "[1]", "[0,4]"), 4, "unknown dtype");
  refused(one("", "[1]", "[0,4]"), 4, "unknown dtype");
  refused(one("F32", "[1]", "[4,0]"), 4, "claims bytes [4, 0) of 4");
  refused(one("F32", "[2]", "[0,8]"), 4, "claims bytes [0, 8) of 4");
  refused(one("F32", "[1]", "[18446744073709551612,18446744073709551615]"), 4, "claims bytes");
  refused(one("F32", "[2]", "[0,4]"), 4, "has 4 bytes, but F32 [2] needs 8");
  refused(one("F32", "[]", "[0,0]"), 0, "needs 4");
  refused(one("F32", "[1]", "[1,5]"), 5, "leaves a gap, expected to begin at 0");
  refused(one("U8", "[3]", "[0,3]"), 5, "2 bytes after the last array");
  // Products that would wrap around to a small number.
  refused(one("F32", "[4611686018427387904]", "[0,0]"), 0, "too large");
  refused(one("U8", "[4294967296,4294967296]", "[0,0]"), 0, "too large");
  refused(one("F64", "[2305843009213693953]", "[0,8]"), 8, "too large");

  const auto two = [](const std::string& first, const std::string& second) {
    return "{\"a\":" + entry("U8", "[4]", first) + ",\"b\":" + entry("U8", "[4]", second) + "}";
  };
  BOOST_CHECK_NO_THROW(parse(file_of(two("[0,4]", "[4,8]"), 8)));
  BOOST_TEST(parse(file_of(two("[4,8]", "[0,4]"), 8)).names().front() == "b");
  refused(two("[0,4]", "[0,4]"), 4, "overlaps");
  refused(two("[0,4]", "[3,7]"), 7, "overlaps the array before it");
  refused(two("[0,4]", "[5,9]"), 9, "array \"b\" at bytes [5, 9) leaves a gap");

  const auto mask = parse(file_of(one("BOOL", "[2]", "[0,2]"), 2));
  std::array<bool, 2> out{};
  BOOST_CHECK_EXCEPTION(mask.at("a").copy_to(std::span<bool>(out)), Error, says("neither 0 nor 1"));
}

BOOST_AUTO_TEST_CASE(bad_arguments_touch_no_file) {
  const TemporaryDirectory folder;
  const auto path = folder.write("model", "old");
  const std::vector<float> values(4);
  const auto save = [&](std::vector<NamedArray> arrays, ctgrad::SafetensorsMetadata metadata = {}) {
    ctgrad::save_safetensors(path, arrays, metadata);
  };
  const NamedArray good = named_array<float>("a", {4}, values);
  BOOST_CHECK_EXCEPTION(save({good, good}), Error, says("two arrays are named \"a\""));
  BOOST_CHECK_EXCEPTION(save({named_array<float>("a", {5}, values)}), Error,
                        says("16 bytes, which is not the size of float32 [5]"));
  const std::size_t huge = std::size_t{1} << 63;
  BOOST_CHECK_THROW(save({named_array<float>("a", {huge, 2}, {})}), Error);
  BOOST_CHECK_EXCEPTION(save({named_array<float>("__metadata__", {4}, values)}), Error, says("__metadata__"));
  BOOST_CHECK_EXCEPTION(save({named_array<float>("\xff", {4}, values)}), Error, says("UTF-8"));
  BOOST_CHECK_EXCEPTION(save({good}, {{"a", "\xff"}}), Error, says("UTF-8"));
  BOOST_TEST(text_of(ctgrad::read_file(path)) == "old");
  BOOST_TEST(folder.count() == 1);
  BOOST_CHECK_EXCEPTION(ctgrad::save_safetensors(folder / "no" / "model", {}), Error, says("no"));
}

BOOST_AUTO_TEST_CASE(a_full_disk_leaves_the_old_model) {
  const TemporaryDirectory folder;
  const std::vector<float> small{1, 2, 3};
  const std::vector<NamedArray> first{named_array<float>("a", {3}, small)};
  ctgrad::save_safetensors(folder / "model", first);
  const std::vector<float> large(100'000);
  const std::vector<NamedArray> second{named_array<float>("a", {large.size()}, large)};

  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const rlimit low{4096, old.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &low);
  BOOST_CHECK_EXCEPTION(ctgrad::save_safetensors(folder / "model", second), Error, says("cannot write"));
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);

  BOOST_TEST(folder.count() == 1);
  BOOST_TEST((ctgrad::load_safetensors(folder / "model").at("a").values<float>() == small));
}

// Whatever the bytes are, the reader gives arrays that lie within the file or throws Error.
BOOST_AUTO_TEST_CASE(random_damage) {
  const std::string good = text_of(ctgrad::read_file(golden / "python.safetensors"));
  const std::string tokens = "{}[]\",:0123456789\\u-.e \xff";
  int accepted = 0;
  int refusals = 0;
  for (std::uint64_t round = 0; round < 5000; ++round) {
    std::string text = good;
    auto draw = [&, i = std::uint64_t{0}](std::size_t range) mutable {
      return static_cast<std::size_t>(ctgrad::integer_at(round, 2, i++, range));
    };
    for (std::size_t changes = 1 + draw(3); changes > 0 && text.size() > 1; --changes) {
      const std::size_t at = draw(text.size());
      const std::size_t length = draw(std::min<std::size_t>(text.size() - at, 20));
      switch (draw(6)) {
        case 0:
          text[at] = static_cast<char>(draw(256));
          break;
        case 1:
          text[at] = tokens[draw(tokens.size())];
          break;
        case 2:
          text.erase(at, length);
          break;
        case 3:
          text.insert(at, text, draw(text.size()), length);
          break;
        case 4:
          text.resize(at);
          break;
        default:
          text[draw(std::min<std::size_t>(8, text.size()))] = static_cast<char>(draw(256));
          break;
      }
      // Half of the time the length is put right, so that the header's text is reached.
      if (draw(2) == 0 && text.size() > 8) {
        const std::uint64_t header = std::min<std::size_t>(752, text.size() - 8);
        std::memcpy(text.data(), &header, 8);
      }
    }
    try {
      const SafetensorsFile file = parse(text);
      std::size_t total = 0;
      for (const auto& array : file.arrays()) {
        for (const std::byte byte : array.bytes) total += std::to_integer<std::size_t>(byte);
        if (array.type() == DType::float32) BOOST_REQUIRE(array.values<float>().size() * 4 == array.bytes.size());
      }
      BOOST_REQUIRE(total <= 255 * text.size());  // every byte could be read
      ++accepted;
    } catch (const Error&) {
      ++refusals;
    }
  }
  BOOST_TEST(accepted > 50);  // changed names, metadata and elements
  BOOST_TEST(refusals > 2500);
}

BOOST_AUTO_TEST_SUITE_END()
