// SPDX-License-Identifier: BSL-1.0
/// \file
/// What failed calls say.
#include <ctgrad/device/cuda/error.hpp>
#include <ctgrad/device/cuda/memory.hpp>

#include <boost/test/unit_test.hpp>

#include "fakes.hpp"

BOOST_AUTO_TEST_SUITE(cuda_error)

using namespace ctgrad;
using fakes::Fixture;

namespace {

template <class Body>
std::string text_of(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(sizes, Fixture) {
  BOOST_TEST(cuda::detail::bytes_as_text(0) == "0 bytes");
  BOOST_TEST(cuda::detail::bytes_as_text(1023) == "1023 bytes");
  BOOST_TEST(cuda::detail::bytes_as_text(1024) == "1.0 KiB");
  BOOST_TEST(cuda::detail::bytes_as_text(1610612736) == "1.5 GiB");
  BOOST_TEST(cuda::detail::bytes_as_text((std::size_t{2} << 20) - 1) == "1.9 MiB");
  BOOST_TEST(cuda::detail::bytes_as_text(std::size_t{141} << 30) == "141 GiB");
}

BOOST_FIXTURE_TEST_CASE(a_gpu_is_there, Fixture) {
  BOOST_TEST(text_of([] { cuda::check_driver(0); }) == "no error");
  BOOST_TEST(text_of([] { cuda::check(cudaSuccess, "cudaMalloc"); }) == "no error");
}

BOOST_FIXTURE_TEST_CASE(no_driver, Fixture) {
  fakes::runtime.count_status = cudaErrorInsufficientDriver;
  fakes::runtime.count = 0;
  fakes::runtime.driver_version = 0;
  BOOST_TEST(text_of([] { cuda::check_driver(0); }) ==
             "ctgrad: there is no NVIDIA driver on this machine; install it, or run on ctgrad::Cpu");
}

BOOST_FIXTURE_TEST_CASE(old_driver, Fixture) {
  fakes::runtime.count_status = cudaErrorInsufficientDriver;
  fakes::runtime.driver_version = 12020;
  BOOST_TEST(text_of([] {
               cuda::check_driver(0);
             }).starts_with("ctgrad: the NVIDIA driver is for CUDA 12.2 and this program for CUDA "));
}

BOOST_FIXTURE_TEST_CASE(no_such_gpu, Fixture) {
  fakes::runtime.count = 2;
  BOOST_TEST(text_of([] { cuda::check_driver(2); }) ==
             "ctgrad: there is no GPU number 2; this machine has 2, counted from 0");
  BOOST_TEST(text_of([] { cuda::check_driver(-1); }) ==
             "ctgrad: there is no GPU number -1; this machine has 2, counted from 0");
  fakes::runtime.count = 0;
  BOOST_TEST(text_of([] { cuda::check_driver(0); }).starts_with("ctgrad: the NVIDIA driver finds no GPU"));
}

BOOST_FIXTURE_TEST_CASE(no_room, Fixture) {
  fakes::runtime.largest_allocation = 1000;
  cuda::DeviceMemory memory;
  BOOST_TEST(text_of([&] { memory.reserve(std::size_t{5} << 30, "temporary arrays"); }) ==
             "ctgrad: there is no room for 5.0 GiB of temporary arrays (cudaErrorName): of the GPU's 80.0 GiB, 1.5 GiB "
             "are free. Use a smaller batch (memory_plan says how much a program takes), or end other programs on "
             "this GPU");
}

BOOST_FIXTURE_TEST_CASE(a_failed_call, Fixture) {
  BOOST_TEST(text_of([] { cuda::check(cudaErrorInvalidValue, "cudaMemcpyAsync"); }) ==
             "ctgrad: cudaMemcpyAsync failed: the text of the error (cudaErrorName)");
  BOOST_TEST(text_of([] {
               cuda::check(cudaErrorInvalidValue, "a call", [] { return std::string("an operation"); });
             }) == "ctgrad: a call for an operation failed: the text of the error (cudaErrorName)");
  BOOST_TEST(text_of([] {
               cuda::check(cudaErrorIllegalAddress, "a step");
             }).ends_with("run the program under compute-sanitizer, with replay_graphs(false), to see which"));
}

BOOST_AUTO_TEST_SUITE_END()
