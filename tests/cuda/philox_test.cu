// SPDX-License-Identifier: BSL-1.0
/// \file
/// Random numbers on the GPU: the bits of the CPU.
#include "ctgrad/tensor/philox.hpp"

#include "device.hpp"

BOOST_AUTO_TEST_SUITE(cuda_philox)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

constexpr std::uint64_t seed = 0x299f31d0a4093822;
constexpr std::uint64_t stream = 0x0370734413198a2e;

struct Words {
  static constexpr const char* name = "words";
  CTGRAD_HOST_DEVICE static std::uint32_t at(std::uint64_t i) { return random_block(seed, stream, i / 4).word[i % 4]; }
};
template <class T>
struct Uniform {
  static constexpr const char* name = "uniform";
  CTGRAD_HOST_DEVICE static T at(std::uint64_t i) { return uniform_at<T>(seed, stream, i); }
};
template <class T>
struct Normal {
  static constexpr const char* name = "normal";
  CTGRAD_HOST_DEVICE static T at(std::uint64_t i) { return normal_at<T>(seed, stream, i); }
};
// Nearly half of all draws from this range are drawn again.
struct Integers {
  static constexpr const char* name = "integers";
  CTGRAD_HOST_DEVICE static std::int64_t at(std::uint64_t i) {
    return static_cast<std::int64_t>(integer_at(seed, stream, i, (std::uint64_t{1} << 63) + 1));
  }
};

template <class Numbers, class T>
__global__ void fill(T* out, int size) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < size) out[i] = Numbers::at(static_cast<std::uint64_t>(i));
}

template <class Numbers>
void check() {
  using T = decltype(Numbers::at(0));
  constexpr int size = 100000;
  const SharedArray<T> device(size), host(size);
  fill<Numbers><<<(size + 127) / 128, 128>>>(device.data(), size);
  finish(Numbers::name);
  for (int i = 0; i < size; ++i) host[i] = Numbers::at(static_cast<std::uint64_t>(i));
  compare(device, host, 0, Numbers::name);
}

}  // namespace

BOOST_AUTO_TEST_CASE(random_numbers_have_the_bits_of_the_cpu, *needs_gpu()) {
  check<Words>();
  check<Uniform<float>>();
  check<Uniform<double>>();
  check<Normal<float>>();
  check<Normal<double>>();
  check<Integers>();
}

BOOST_AUTO_TEST_SUITE_END()
