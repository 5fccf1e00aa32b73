// SPDX-License-Identifier: BSL-1.0
/// \file
/// How cuBLAS and cuBLASLt are called.
#include <ctgrad/device/cuda/cublaslt.hpp>

#include "../../device/cuda/products.hpp"
#include "fakes.hpp"

BOOST_AUTO_TEST_SUITE(cuda_cublas)

using namespace ctgrad;
using ctgrad_test::OwnedProduct;
using cuda::Cublas;
using cuda::CublasLt;
using cuda::Epilogue;
using fakes::Fixture;

namespace {

const auto stream = fakes::any_stream;

OwnedProduct<float> ordinary() { return {1, 2, 3, 4, false, false, false, false, false, 0}; }

}  // namespace

BOOST_FIXTURE_TEST_CASE(every_layout, Fixture) {
  Cublas cublas(stream);
  ctgrad_test::check_all_layouts<float>([&](const auto& p) { cublas.multiply(p, false); });
  ctgrad_test::check_all_layouts<double>([&](const auto& p) { cublas.multiply(p, false); });
  ctgrad_test::check_all_layouts<bfloat16>([&](const auto& p) { cublas.multiply(p, false); });
  ctgrad_test::check_all_layouts<float16>([&](const auto& p) { cublas.multiply(p, false); });
}

BOOST_FIXTURE_TEST_CASE(the_stream_and_the_workspace_stay, Fixture) {
  {
    const Cublas cublas(stream);
    BOOST_TEST(fakes::blas.stream == stream);
    BOOST_TEST(fakes::blas.workspace == cublas.workspace().data());
    BOOST_TEST(fakes::blas.workspace_bytes == std::size_t{32} << 20);
    BOOST_TEST((fakes::blas.math & CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION) != 0U);
  }
  BOOST_TEST(fakes::blas.live_handles == 0);
  BOOST_TEST(fakes::runtime.live_allocations == 0);
  fakes::runtime.capability_major = 8;
  const Cublas cublas(stream);
  BOOST_TEST(fakes::blas.workspace_bytes == std::size_t{4} << 20);
}

BOOST_FIXTURE_TEST_CASE(tf32_only_where_it_is_allowed, Fixture) {
  Cublas cublas(stream);
  OwnedProduct<float> p = ordinary();
  cublas.multiply(p.p, false);
  BOOST_TEST(fakes::blas.compute == CUBLAS_COMPUTE_32F);
  cublas.multiply(p.p, true);
  BOOST_TEST(fakes::blas.compute == CUBLAS_COMPUTE_32F_FAST_TF32);
  OwnedProduct<double> q(1, 2, 3, 4, false, false, false, false, false, 0);
  cublas.multiply(q.p, true);
  BOOST_TEST(fakes::blas.compute == CUBLAS_COMPUTE_64F);
}

BOOST_FIXTURE_TEST_CASE(long_lengths_and_long_batches, Fixture) {
  Cublas cublas(stream);
  fakes::blas.computes = false;
  MatrixProduct<float> p;
  p.m = p.n = p.k = p.row_a = p.row_b = p.row_c = 1;
  cublas.multiply(p, false);
  BOOST_TEST(fakes::blas.call == "cublasGemmEx");
  p.m = std::int64_t{3} << 30;
  cublas.multiply(p, false);
  BOOST_TEST(fakes::blas.call == "cublasGemmEx_64");
  p.batch = 2;
  p.stride_a = p.stride_c = p.m;
  p.stride_b = 1;
  cublas.multiply(p, false);
  BOOST_TEST(fakes::blas.call == "cublasGemmStridedBatchedEx_64");
  p.m = p.stride_a = p.stride_c = 1;
  p.batch = 150000;
  fakes::blas.batches.clear();
  cublas.multiply(p, false);
  BOOST_TEST(fakes::blas.call == "cublasGemmStridedBatchedEx");
  const std::vector<long long> parts{65535, 65535, 18930};
  BOOST_TEST(fakes::blas.batches == parts);
}

