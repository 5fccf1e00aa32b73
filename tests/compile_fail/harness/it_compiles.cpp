// SPDX-License-Identifier: BSL-1.0
/// \file
/// A program with nothing wrong must not pass as one that fails to compile.
// expect: never
int main() {}
