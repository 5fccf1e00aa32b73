// SPDX-License-Identifier: BSL-1.0
/// \file
/// The second expected text is nowhere in the output.
// expect: the first sentence
// expect: the second [s]entence
static_assert(false, "the first sentence");