BOOST_FIXTURE_TEST_CASE(a_batch_cut_in_parts_is_whole, Fixture) {
  Cublas cublas(stream);
  OwnedProduct<float> owned(70000, 1, 1, 2, false, false, false, false, true, 0);
  std::vector<float> wanted = owned.c;
  MatrixProduct<float> by_definition = owned.p;
  by_definition.c = wanted.data();
  ctgrad_test::multiply_in_rows(by_definition);
  cublas.multiply(owned.p, false);
  BOOST_TEST((owned.c == wanted));
}

BOOST_FIXTURE_TEST_CASE(errors_name_the_product, Fixture) {
  Cublas cublas(stream);
  fakes::blas.next_status = CUBLAS_STATUS_EXECUTION_FAILED;
  BOOST_CHECK_EXCEPTION(cublas.multiply(ordinary().p, false), Error, [](const Error& error) {
    const std::string text = error.what();
    return text.starts_with("ctgrad: cublasGemmEx for matmul [2, 4] x [4, 3] of float32 failed: the text of cuBLAS; ");
  });
}

BOOST_FIXTURE_TEST_CASE(lt_every_layout, Fixture) {
  {
    Cublas cublas(stream);
    CublasLt lt(cublas);
    auto multiply = [&](const auto& p) {
      if (!lt.multiply(p, false)) {
        BOOST_TEST(p.k == 0);
        cublas.multiply(p, false);
      }
    };
    ctgrad_test::check_all_layouts<float>(multiply);
    ctgrad_test::check_all_layouts<double>(multiply);
    ctgrad_test::check_all_layouts<bfloat16>(multiply);
    ctgrad_test::check_all_layouts<float16>(multiply);
  }
  BOOST_TEST(fakes::blas_lt.live_descriptors == 0);
}

BOOST_FIXTURE_TEST_CASE(lt_epilogues, Fixture) {
  Cublas cublas(stream);
  CublasLt lt(cublas);
  const std::vector<float> bias{10, -200, 3};
  for (const Epilogue epilogue : {Epilogue::bias, Epilogue::relu, Epilogue::bias_relu}) {
    const bool adds_bias = epilogue != Epilogue::relu;
    OwnedProduct<float> owned(1, 5, 3, 4, false, true, false, false, false, 1);
    std::vector<float> wanted = owned.c;
    MatrixProduct<float> by_definition = owned.p;
    by_definition.c = wanted.data();
    ctgrad_test::multiply_in_rows(by_definition);
    for (std::size_t i = 0; i < 5; ++i)
      for (std::size_t j = 0; j < 3; ++j) {
        float& x = wanted[i * 4 + j];
        if (adds_bias) x += bias[j];
        if (epilogue != Epilogue::bias && x < 0) x = 0;
      }
    BOOST_TEST(lt.multiply(owned.p, false, epilogue, adds_bias ? bias.data() : nullptr));
    BOOST_TEST(owned.c == wanted);
  }
  OwnedProduct<double> p(1, 2, 3, 4, false, false, false, false, false, 0);
  const double bias_of_doubles[3] = {};
  BOOST_TEST(!lt.multiply(p.p, false, Epilogue::bias, bias_of_doubles));
}

BOOST_FIXTURE_TEST_CASE(lt_chooses_once, Fixture) {
  Cublas cublas(stream);
  CublasLt lt(cublas);
  OwnedProduct<float> p = ordinary();
  for (int i = 0; i < 3; ++i) BOOST_TEST(lt.multiply(p.p, false));
  BOOST_TEST(fakes::blas_lt.heuristics == 1);
  BOOST_TEST(fakes::blas_lt.requested == 1);
  BOOST_TEST(fakes::blas_lt.last_algorithm == 10);
  p.p.adds = true;
  BOOST_TEST(lt.multiply(p.p, false));
  BOOST_TEST(lt.multiply(p.p, true));
  BOOST_TEST(fakes::blas_lt.heuristics == 3);
}

