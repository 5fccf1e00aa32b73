// SPDX-License-Identifier: BSL-1.0
/// \file
/// Another error than the expected one comes first.
// expect: the expected sentence
static_assert(false, "another sentence");
static_assert(false, "the expected sentence");
