// SPDX-License-Identifier: BSL-1.0
/// \file
/// What the tests on a GPU share: whether there is one, arrays that host and device see, and the comparison of results.
#pragma once

#include <cuda_runtime.h>

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <string>
#include <type_traits>

namespace ctgrad_test {

/// Whether there is a GPU: `*needs_gpu()` before a test's body skips it where there is none.
inline boost::test_tools::assertion_result has_gpu(boost::unit_test::test_unit_id test) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  const bool found = status == cudaSuccess && count > 0;
  if (!found)
    std::cout << "skipped, its kernels only compiled: "
              << boost::unit_test::framework::get(test, boost::unit_test::TUT_ANY).full_name()
              << " (no GPU: " << cudaGetErrorString(status) << ")\n";
  return found;
}
inline auto needs_gpu() { return boost::unit_test::precondition(boost::unit_test::precondition::predicate_t(has_gpu)); }

inline void check_cuda(cudaError_t status, const char* what) {
  BOOST_REQUIRE_MESSAGE(status == cudaSuccess, what << ": " << cudaGetErrorString(status));
}

/// Waits for the kernel that was launched last.
inline void finish(const char* what) {
  check_cuda(cudaGetLastError(), what);
  check_cuda(cudaDeviceSynchronize(), what);
}

/// An array in memory that host and device share.
template <class T>
class SharedArray {
public:
  explicit SharedArray(int size) : size_(size) {
    check_cuda(cudaMallocManaged(&data_, sizeof(T) * static_cast<std::size_t>(size)), "cudaMallocManaged");
  }
  ~SharedArray() { cudaFree(data_); }
  SharedArray(const SharedArray&) = delete;
  SharedArray& operator=(const SharedArray&) = delete;

  T* data() const { return data_; }
  int size() const { return size_; }
  T& operator[](int i) const { return data_[i]; }

private:
  T* data_ = nullptr;
  int size_;
};

/// Numbers of T between two results, 0 for the same bits or two NaNs; the largest integer where they cannot be
/// compared.
template <class T>
std::int64_t steps_apart(T a, T b) {
  constexpr std::int64_t far = INT64_MAX;
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a || b != b) return a != a && b != b ? 0 : far;
    using Word = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
    Word p, q;
    std::memcpy(&p, &a, sizeof(T));
    std::memcpy(&q, &b, sizeof(T));
    if (p == q) return 0;
    // Numbers of one sign are ordered as their bits; the two zeros are one step apart.
    if ((p < 0) != (q < 0)) return a == b ? 1 : far;
    const std::int64_t distance = std::int64_t{p} - std::int64_t{q};
    return distance < 0 ? -distance : distance;
  } else {
    return a == b ? 0 : far;
  }
}

/// Checks that the device's results are at most `allowed` numbers away from the host's.
template <class T>
void compare(const SharedArray<T>& device, const SharedArray<T>& host, std::int64_t allowed, const std::string& what) {
  int wrong = 0, first = -1;
  std::int64_t most = 0;
  for (int i = 0; i < host.size(); ++i) {
    const std::int64_t apart = steps_apart(device[i], host[i]);
    if (apart > most) most = apart;
    if (apart <= allowed) continue;
    if (first < 0) first = i;
    ++wrong;
  }
  BOOST_TEST(wrong == 0, what << ": " << wrong << " of " << host.size() << " results differ, by up to " << most
                              << " ulp; " << allowed << " are allowed. Element " << first << ": "
                              << +device[first < 0 ? 0 : first] << " on the GPU, " << +host[first < 0 ? 0 : first]
                              << " on the CPU");
}

}  // namespace ctgrad_test
