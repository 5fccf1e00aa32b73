// SPDX-License-Identifier: BSL-1.0
/// \file
/// The error is on another line than the marked one.
// expect: the sentence
static_assert(false, "the sentence");
int innocent = 0;  // <- here
