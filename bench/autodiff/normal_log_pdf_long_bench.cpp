// SPDX-License-Identifier: BSL-1.0
/// \file
/// Value and gradient of the logarithm of a normal density of many numbers.
#include "normal_log_pdf.hpp"

namespace {

using namespace normal_log_pdfs;

BENCHMARK(normal_log_pdf_of<256>);
BENCHMARK(normal_log_pdf_of<4096>);
BENCHMARK(normal_log_pdf_of<16384>);

}  // namespace

BENCHMARK_MAIN();