BOOST_FIXTURE_TEST_CASE(lt_measures_once, Fixture) {
  Cublas cublas(stream);
  CublasLt lt(cublas);
  lt.autotune(true);
  OwnedProduct<float> p = ordinary();
  // While a graph is recorded nothing can be measured.
  fakes::runtime.is_recording = true;
  BOOST_TEST(lt.multiply(p.p, false));
  BOOST_TEST(fakes::blas_lt.last_algorithm == 10);
  fakes::runtime.is_recording = false;
  fakes::blas_lt.algorithms = {10, 11, 12, 13};
  fakes::blas_lt.broken = {11};
  fakes::runtime.times = {5, 2, 3};  // of 10, 12, 13
  BOOST_TEST(lt.multiply(p.p, false));
  BOOST_TEST(fakes::blas_lt.last_algorithm == 12);
  BOOST_TEST(fakes::blas_lt.heuristics == 2);
  BOOST_TEST(lt.multiply(p.p, false));
  BOOST_TEST(fakes::blas_lt.last_algorithm == 12);
  BOOST_TEST(fakes::blas_lt.heuristics == 2);
  BOOST_TEST(fakes::runtime.live_events == 0);
  // A product that adds would be added several times.
  p.p.adds = true;
  const int runs = fakes::blas_lt.runs;
  BOOST_TEST(lt.multiply(p.p, false));
  BOOST_TEST(fakes::blas_lt.runs == runs + 1);
  // Off again, the estimate counts.
  p.p.adds = false;
  lt.autotune(false);
  BOOST_TEST(lt.multiply(p.p, false));
  BOOST_TEST(fakes::blas_lt.last_algorithm == 10);
  BOOST_TEST(fakes::blas_lt.requested == 1);
}

BOOST_FIXTURE_TEST_CASE(lt_without_an_algorithm, Fixture) {
  Cublas cublas(stream);
  CublasLt lt(cublas);
  fakes::blas_lt.algorithms = {};
  OwnedProduct<float> p = ordinary();
  const std::vector<float> before = p.c;
  BOOST_TEST(!lt.multiply(p.p, false));
  BOOST_TEST(p.c == before);
}

BOOST_FIXTURE_TEST_CASE(lt_alignments, Fixture) {
  const auto at = [](std::uintptr_t address) { return reinterpret_cast<const void*>(address); };
  BOOST_TEST(cuda::alignment_of(at(0x1000)) == 256U);
  BOOST_TEST(cuda::alignment_of(at(0x1010)) == 16U);
  BOOST_TEST(cuda::alignment_of(at(0x1004)) == 4U);
  BOOST_TEST(cuda::alignment_of(at(0x1080)) == 128U);
  Cublas cublas(stream);
  CublasLt lt(cublas);
  alignas(256) float a[128] = {};
  alignas(256) float b[128] = {};
  alignas(256) float c[128] = {};
  MatrixProduct<float> p;
  p.m = p.n = p.k = p.row_a = p.row_b = p.row_c = 2;
  p.a = a + 1;
  p.b = b + 4;
  p.c = c + 32;
  BOOST_TEST(lt.multiply(p, false));
  // cuBLASLt's first operand is B.
  BOOST_TEST(fakes::blas_lt.alignment[0] == 16U);
  BOOST_TEST(fakes::blas_lt.alignment[1] == 4U);
  BOOST_TEST(fakes::blas_lt.alignment[2] == 128U);
  BOOST_TEST(fakes::blas_lt.alignment[3] == 128U);
  p.b = b;
  BOOST_TEST(lt.multiply(p, false));
  BOOST_TEST(fakes::blas_lt.heuristics == 2);
  // An algorithm must suit the bias too.
  alignas(256) const float bias[4] = {};
  BOOST_TEST(lt.multiply(p, false, Epilogue::bias, bias + 2));
  BOOST_TEST(fakes::blas_lt.alignment[2] == 128U);
  BOOST_TEST(fakes::blas_lt.alignment[3] == 8U);
  BOOST_TEST(lt.multiply(p, false, Epilogue::bias, bias));
  BOOST_TEST(fakes::blas_lt.alignment[3] == 128U);
}

BOOST_AUTO_TEST_SUITE_END()
