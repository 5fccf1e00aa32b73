// SPDX-License-Identifier: BSL-1.0
/// \file
/// The exception every run-time error of the library is thrown as.
#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>

namespace ctgrad {

/// A run-time error: its text says what went wrong, where, and what to do about it.
class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A number for an error's text, however small or large.
inline std::string brief_text(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", number);
  return text;
}

[[noreturn]] inline void throw_error(const std::string& text) { throw Error(text); }

}  // namespace ctgrad
