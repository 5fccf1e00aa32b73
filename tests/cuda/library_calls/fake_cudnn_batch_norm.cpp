// SPDX-License-Identifier: BSL-1.0
/// \file
/// cuDNN's batch normalisation: checks that its descriptors fit together, and computes by the definition.
#include "../../device/cuda/batch_norms.hpp"
#include "fake_cudnn.hpp"

using fakes::dnn;

namespace {

bool same_shape(cudnnTensorDescriptor_t a, cudnnTensorDescriptor_t b) {
  return a->type == b->type && a->n == b->n && a->c == b->c && a->h == b->h && a->w == b->w;
}
/// True for images and numbers for their channels that fit together.
bool fits(cudnnBatchNormMode_t mode, cudnnTensorDescriptor_t images, cudnnTensorDescriptor_t channels) {
  return mode == CUDNN_BATCHNORM_SPATIAL && channels->type == images->type && channels->n == 1 &&
         channels->c == images->c && channels->h == 1 && channels->w == 1;
}

ctgrad::BatchNormShape shape_of(cudnnTensorDescriptor_t x) {
  return ctgrad_test::batch_norm_shape(x->n, x->c, x->h, x->w);
}

/// Runs visit(T{}) for float or double.
template <class Visit>
void with_number(cudnnTensorDescriptor_t x, const Visit& visit) {
  x->type == CUDNN_DATA_DOUBLE ? visit(double{}) : visit(float{});
}

/// The factor at an address, of the type that goes with x.
double factor(cudnnTensorDescriptor_t x, const void* at) {
  return x->type == CUDNN_DATA_DOUBLE ? *static_cast<const double*>(at)
                                      : static_cast<double>(*static_cast<const float*>(at));
}

}  // namespace

extern "C" {

cudnnStatus_t cudnnDeriveBNTensorDescriptor(cudnnTensorDescriptor_t derived, const cudnnTensorDescriptor_t x,
                                            cudnnBatchNormMode_t mode) {
  *derived = {x->type, 1, x->c, 1, 1};
  return mode == CUDNN_BATCHNORM_SPATIAL ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t cudnnBatchNormalizationForwardTraining(cudnnHandle_t, cudnnBatchNormMode_t mode, const void* alpha,
                                                     const void* beta, const cudnnTensorDescriptor_t x_descriptor,
                                                     const void* x, const cudnnTensorDescriptor_t y_descriptor, void* y,
                                                     const cudnnTensorDescriptor_t channels, const void* weight,
                                                     const void* bias, double average_factor, void* running_mean,
                                                     void* running_variance, double epsilon, void* saved_mean,
                                                     void* saved_scale) {
  ++dnn.batch_norms;
  if (dnn.batch_norm_status != CUDNN_STATUS_SUCCESS) return dnn.batch_norm_status;
  if (!fits(mode, x_descriptor, channels) || !same_shape(x_descriptor, y_descriptor))
    return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
  if (factor(x_descriptor, alpha) != 1 || factor(x_descriptor, beta) != 0 || epsilon < CUDNN_BN_MIN_EPSILON)
    return CUDNN_STATUS_BAD_PARAM;
  if (!dnn.normalizes) return CUDNN_STATUS_SUCCESS;
  with_number(x_descriptor, [&](auto element) {
    using T = decltype(element);
    const ctgrad::BatchNormShape s = shape_of(x_descriptor);
    fakes::put(dnn.stream, [=] {
      std::vector<T> statistics(static_cast<std::size_t>(s.channels * ctgrad_test::StatisticsRow::rows));
      const ctgrad::BatchNormCall<T> call{s,
                                          epsilon,
                                          static_cast<const T*>(x),
                                          static_cast<const T*>(weight),
                                          static_cast<const T*>(bias),
                                          static_cast<T*>(y),
                                          statistics.data()};
      ctgrad_test::normalize_by_definition(call);
      for (std::int64_t c = 0; c < s.channels; ++c) {
        const T mean = call.row(ctgrad_test::StatisticsRow::mean)[c];
        const T variance = call.row(ctgrad_test::StatisticsRow::variance)[c];
        const T f = static_cast<T>(average_factor);
        T& moved_mean = static_cast<T*>(running_mean)[c];
        T& moved_variance = static_cast<T*>(running_variance)[c];
        // A NaN in them stays.
        moved_mean = moved_mean * (1 - f) + mean * f;
        moved_variance = moved_variance * (1 - f) + variance * f;
        static_cast<T*>(saved_mean)[c] = mean;
        static_cast<T*>(saved_scale)[c] = call.row(ctgrad_test::StatisticsRow::scale)[c];
      }
    });
  });
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBatchNormalizationBackward(cudnnHandle_t, cudnnBatchNormMode_t mode, const void* alpha,
                                              const void* beta, const void* alpha_of_sums, const void* beta_of_sums,
                                              const cudnnTensorDescriptor_t x_descriptor, const void* x,
                                              const cudnnTensorDescriptor_t t_descriptor, const void* t,
                                              const cudnnTensorDescriptor_t by_x_descriptor, void* by_x,
                                              const cudnnTensorDescriptor_t channels, const void* weight,
                                              void* by_weight, void* by_bias, double epsilon, const void* saved_mean,
                                              const void* saved_scale) {
  ++dnn.batch_norm_gradients;
  if (dnn.batch_norm_status != CUDNN_STATUS_SUCCESS) return dnn.batch_norm_status;
  if (!fits(mode, x_descriptor, channels) || !same_shape(x_descriptor, t_descriptor) ||
      !same_shape(x_descriptor, by_x_descriptor))
    return CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
  if (factor(x_descriptor, alpha) != 1 || factor(x_descriptor, beta) != 0 || factor(x_descriptor, alpha_of_sums) != 1 ||
      factor(x_descriptor, beta_of_sums) != 0)
    return CUDNN_STATUS_BAD_PARAM;
  with_number(x_descriptor, [&](auto element) {
    using T = decltype(element);
    const ctgrad::BatchNormShape s = shape_of(x_descriptor);
    fakes::put(dnn.stream, [=] {
      using Row = ctgrad_test::StatisticsRow;
      const auto count = static_cast<std::size_t>(s.channels);
      std::vector<T> statistics(count * Row::rows);
      for (std::size_t c = 0; c < count; ++c) {
        statistics[count * Row::mean + c] = static_cast<const T*>(saved_mean)[c];
        statistics[count * Row::scale + c] = static_cast<const T*>(saved_scale)[c];
        statistics[count * Row::weight + c] = static_cast<const T*>(weight)[c];
      }
      ctgrad_test::normalize_by_definition(ctgrad::BatchNormGradientCall<T>{
          s, epsilon, static_cast<const T*>(x), static_cast<const T*>(t), statistics.data(), static_cast<T*>(by_x),
          static_cast<T*>(by_weight), static_cast<T*>(by_bias)});
    });
  });
  return CUDNN_STATUS_SUCCESS;
}

}  // extern "C"
