// SPDX-License-Identifier: BSL-1.0
/// \file
/// cuBLASLt: keeps what its descriptors are told, and multiplies accordingly.
#include <cstring>

#include "../../device/cuda/products.hpp"
#include "fakes.hpp"

using fakes::blas_lt;

namespace {

// The descriptors' own types are opaque blocks of 64-bit numbers; these fit into them.
struct Layout {
  cudaDataType_t type;
  std::int64_t rows, columns, ld, stride;
  std::int32_t batch;
};
struct Operation {
  cublasComputeType_t compute;
  cudaDataType_t scale;
  cublasOperation_t op_a, op_b;
  cublasLtEpilogue_t epilogue;
  const void* bias;
};
struct Preference {
  std::uint64_t bytes;
  std::uint32_t schemes;
  std::uint32_t alignment[4];
};

template <class Fake, class Opaque>
Fake& in(Opaque* descriptor) {
  static_assert(sizeof(Fake) <= sizeof(Opaque));
  return *reinterpret_cast<Fake*>(descriptor);
}

template <class Fake, class Opaque>
void make(Opaque** place, const Fake& fake) {
  *place = new Opaque;
  in<Fake>(*place) = fake;
  ++blas_lt.live_descriptors;
}
template <class Opaque>
cublasStatus_t destroy(Opaque* descriptor) {
  delete descriptor;
  --blas_lt.live_descriptors;
  return CUBLAS_STATUS_SUCCESS;
}

template <class Value>
cublasStatus_t take(Value& to, const void* from, std::size_t bytes) {
  if (bytes != sizeof(Value)) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&to, from, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

bool fits(const Operation& operation, const Layout& a, const Layout& b, const Layout& c) {
  const bool transposes_a = operation.op_a == CUBLAS_OP_T;
  const bool transposes_b = operation.op_b == CUBLAS_OP_T;
  const std::int64_t depth = transposes_a ? a.rows : a.columns;
  return (transposes_a ? a.columns : a.rows) == c.rows && (transposes_b ? b.rows : b.columns) == c.columns &&
         (transposes_b ? b.columns : b.rows) == depth && a.ld >= a.rows && b.ld >= b.rows && c.ld >= c.rows &&
         a.batch == b.batch && a.batch == c.batch && a.type == b.type && a.type == c.type &&
         operation.scale == (a.type == CUDA_R_64F ? CUDA_R_64F : CUDA_R_32F);
}

template <class T>
void compute(const Operation& operation, const Layout& la, const T* a, const Layout& lb, const T* b, double beta,
             const Layout& lc, T* c) {
  const std::int64_t depth = operation.op_a == CUBLAS_OP_T ? la.rows : la.columns;
  for (std::int64_t z = 0; z < lc.batch; ++z) {
    T* matrix = c + z * lc.stride;
    ctgrad_test::multiply_in_columns(operation.op_a == CUBLAS_OP_T, operation.op_b == CUBLAS_OP_T, lc.rows, lc.columns,
                                     depth, a + z * la.stride, la.ld, b + z * lb.stride, lb.ld, beta, matrix, lc.ld);
    for (std::int64_t j = 0; j < lc.columns; ++j)
      for (std::int64_t i = 0; i < lc.rows; ++i) {
        T& x = matrix[i + j * lc.ld];
        if ((operation.epilogue & CUBLASLT_EPILOGUE_BIAS) != 0)
          x = static_cast<T>(x + static_cast<const T*>(operation.bias)[i]);
        if ((operation.epilogue & CUBLASLT_EPILOGUE_RELU) != 0 && x < 0) x = T(0);
      }
  }
}

}  // namespace

extern "C" {

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* place, cublasComputeType_t compute_type,
                                        cudaDataType_t scale) {
  make<Operation>(place, {compute_type, scale, CUBLAS_OP_N, CUBLAS_OP_N, CUBLASLT_EPILOGUE_DEFAULT, nullptr});
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t descriptor) { return destroy(descriptor); }
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t descriptor, cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, std::size_t bytes) {
  auto& operation = in<Operation>(descriptor);
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return take(operation.op_a, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return take(operation.op_b, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return take(operation.epilogue, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return take(operation.bias, value, bytes);
    default:
      return CUBLAS_STATUS_INVALID_VALUE;
  }
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* place, cudaDataType type, std::uint64_t rows,
                                          std::uint64_t columns, std::int64_t ld) {
  make<Layout>(place, {type, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns), ld, 0, 1});
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t descriptor) { return destroy(descriptor); }
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t descriptor,
                                                cublasLtMatrixLayoutAttribute_t attribute, const void* value,
                                                std::size_t bytes) {
  auto& layout = in<Layout>(descriptor);
  if (attribute == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT) return take(layout.batch, value, bytes);
  if (attribute == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET) return take(layout.stride, value, bytes);
  return CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* place) {
  make<Preference>(place, {0, CUBLASLT_REDUCTION_SCHEME_MASK, {256, 256, 256, 256}});
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t descriptor) { return destroy(descriptor); }
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t descriptor,
                                                    cublasLtMatmulPreferenceAttributes_t attribute, const void* value,
                                                    std::size_t bytes) {
  auto& preference = in<Preference>(descriptor);
  switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
      return take(preference.bytes, value, bytes);
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
      return take(preference.schemes, value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
      return take(preference.alignment[0], value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
      return take(preference.alignment[1], value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
      return take(preference.alignment[2], value, bytes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
      return take(preference.alignment[3], value, bytes);
    default:
      return CUBLAS_STATUS_INVALID_VALUE;
  }
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t descriptor,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t wish, int most,
                                              cublasLtMatmulHeuristicResult_t* results, int* found) {
  ++blas_lt.heuristics;
  blas_lt.requested = most;
  *found = 0;
  const auto& operation = in<Operation>(descriptor);
  const auto& preference = in<Preference>(wish);
  std::memcpy(blas_lt.alignment, preference.alignment, sizeof(blas_lt.alignment));
  if (c != d || !fits(operation, in<Layout>(a), in<Layout>(b), in<Layout>(c))) return CUBLAS_STATUS_INVALID_VALUE;
  // As documented: the epilogues are for floats and shorter numbers.
  if (in<Layout>(a).type == CUDA_R_64F && operation.epilogue != CUBLASLT_EPILOGUE_DEFAULT)
    return CUBLAS_STATUS_NOT_SUPPORTED;
  for (const int algorithm : blas_lt.algorithms) {
    if (*found == most) break;
    cublasLtMatmulHeuristicResult_t& result = results[(*found)++];
    result = {};
    result.algo.data[0] = static_cast<std::uint64_t>(algorithm);
    result.state = CUBLAS_STATUS_SUCCESS;
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t descriptor, const void* alpha, const void* a,
                              cublasLtMatrixLayout_t layout_a, const void* b, cublasLtMatrixLayout_t layout_b,
                              const void* beta, const void* c, cublasLtMatrixLayout_t layout_c, void* d,
                              cublasLtMatrixLayout_t layout_d, const cublasLtMatmulAlgo_t* algorithm, void* workspace,
                              std::size_t bytes, cudaStream_t stream) {
  // What the descriptors say now counts, not when the stream comes to it.
  const Operation operation = in<Operation>(descriptor);
  const Layout la = in<Layout>(layout_a);
  const Layout lb = in<Layout>(layout_b);
  const Layout lc = in<Layout>(layout_c);
  ++blas_lt.runs;
  if (operation.epilogue != CUBLASLT_EPILOGUE_DEFAULT) ++blas_lt.epilogues;
  blas_lt.last_algorithm = static_cast<int>(algorithm->data[0]);
  if (blas_lt.broken.contains(blas_lt.last_algorithm)) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (c != d || layout_c != layout_d || !fits(operation, la, lb, lc) || workspace != fakes::blas.workspace ||
      bytes != fakes::blas.workspace_bytes || stream != fakes::blas.stream)
    return CUBLAS_STATUS_INVALID_VALUE;
  if (((operation.epilogue & CUBLASLT_EPILOGUE_BIAS) != 0) != (operation.bias != nullptr))
    return CUBLAS_STATUS_INVALID_VALUE;
  const bool is_double = la.type == CUDA_R_64F;
  auto number = [&](const void* at) {
    return is_double ? *static_cast<const double*>(at) : static_cast<double>(*static_cast<const float*>(at));
  };
  if (number(alpha) != 1) return CUBLAS_STATUS_INVALID_VALUE;
  auto run = [&](auto element) {
    using T = decltype(element);
    fakes::put(stream, [=, keep = number(beta)] {
      compute(operation, la, static_cast<const T*>(a), lb, static_cast<const T*>(b), keep, lc, static_cast<T*>(d));
    });
  };
  if (is_double) {
    run(double{});
  } else if (la.type == CUDA_R_32F) {
    run(float{});
  } else if (la.type == CUDA_R_16BF) {
    run(ctgrad::bfloat16{});
  } else {
    run(ctgrad::float16{});
  }
  return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"
