// SPDX-License-Identifier: BSL-1.0
/// \file
/// The strict JSON reader: what it accepts and the many things it must not.
#include "ctgrad/io/json.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "temporary_directory.hpp"

namespace {

using ctgrad::Error;
using ctgrad::detail::JsonReader;
using ctgrad_test::says;

void skip(const std::string& text) {
  JsonReader json(text, "file", 0);
  json.skip_value();
  json.finish();
}

std::string string_of(const std::string& text) {
  JsonReader json(text, "file", 0);
  std::string result = json.read_string();
  json.finish();
  return result;
}

std::uint64_t number_of(const std::string& text) {
  JsonReader json(text, "file", 0);
  const std::uint64_t result = json.read_unsigned();
  json.finish();
  return result;
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(reads_objects_in_order) {
  JsonReader json(" { \"b\" : [1, 2 ,3] ,\n\"a\":[],\t\"c\":{}}\r\n", "file", 0);
  std::string keys;
  std::vector<std::uint64_t> numbers;
  json.read_object([&](const std::string& key) {
    keys += key;
    if (key == "c") return json.read_object([](const std::string&) { BOOST_ERROR("no member"); });
    json.read_array([&] { numbers.push_back(json.read_unsigned()); });
  });
  json.finish();
  BOOST_TEST(keys == "bac");
  BOOST_TEST((numbers == std::vector<std::uint64_t>{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(accepts_all_of_the_grammar) {
  for (const char* text : {"{}", "[]", "null", "true", "false", "0", "-0", "-1.5e+10", "12E-3", "0.25", "\"\"",
                           R"({"a":{"b":[null,{"c":"d"}]},"":1})", " [ 1 , \"\\u0041\" ] "})
    BOOST_CHECK_NO_THROW(skip(text));
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_json) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[",
                           "\"",
                           "{]",
                           "[}",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{,}",
                           "{a:1}",
                           "{'a':1}",
                           "{1:2}",
                           "tru",
                           "nul",
                           "True",
                           "NaN",
                           "Infinity",
                           "01",
                           "-",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "0x10",
                           "--1",
                           "[] []",
                           "1 2",
                           "{} x",
                           "[1]]",
                           "// comment\n1",
                           "/**/1",
                           "\"a\nb\"",
                           "\"a\tb\"",
                           "\xef\xbb\xbf{}",
                           "\"\\x41\"",
                           "\"\\\"",
                           "\"\\",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\\u",
                           "[\"a\":1]"})
    BOOST_CHECK_EXCEPTION(skip(text), Error, says("'file': the JSON text is not acceptable"));
  BOOST_CHECK_THROW(skip(std::string("1\0", 2)), Error);
  BOOST_CHECK_THROW(skip(std::string("\"a\0b\"", 5)), Error);
}

BOOST_AUTO_TEST_CASE(keys_stand_once) {
  BOOST_CHECK_EXCEPTION(skip(R"({"a":1,"b":2,"a":3})"), Error, says("at byte 13: the key \"a\" stands twice"));
  BOOST_CHECK_EXCEPTION(skip(R"({"a":1,"\u0061":3})"), Error, says("twice"));
  BOOST_CHECK_EXCEPTION(skip(R"([{"x":{"":1,"":2}}])"), Error, says("twice"));
  BOOST_CHECK_NO_THROW(skip(R"({"a":{"a":1},"b":{"a":2}})"));
}

BOOST_AUTO_TEST_CASE(depth_is_limited) {
  BOOST_CHECK_NO_THROW(skip(nested(64)));
  BOOST_CHECK_EXCEPTION(skip(nested(65)), Error, says("nested deeper than 64"));
  BOOST_CHECK_THROW(skip(std::string(10'000'000, '[')), Error);
  BOOST_CHECK_THROW(skip(std::string("{\"a\":") + std::string(1000, '[')), Error);
}

BOOST_AUTO_TEST_CASE(escapes) {
  BOOST_TEST(string_of(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
  BOOST_TEST(string_of(R"("\u0041\u00fc\u20AC\ud83d\uDE00")") == "A\u00fc\u20ac\U0001F600");
  BOOST_TEST(string_of(R"("\u0000")") == std::string(1, '\0'));
  BOOST_TEST(string_of("\"\u00fc\u20ac\U0001F600\x7f\"") == "\u00fc\u20ac\U0001F600\x7f");
  for (const char* text :
       {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")", R"("\ud83d\n")", R"("\ud83d\ud83d")"})
    BOOST_CHECK_EXCEPTION(string_of(text), Error, says("half of a surrogate pair"));
}

BOOST_AUTO_TEST_CASE(only_valid_utf8) {
  for (const char* text :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xf0\x9f\x98"}) {
    BOOST_TEST(!ctgrad::detail::is_utf8(text));
    BOOST_CHECK_EXCEPTION(string_of("\"" + std::string(text) + "\""), Error, says("not valid UTF-8"));
  }
  BOOST_TEST(
      ctgrad::detail::is_utf8("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80"
                              "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
  BOOST_TEST(ctgrad::detail::is_utf8(""));
}

BOOST_AUTO_TEST_CASE(unsigned_numbers) {
  BOOST_TEST(number_of("0") == 0U);
  BOOST_TEST(number_of(" 18446744073709551615 ") == ~std::uint64_t{0});
  for (const char* text : {"18446744073709551616", "99999999999999999999999", "-1", "1.0", "1e3", "1E3", "01", "00",
                           "\"1\"", "", "x", "+1"})
    BOOST_CHECK_THROW(number_of(text), Error);
  BOOST_CHECK_EXCEPTION(number_of("18446744073709551616"), Error, says("does not fit 64 bits"));
}

BOOST_AUTO_TEST_CASE(errors_count_from_the_start_of_the_file) {
  JsonReader json("{x", "file", 8);
  BOOST_CHECK_EXCEPTION(json.read_object([](const std::string&) {}), Error, says("at byte 9"));
}

BOOST_AUTO_TEST_CASE(quoting_is_undone_by_reading) {
  std::string all;
  for (char c = 0; c >= 0 && c < 127; ++c) all += c;
  all += "\u00fc\u20ac\U0001F600";
  std::string quoted;
  ctgrad::detail::append_json_string(quoted, all);
  BOOST_TEST(string_of(quoted) == all);
  BOOST_TEST(quoted.find('\n') == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
