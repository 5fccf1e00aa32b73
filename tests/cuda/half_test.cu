// SPDX-License-Identifier: BSL-1.0
/// \file
/// The 16-bit types on a GPU: conversions, and kernels that read and write them.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "ctgrad/core/half.hpp"
#include "kernel_body.hpp"

BOOST_AUTO_TEST_SUITE(cuda_half)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

using kernels::Do;
using kernels::In;
using kernels::List;
using kernels::Out;
constexpr InnerAccess contiguous = InnerAccess::contiguous;

template <class H>
CTGRAD_HOST_DEVICE void convert_one(const float* x, std::uint16_t* narrow, float* wide, int i) {
  narrow[i] = H(x[i]).bits;
  wide[i] = H::from_bits(static_cast<std::uint16_t>(i));
}
template <class H>
__global__ void convert_kernel(const float* x, std::uint16_t* narrow, float* wide, int size) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < size) convert_one<H>(x, narrow, wide, i);
}

/// Every 16-bit number, and as many floats of all kinds. A NaN may be another one.
template <class H>
void check_conversions() {
  constexpr int size = 0x10000;
  const SharedArray<float> x(size);
  for (int i = 0; i < size; ++i) {
    // All upper halves of a float, with lower halves on both sides of the middle.
    const std::uint32_t low[] = {0, 1, 0x0fff, 0x1000, 0x1001, 0x7fff, 0x8000, 0x8001};
    const std::uint32_t bits = static_cast<std::uint32_t>(i) << 16 | low[i % 8];
    std::memcpy(&x[i], &bits, sizeof(bits));
  }
  const SharedArray<std::uint16_t> narrow(size), host_narrow(size);
  const SharedArray<float> wide(size), host_wide(size);
  convert_kernel<H><<<size / 128, 128>>>(x.data(), narrow.data(), wide.data(), size);
  finish("conversions");
  int wrong = 0;
  for (int i = 0; i < size; ++i) {
    convert_one<H>(x.data(), host_narrow.data(), host_wide.data(), i);
    const float found = H::from_bits(narrow[i]);
    const bool both_nan = std::isnan(x[i]) && std::isnan(found);
    if (!both_nan && narrow[i] != host_narrow[i]) ++wrong;
    const bool both_wide_nan = std::isnan(wide[i]) && std::isnan(host_wide[i]);
    if (!both_wide_nan && std::memcmp(&wide[i], &host_wide[i], sizeof(float)) != 0) ++wrong;
  }
  BOOST_TEST(wrong == 0);
}

/// (a + b) * b, stored rounded; and rounded to D in the loop, as float. b is one element for all.
template <DType D>
using TwoResults = kernels::Kernel<List<In<D, contiguous>, In<D, InnerAccess::broadcast>>,
                                   List<Do<ops::Add, DType::float32, 0, 1>, Do<ops::Multiply, DType::float32, 2, 1>,
                                        Do<ops::Cast, D, 3>, Do<ops::Cast, DType::float32, 4>>,
                                   List<Out<3, D, contiguous>, Out<5, DType::float32, contiguous>>>;

template <DType D>
void check_kernel() {
  using H = element_t<D>;
  constexpr int size = 1000;
  const SharedArray<H> a(size), b(1), stored(size), host_stored(size);
  const SharedArray<float> rounded(size), host_rounded(size);
  for (int i = 0; i < size; ++i) a[i] = static_cast<float>(i) * 0.37F - 100;
  b[0] = 1.1F;
  Arrays arrays{{a.data(), b.data()}, {stored.data(), rounded.data()}};
  run_on_device<TwoResults<D>>(arrays, size, "a kernel of 16-bit elements");
  arrays.output[0] = host_stored.data();
  arrays.output[1] = host_rounded.data();
  run_on_host<TwoResults<D>>(arrays, size);
  int wrong = 0;
  for (int i = 0; i < size; ++i) {
    const H expected = (static_cast<float>(a[i]) + static_cast<float>(b[0])) * static_cast<float>(b[0]);
    if (host_stored[i].bits != expected.bits || host_rounded[i] != static_cast<float>(expected)) ++wrong;
    if (stored[i].bits != expected.bits || rounded[i] != static_cast<float>(expected)) ++wrong;
  }
  BOOST_TEST(wrong == 0);
}

}  // namespace

BOOST_AUTO_TEST_CASE(conversions_are_those_of_the_cpu, *needs_gpu()) {
  check_conversions<bfloat16>();
  check_conversions<float16>();
}

BOOST_AUTO_TEST_CASE(kernels_compute_in_float, *needs_gpu()) {
  check_kernel<DType::bfloat16>();
  check_kernel<DType::float16>();
}

BOOST_AUTO_TEST_SUITE_END()
