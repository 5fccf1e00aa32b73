// SPDX-License-Identifier: BSL-1.0
/// \file
/// Matrix products by cuBLASLt, which can add a bias and apply relu on the way, and can be measured once to choose an
/// algorithm.
#pragma once

#include <cublasLt.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

#include "ctgrad/device/cuda/cublas.hpp"
#include "ctgrad/device/cuda/timing.hpp"
#include "ctgrad/passes/product_epilogue.hpp"

namespace ctgrad::cuda {

using Epilogue = ProductEpilogue;

/// The largest power of two, up to 256, that divides an address: algorithms with wide loads need more than others.
inline std::uint32_t alignment_of(const void* address) {
  const auto bits = reinterpret_cast<std::uintptr_t>(address) | 256U;
  return static_cast<std::uint32_t>(bits & (~bits + 1));
}

/// The numbers that tell one product from another: the algorithm chosen for one serves the other if they are the same.
using ProductKey = std::array<std::int64_t, 17>;

template <class T>
ProductKey key_of(const ColumnMajorProduct& call, const MatrixProduct<T>& p, const T* bias, Epilogue epilogue,
                  bool allows_tf32) {
  return {static_cast<std::int64_t>(dtype_of<T>),
          static_cast<std::int64_t>(epilogue),
          (call.transpose_first ? 1 : 0) | (call.transpose_second ? 2 : 0) | (p.adds ? 4 : 0) | (allows_tf32 ? 8 : 0),
          call.rows,
          call.columns,
          call.depth,
          call.ld_first,
          call.ld_second,
          call.ld_result,
          call.batch,
          call.stride_first,
          call.stride_second,
          call.stride_result,
          alignment_of(p.a),
          alignment_of(p.b),
          alignment_of(p.c),
          bias != nullptr ? alignment_of(bias) : 0};
}

namespace detail {

/// Owns what `Create` made.
template <class Descriptor, cublasStatus_t (*Destroy)(Descriptor)>
class LtDescriptor {
public:
  LtDescriptor() = default;
  LtDescriptor(LtDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  LtDescriptor& operator=(LtDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~LtDescriptor() {
    if (descriptor_ != nullptr) Destroy(descriptor_);
  }
  Descriptor* place() { return &descriptor_; }
  operator Descriptor() const { return descriptor_; }

private:
  Descriptor descriptor_ = nullptr;
};

}  // namespace detail

/// cuBLASLt with the handle, the stream and the scratch memory of a Cublas, which must outlive it. The algorithm for a
/// product is chosen when it comes up first, and kept. Nothing allocates or waits, except for measuring.
class CublasLt {
public:
  explicit CublasLt(Cublas& cublas) : cublas_(cublas) {}
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;

  /// Whether algorithms are chosen by running the most promising instead of by cuBLAS's estimate; off at first. The
  /// choice can differ from run to run, and with it the last bits of results. Measuring takes place when a product
  /// comes up first while no graph is recorded, and not for products that add to C. Off again, the estimate counts
  /// again.
  void autotune(bool measures) { measures_ = measures; }

  /// Puts C = epilogue(op(A) op(B) + keep * C) into the stream. `bias`: p.n elements, for epilogues that have one. The
  /// epilogue is applied to sums that are not rounded to 16 bits yet; what its relu makes of NaN, cuBLASLt does not
  /// say. False, with nothing done, where cuBLASLt has no algorithm (double has none with an epilogue) and where there
  /// is nothing to add up (k = 0). Throws Error with the shapes where a call fails.
  template <class T>
  bool multiply(const MatrixProduct<T>& p, bool allows_tf32, Epilogue epilogue = Epilogue::none,
                const T* bias = nullptr) {
    if (p.batch <= 0 || p.m <= 0 || p.n <= 0) return true;
    const ColumnMajorProduct call = column_major(p);
    if (p.k <= 0 || call.batch > std::numeric_limits<std::int32_t>::max()) return false;
    const std::pair key(key_of(call, p, bias, epilogue, allows_tf32), measures_);
    const bool measures = measures_ && !p.adds && !is_recording(cublas_.stream());
    auto at = plans_.find(key);
    if (at == plans_.end() || (measures && !at->second.measured)) {
      Plan plan = describe<T>(call, epilogue, allows_tf32);
      set_bias(plan, bias);
      plan.measured = measures;
      choose(plan, p, bias);
      at = plans_.insert_or_assign(key, std::move(plan)).first;
    }
    Plan& plan = at->second;
    if (!plan.has_algorithm) return false;
    set_bias(plan, bias);
    check(run(plan, plan.algorithm, p), "cublasLtMatmul", [&] { return to_text(p); });
    return true;
  }

private:
  using Operation = detail::LtDescriptor<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
  using Layout = detail::LtDescriptor<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
  using Preference = detail::LtDescriptor<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;
  struct Plan {
    Operation operation;
    Layout first, second, result;
    cublasLtMatmulAlgo_t algorithm{};
    bool has_algorithm = false;
    bool measured = false;
  };

  cublasLtHandle_t handle() const { return reinterpret_cast<cublasLtHandle_t>(cublas_.handle()); }

