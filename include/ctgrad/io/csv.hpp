// SPDX-License-Identifier: BSL-1.0
/// \file
/// Reading tables of numbers from comma-separated text.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ctgrad/core/error.hpp"
#include "ctgrad/io/gzip.hpp"

namespace ctgrad {

/// A table of numbers, row by row.
struct CsvTable {
  /// The names in the first line; empty where that holds numbers.
  std::vector<std::string> names;
  std::int64_t columns = 0;
  std::vector<double> values;

  std::int64_t rows() const { return columns == 0 ? 0 : static_cast<std::int64_t>(values.size()) / columns; }
  double operator()(std::int64_t row, std::int64_t column) const {
    return values[static_cast<std::size_t>(row * columns + column)];
  }
  /// The number of the column with that name; throws Error where there is none.
  std::int64_t column(std::string_view name) const {
    std::string all;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return static_cast<std::int64_t>(i);
      all += (i == 0 ? "" : ", ") + names[i];
    }
    throw_error("ctgrad: the table has no column '" + std::string(name) + "'" +
                (names.empty() ? ", for it has no names" : "; it has " + all));
  }
};

namespace detail {

/// The fields of a CSV text (RFC 4180), one after the other. Lines end with LF or CR LF; a quoted field may contain
/// separators, line ends and, doubled, quotes.
class CsvReader {
public:
  CsvReader(std::string_view text, std::string where, char separator)
      : text_(text), where_(std::move(where)), separator_(separator) {
    // The mark that some programs put before UTF-8.
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  bool is_at_end() const { return at_ == text_.size(); }
  /// The line of the field read last, counted from 1.
  std::int64_t line() const { return field_line_; }
  /// True when the field read last was the last one of its row.
  bool ends_row() const { return ends_row_; }

  /// Skips empty lines; false at the end of the text.
  bool start_row() {
    while (!is_at_end() && (text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n")) {
      at_ += text_[at_] == '\n' ? 1 : 2;
      ++line_;
    }
    return !is_at_end();
  }

  std::string next_field() {
    field_line_ = line_;
    std::string field;
    if (!is_at_end() && text_[at_] == '"') {
      for (++at_;; ++at_) {
        if (is_at_end()) fail("a quote that is never closed");
        if (text_[at_] == '"' && text_.substr(at_, 2) != "\"\"") break;
        if (text_[at_] == '"') ++at_;
        if (text_[at_] == '\n') ++line_;
        field += text_[at_];
      }
      ++at_;
      if (!is_at_end() && text_[at_] != separator_ && !is_line_end()) fail("text after a closing quote");
    } else {
      while (!is_at_end() && text_[at_] != separator_ && !is_line_end()) field += text_[at_++];
    }
    ends_row_ = is_at_end() || text_[at_] != separator_;
    if (!is_at_end()) {
      if (ends_row_) ++line_;
      at_ += text_[at_] == '\r' ? 2 : 1;
    }
    return field;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw_error("ctgrad: " + where_ + ", line " + std::to_string(field_line_) + ": " + what);
  }

private:
  bool is_line_end() const { return text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n"; }

  std::string_view text_;
  std::string where_;
  char separator_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
  std::int64_t field_line_ = 1;
  bool ends_row_ = false;
};

inline std::optional<double> csv_number(std::string_view field) {
  while (!field.empty() && (field.front() == ' ' || field.front() == '\t')) field.remove_prefix(1);
  while (!field.empty() && (field.back() == ' ' || field.back() == '\t')) field.remove_suffix(1);
  if (field.size() > 1 && field.front() == '+' && field[1] != '-') field.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size()) return std::nullopt;
  return value;
}

}  // namespace detail

/// The table in a CSV text. A first line with something that is no number holds the names. Every row has as many
/// numbers as the first; a missing or damaged one is an Error that gives the line and column. `where` says in errors
/// what the text is.
inline CsvTable parse_csv(std::string_view text, const std::string& where, char separator = ',') {
  detail::CsvReader reader(text, where, separator);
  CsvTable table;
  for (bool first = true; reader.start_row(); first = false) {
    std::vector<std::string> fields;
    do {
      fields.push_back(reader.next_field());
    } while (!reader.ends_row());
    const auto count = static_cast<std::int64_t>(fields.size());
    if (first) {
      table.columns = count;
      if (!std::all_of(fields.begin(), fields.end(),
                       [](const std::string& field) { return detail::csv_number(field).has_value(); })) {
        table.names = std::move(fields);
        continue;
      }
    }
    if (count != table.columns)
      reader.fail(std::to_string(count) + (count == 1 ? " field" : " fields") + ", where the first line has " +
                  std::to_string(table.columns));
    for (std::int64_t column = 0; column < count; ++column) {
      const std::string& field = fields[static_cast<std::size_t>(column)];
      const auto number = detail::csv_number(field);
      if (!number)
        reader.fail("column " + std::to_string(column + 1) +
                    (table.names.empty() ? "" : " (" + table.names[static_cast<std::size_t>(column)] + ")") +
                    (field.empty() ? " is empty" : " holds '" + field.substr(0, 40) + "', which is no number"));
      table.values.push_back(*number);
    }
  }
  if (table.columns == 0) throw_error("ctgrad: " + where + " is empty; it should hold rows of numbers");
  return table;
}

/// The table in a CSV file, plain or packed by gzip. See `parse_csv`.
inline CsvTable read_csv(const std::filesystem::path& path, char separator = ',',
                         std::uint64_t size_limit = default_size_limit) {
  const std::vector<std::byte> bytes = read_plain_or_gzip(path, size_limit);
  return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "'" + path.string() + "'", separator);
}

}  // namespace ctgrad
