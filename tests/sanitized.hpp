// SPDX-License-Identifier: BSL-1.0
/// \file
/// Whether this build has sanitizers, which look at the code and not at the numbers: a part of the largest tests is
/// then enough, for each takes far longer.
#pragma once

namespace ctgrad_test {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace ctgrad_test
