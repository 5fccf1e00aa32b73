// SPDX-License-Identifier: BSL-1.0
/// \file
/// A file that does not say what it expects.
static_assert(false, "a sentence");
