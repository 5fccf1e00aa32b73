// SPDX-License-Identifier: BSL-1.0
/// \file
/// Schedules as text.
#include "ctgrad/passes/schedule_text.hpp"

#include <boost/test/unit_test.hpp>

#include "graph_queries.hpp"

BOOST_AUTO_TEST_SUITE(schedule_text)

using namespace ctgrad;
using ctgrad_test::stages_of;

namespace {

template <class S>
std::string text_of_stages(S) {
  return to_string(S::view(), S::legal(), S::fusion());
}

}  // namespace

BOOST_AUTO_TEST_CASE(steps_kernels_memory_and_totals) {
  const std::string text = text_of_stages(stages_of([](auto x, auto w) { return sum(tanh(matmul(x, w)) * 2, axis<0>); },
                                                    spec<float, batch, 10>, spec<float, 10, 4>));
  BOOST_TEST(text ==
             "step 0: matmul, over [batch, 4]\n"
             "  computes %2 = matmul(%0, %1)\n"
             "  reads  %0 : float32, shape [batch, 10], input 0 at byte 0\n"
             "  reads  %1 : float32, shape [10, 4], input 1 at byte 0\n"
             "  writes %2 : float32, shape [batch, 4], arena 1 at byte 0\n"
             "  40*batch + 160 bytes read, 16*batch bytes written, 80*batch flops\n"
             "step 1: loop, kernel 0, over [batch, 4]\n"
             "  computes %3 tanh, %5 multiply, %6 sum\n"
             "  reads  %2 : float32, strides [4, 1], arena 1 at byte 0\n"
             "  reads  %4 : float32, strides [0, 0], constants at byte 0\n"
             "  writes %6 : float32, strides [0, 1], arena 0 at byte 0\n"
             "  16*batch + 4 bytes read, 16 bytes written, 72*batch flops\n"
             "kernel 0, run by 1 step\n"
             "  v0 = load, contiguous : float32\n"
             "  v1 = load, one element : float32\n"
             "  v2 = tanh(v0) : float32\n"
             "  v3 = multiply(v2, v1) : float32\n"
             "  store sum of v3, contiguous : float32\n"
             "arena 0: 64 bytes, 64 without reuse\n"
             "arena 1: 16*batch bytes, 16*batch without reuse\n"
             "constants: 8 bytes\n"
             "total: 2 steps, 1 kernels, 64 + 16*batch bytes of temporary memory (64 + 16*batch without reuse), "
             "56*batch + 164 bytes read, 16*batch + 16 bytes written, 152*batch flops\n");
}

BOOST_AUTO_TEST_CASE(offsets_and_places) {
  const std::string text = text_of_stages(stages_of(
      [](auto x) {
        return std::tuple{slice<0, 1, 3>(x) * 2, argmax(x, axis<0>), concat(axis<0>, x, x)};
      },
      spec<double, 4, batch>));
  for (const char* part :
       {"input 0 at byte 0 + batch elements", "argmax, over [batch]", "concat, over [8, batch]",
        "computes %4 = argmax(%0, axis 0)", "writes %4 : int64, shape [batch], arena 1 at byte 16*batch"})
    BOOST_TEST(text.find(part) != std::string::npos, part << " is missing in\n" << text);
}

BOOST_AUTO_TEST_SUITE_END()
