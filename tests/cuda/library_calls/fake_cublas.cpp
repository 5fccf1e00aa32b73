// SPDX-License-Identifier: BSL-1.0
/// \file
/// cuBLAS: checks its arguments and multiplies matrices in columns.
#include <algorithm>
#include <cstdint>

#include "../../device/cuda/products.hpp"
#include "fakes.hpp"

using fakes::blas;

namespace {

struct Product {
  cublasOperation_t op_a, op_b;
  std::int64_t m, n, k;
  const void* alpha;
  const void* a;
  cudaDataType_t type_a;
  std::int64_t ld_a, stride_a;
  const void* b;
  cudaDataType_t type_b;
  std::int64_t ld_b, stride_b;
  const void* beta;
  void* c;
  cudaDataType_t type_c;
  std::int64_t ld_c, stride_c;
  std::int64_t batch;
  cublasComputeType_t compute;
};

template <class T, class Scale>
void compute(const Product& p) {
  if (!blas.computes || *static_cast<const Scale*>(p.alpha) != 1) return;
  // The numbers on the host are read by the call, the matrices when the stream comes to it.
  fakes::put(blas.stream, [p, beta = static_cast<double>(*static_cast<const Scale*>(p.beta))] {
    for (std::int64_t i = 0; i < p.batch; ++i)
      ctgrad_test::multiply_in_columns(p.op_a == CUBLAS_OP_T, p.op_b == CUBLAS_OP_T, p.m, p.n, p.k,
                                       static_cast<const T*>(p.a) + i * p.stride_a, p.ld_a,
                                       static_cast<const T*>(p.b) + i * p.stride_b, p.ld_b, beta,
                                       static_cast<T*>(p.c) + i * p.stride_c, p.ld_c);
  });
}

cublasStatus_t run(const char* name, const Product& p) {
  ++blas.calls;
  blas.call = name;
  blas.compute = p.compute;
  blas.batches.push_back(p.batch);
  if (blas.next_status != CUBLAS_STATUS_SUCCESS) return blas.next_status;
  const std::int64_t one = 1;
  if (p.m < 0 || p.n < 0 || p.k < 0 || p.batch < 0 || p.ld_a < std::max(one, p.op_a == CUBLAS_OP_N ? p.m : p.k) ||
      p.ld_b < std::max(one, p.op_b == CUBLAS_OP_N ? p.k : p.n) || p.ld_c < std::max(one, p.m) ||
      p.type_a != p.type_b || p.type_a != p.type_c)
    return CUBLAS_STATUS_INVALID_VALUE;
  const bool single = p.compute == CUBLAS_COMPUTE_32F || p.compute == CUBLAS_COMPUTE_32F_FAST_TF32;
  if (p.type_a == CUDA_R_32F && single) {
    compute<float, float>(p);
  } else if (p.type_a == CUDA_R_64F && p.compute == CUBLAS_COMPUTE_64F) {
    compute<double, double>(p);
  } else if (p.type_a == CUDA_R_16BF && p.compute == CUBLAS_COMPUTE_32F) {
    compute<ctgrad::bfloat16, float>(p);
  } else if (p.type_a == CUDA_R_16F && p.compute == CUBLAS_COMPUTE_32F) {
    compute<ctgrad::float16, float>(p);
  } else {
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace

extern "C" {

const char* cublasGetStatusString(cublasStatus_t) { return "the text of cuBLAS"; }
cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  *handle = reinterpret_cast<cublasHandle_t>(&blas);
  ++blas.live_handles;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy_v2(cublasHandle_t) {
  --blas.live_handles;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream_v2(cublasHandle_t, cudaStream_t stream) {
  blas.stream = stream;
  blas.workspace = nullptr;  // as cuBLAS does
  blas.workspace_bytes = 0;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t, void* workspace, std::size_t bytes) {
  blas.workspace = workspace;
  blas.workspace_bytes = bytes;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t math) {
  blas.math = static_cast<unsigned>(math);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGemmEx(cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k,
                            const void* alpha, const void* a, cudaDataType type_a, int ld_a, const void* b,
                            cudaDataType type_b, int ld_b, const void* beta, void* c, cudaDataType type_c, int ld_c,
                            cublasComputeType_t compute_type, cublasGemmAlgo_t) {
  return run("cublasGemmEx", {op_a,   op_b, m, n,    k, alpha,  a,    type_a, ld_a, 0,           b,
                              type_b, ld_b, 0, beta, c, type_c, ld_c, 0,      1,    compute_type});
}
cublasStatus_t cublasGemmEx_64(cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, std::int64_t m,
                               std::int64_t n, std::int64_t k, const void* alpha, const void* a, cudaDataType type_a,
                               std::int64_t ld_a, const void* b, cudaDataType type_b, std::int64_t ld_b,
                               const void* beta, void* c, cudaDataType type_c, std::int64_t ld_c,
                               cublasComputeType_t compute_type, cublasGemmAlgo_t) {
  return run("cublasGemmEx_64", {op_a,   op_b, m, n,    k, alpha,  a,    type_a, ld_a, 0,           b,
                                 type_b, ld_b, 0, beta, c, type_c, ld_c, 0,      1,    compute_type});
}
cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n,
                                          int k, const void* alpha, const void* a, cudaDataType type_a, int ld_a,
                                          long long stride_a, const void* b, cudaDataType type_b, int ld_b,
                                          long long stride_b, const void* beta, void* c, cudaDataType type_c, int ld_c,
                                          long long stride_c, int batch, cublasComputeType_t compute_type,
                                          cublasGemmAlgo_t) {
  return run("cublasGemmStridedBatchedEx",
             {op_a,   op_b, m,        n,    k, alpha,  a,    type_a,   ld_a,  stride_a,    b,
              type_b, ld_b, stride_b, beta, c, type_c, ld_c, stride_c, batch, compute_type});
}
cublasStatus_t cublasGemmStridedBatchedEx_64(cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b,
                                             std::int64_t m, std::int64_t n, std::int64_t k, const void* alpha,
                                             const void* a, cudaDataType type_a, std::int64_t ld_a, long long stride_a,
                                             const void* b, cudaDataType type_b, std::int64_t ld_b, long long stride_b,
                                             const void* beta, void* c, cudaDataType type_c, std::int64_t ld_c,
                                             long long stride_c, std::int64_t batch, cublasComputeType_t compute_type,
                                             cublasGemmAlgo_t) {
  return run("cublasGemmStridedBatchedEx_64",
             {op_a,   op_b, m,        n,    k, alpha,  a,    type_a,   ld_a,  stride_a,    b,
              type_b, ld_b, stride_b, beta, c, type_c, ld_c, stride_c, batch, compute_type});
}

}  // extern "C"
