// SPDX-License-Identifier: BSL-1.0
/// \file
/// Tables of numbers from text, and texts that are none.
#include "ctgrad/io/csv.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>

BOOST_AUTO_TEST_SUITE(io_csv)

using namespace ctgrad;

CsvTable table(std::string_view text, char separator = ',') { return parse_csv(text, "text", separator); }

BOOST_AUTO_TEST_CASE(numbers_with_names) {
  const CsvTable t = table("x,y,\"z, or \"\"zed\"\"\"\n1,2.5,-3e2\r\n +4 ,.5,6\n");
  BOOST_TEST(t.columns == 3);
  BOOST_TEST(t.rows() == 2);
  BOOST_TEST(t.names[2] == "z, or \"zed\"");
  BOOST_TEST(t(0, 2) == -300);
  BOOST_TEST(t(1, 0) == 4);
  BOOST_TEST(t(1, 1) == 0.5);
  BOOST_TEST(t.column("y") == 1);
}

BOOST_AUTO_TEST_CASE(without_names_and_without_a_last_line_end) {
  const CsvTable t = table("1;2\n\n3;4", ';');
  BOOST_TEST(t.names.empty());
  BOOST_TEST(t.rows() == 2);
  BOOST_TEST(t(1, 1) == 4);
}

BOOST_AUTO_TEST_CASE(one_column_a_mark_and_quotes) {
  const CsvTable t = table(
      "\xEF\xBB\xBF"
      "name\n\"1\"\n2\n");
  BOOST_TEST(t.names[0] == "name");
  BOOST_TEST(t.rows() == 2);
}

BOOST_AUTO_TEST_CASE(a_long_first_line) {
  // Work that grew with the square of the number of names would take minutes.
  std::string text;
  for (int i = 0; i < 300000; ++i) text += "a long name of a column,";
  const CsvTable t = table(text + "last\n");
  BOOST_TEST(t.names.size() == 300001U);
  BOOST_TEST(t.names.back() == "last");
  BOOST_TEST(t.rows() == 0);
}

/// What the error for a text says.
std::string error_of(std::string_view text) {
  try {
    table(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

BOOST_AUTO_TEST_CASE(damaged_texts_say_where) {
  const auto says = [](std::string_view text, const std::string& part) {
    const std::string error = error_of(text);
    BOOST_TEST(error.find(part) != std::string::npos, error);
  };
  says("", "text is empty");
  says("\n\n", "text is empty");
  says("a,b\n1,2\n3\n", "text, line 3: 1 field, where the first line has 2");
  says("a,b\n1,2\n3,4,5\n", "text, line 3: 3 fields");
  says("a,b\n1,x\n", "text, line 2: column 2 (b) holds 'x', which is no number");
  says("a,b\n1,\n", "text, line 2: column 2 (b) is empty");
  says("1,2\n1,2 3\n", "text, line 2: column 2 holds '2 3'");
  says("1,2\n\"1,2\n", "a quote that is never closed");
  says("1,2\n\"1\"2,3\n", "text after a closing quote");
  says("1\n1e999\n", "no number");
  says("1\n+-2\n", "no number");
  says("1\n0x10\n", "no number");
  says("1\n" + std::string(1000, 'x') + "\n", "holds '" + std::string(40, 'x') + "'");
}

BOOST_AUTO_TEST_CASE(a_line_end_in_quotes_counts) {
  BOOST_TEST(error_of("\"a\nb\",c\n1,2\n3,x\n").find("line 4: column 2 (c)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(files) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / "ctgrad_csv_test.csv";
  std::ofstream(path) << "a\n1\n2\n";
  BOOST_TEST(read_csv(path).rows() == 2);
  BOOST_CHECK_THROW(read_csv(path).column("b"), Error);
  std::filesystem::remove(path);
  BOOST_CHECK_THROW(read_csv(path), Error);
}

BOOST_AUTO_TEST_SUITE_END()