  template <class Value>
  static void set(const Operation& operation, cublasLtMatmulDescAttributes_t attribute, const Value& value) {
    check(cublasLtMatmulDescSetAttribute(operation, attribute, &value, sizeof(value)),
          "cublasLtMatmulDescSetAttribute");
  }
  template <class Value>
  static void set(const Layout& layout, cublasLtMatrixLayoutAttribute_t attribute, const Value& value) {
    check(cublasLtMatrixLayoutSetAttribute(layout, attribute, &value, sizeof(value)),
          "cublasLtMatrixLayoutSetAttribute");
  }
  template <class Value>
  static void set(const Preference& preference, cublasLtMatmulPreferenceAttributes_t attribute, const Value& value) {
    check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(value)),
          "cublasLtMatmulPreferenceSetAttribute");
  }
  static void set_bias(const Plan& plan, const void* bias) {
    if (bias != nullptr) set(plan.operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
  }

  static cublasLtEpilogue_t name_of(Epilogue epilogue) {
    switch (epilogue) {
      case Epilogue::bias:
        return CUBLASLT_EPILOGUE_BIAS;
      case Epilogue::relu:
        return CUBLASLT_EPILOGUE_RELU;
      case Epilogue::bias_relu:
        return CUBLASLT_EPILOGUE_RELU_BIAS;
      case Epilogue::none:
        break;
    }
    return CUBLASLT_EPILOGUE_DEFAULT;
  }

  static Layout layout(cudaDataType_t type, std::int64_t rows, std::int64_t columns, bool transposed, std::int64_t ld,
                       std::int64_t batch, std::int64_t stride) {
    Layout made;
    if (transposed) std::swap(rows, columns);
    check(cublasLtMatrixLayoutCreate(made.place(), type, static_cast<std::uint64_t>(rows),
                                     static_cast<std::uint64_t>(columns), ld),
          "cublasLtMatrixLayoutCreate");
    if (batch > 1) {
      set(made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<std::int32_t>(batch));
      set(made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, stride);
    }
    return made;
  }

  template <class T>
  static Plan describe(const ColumnMajorProduct& call, Epilogue epilogue, bool allows_tf32) {
    using Type = BlasType<T>;
    Plan plan;
    check(cublasLtMatmulDescCreate(plan.operation.place(), Type::compute(allows_tf32), Type::scale),
          "cublasLtMatmulDescCreate");
    set(plan.operation, CUBLASLT_MATMUL_DESC_TRANSA, call.transpose_first ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(plan.operation, CUBLASLT_MATMUL_DESC_TRANSB, call.transpose_second ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(plan.operation, CUBLASLT_MATMUL_DESC_EPILOGUE, name_of(epilogue));
    plan.first =
        layout(Type::type, call.rows, call.depth, call.transpose_first, call.ld_first, call.batch, call.stride_first);
    plan.second = layout(Type::type, call.depth, call.columns, call.transpose_second, call.ld_second, call.batch,
                         call.stride_second);
    plan.result = layout(Type::type, call.rows, call.columns, false, call.ld_result, call.batch, call.stride_result);
    return plan;
  }

  template <class T>
  cublasStatus_t run(const Plan& plan, const cublasLtMatmulAlgo_t& algorithm, const MatrixProduct<T>& p) {
    using Scale = typename BlasType<T>::Scale;
    const Scale alpha = 1;
    const Scale beta = p.adds ? 1 : 0;
    return cublasLtMatmul(handle(), plan.operation, &alpha, p.b, plan.first, p.a, plan.second, &beta, p.c, plan.result,
                          p.c, plan.result, &algorithm, cublas_.workspace().data(), cublas_.workspace().bytes(),
                          cublas_.stream());
  }

  /// What the matrices of a batch are all aligned to.
  template <class T>
  static std::uint32_t alignment_of_all(const T* first, std::int64_t batch, std::int64_t stride) {
    return batch > 1 ? std::min(alignment_of(first), alignment_of(first + stride)) : alignment_of(first);
  }

  template <class T>
  void choose(Plan& plan, const MatrixProduct<T>& p, const T* bias) {
    Preference preference;
    check(cublasLtMatmulPreferenceCreate(preference.place()), "cublasLtMatmulPreferenceCreate");
    set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, cublas_.workspace().bytes());
    // Sums cut into pieces are added as floats (doubles), in an order that does not change.
    set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
        static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment_of_all(p.b, p.batch, p.stride_b));
    set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment_of_all(p.a, p.batch, p.stride_a));
    set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment_of_all(p.c, p.batch, p.stride_c));
    // There is none for the bias, which is read in the order in which the result is written: as PyTorch, we have the
    // algorithm suit both.
    const std::uint32_t alignment = alignment_of_all(p.c, p.batch, p.stride_c);
    set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES,
        bias != nullptr ? std::min(alignment, alignment_of(bias)) : alignment);
    cublasLtMatmulHeuristicResult_t candidates[most_candidates];
    int found = 0;
    const cublasStatus_t status =
        cublasLtMatmulAlgoGetHeuristic(handle(), plan.operation, plan.first, plan.second, plan.result, plan.result,
                                       preference, plan.measured ? most_candidates : 1, candidates, &found);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED) return;
    check(status, "cublasLtMatmulAlgoGetHeuristic", [&] { return to_text(p); });
    float best = std::numeric_limits<float>::infinity();
    for (int i = 0; i < found; ++i) {
      if (candidates[i].state != CUBLAS_STATUS_SUCCESS) continue;
      float time = 0;
      if (plan.measured) {
        if (run(plan, candidates[i].algo, p) != CUBLAS_STATUS_SUCCESS) continue;
        time = milliseconds(cublas_.stream(), measured_runs, [&] { run(plan, candidates[i].algo, p); });
      }
      if (time >= best) continue;
      best = time;
      plan.algorithm = candidates[i].algo;
      plan.has_algorithm = true;
    }
  }

  static constexpr int most_candidates = 8;
  static constexpr int measured_runs = 5;

  Cublas& cublas_;
  bool measures_ = false;
  /// By the product, and whether its algorithm was to be measured.
  std::map<std::pair<ProductKey, bool>, Plan> plans_;
};

}  // namespace ctgrad::cuda
