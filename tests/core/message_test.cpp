// SPDX-License-Identifier: BSL-1.0
/// \file
/// The texts of errors: numbers, extents, and where a text ends.
#include <ctgrad/core/message.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(message)

using ctgrad::detail::Message;

namespace {

struct Pair {
  int first, second;
};
void write_to(Message& message, const Pair& pair) { message.number(pair.first).text(":").number(pair.second); }

std::string text_of(const Message& message) { return message.c_str(); }

}  // namespace

BOOST_AUTO_TEST_CASE(numbers_as_the_standard_library_writes_them) {
  BOOST_TEST(text_of(Message()).empty());
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{7}, std::int64_t{-10}, std::int64_t{1000000007},
                                    std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()})
    BOOST_TEST(text_of(Message().number(number)) == std::to_string(number));
  BOOST_TEST(text_of(Message().number(std::size_t{42}).text(" of ").number(-1)) == "42 of -1");
}

BOOST_AUTO_TEST_CASE(extents_and_other_values) {
  const std::vector<std::int64_t> none, some = {2, 3, 1};
  BOOST_TEST(text_of(Message().extents(none)) == "[]");
  BOOST_TEST(text_of(Message().text("x").extents(some).value(Pair{1, -2})) == "x[2, 3, 1]1:-2");
}

BOOST_AUTO_TEST_CASE(long_texts_are_cut) {
  Message message;
  message.text(std::string(2040, 'a')).number(1234567890);
  std::string expected(2047, 'a');
  expected.replace(2040, 7, "1234567");
  BOOST_TEST(text_of(message) == expected);
  message.text("b");
  BOOST_TEST(text_of(message).size() == 2047U);
}

BOOST_AUTO_TEST_CASE(is_thrown_as_an_error) {
  try {
    ctgrad::throw_error(Message().text("ctgrad: ").number(3));
  } catch (const ctgrad::Error& error) {
    BOOST_TEST(std::string(error.what()) == "ctgrad: 3");
    return;
  }
  BOOST_TEST(false, "nothing was thrown");
}

BOOST_AUTO_TEST_SUITE_END()
