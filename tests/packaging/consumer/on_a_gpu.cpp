// SPDX-License-Identifier: BSL-1.0
/// \file
/// A program for GPUs, none of whose sources goes through nvcc. It starts on any machine: where there is no GPU, it
/// gets an exception that says so in one sentence.
#include <ctgrad/cuda.hpp>

#include <cstdio>
#include <string>

int main() {
  int count = 0;
  const bool has_gpu = cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
  try {
    const ctgrad::Cuda gpu(0);
    std::puts("GPU 0 is ready");
    return has_gpu ? 0 : 1;
  } catch (const ctgrad::Error& error) {
    std::puts(error.what());
    const std::string text = error.what();
    return !has_gpu && text.starts_with("ctgrad: ") && text.find('\n') == std::string::npos ? 0 : 1;
  }
}
