// SPDX-License-Identifier: BSL-1.0
/// \file
/// Arrays in a GPU's memory, and what a program on a GPU takes for an argument.
#pragma once

#include "ctgrad/device/cuda/context.hpp"
#include "ctgrad/tensor/tensor.hpp"

namespace ctgrad {

class Cuda;

/// A row-major array in a GPU's memory that belongs to somebody else: what a program on a GPU returns. Reading it waits
/// for the steps that compute it; until then the host goes on.
template <class T, class S>
class TensorView<T, S, Cuda> {
public:
  using element_type = std::remove_const_t<T>;
  using shape_type = S;
  using device_type = Cuda;
  static constexpr int rank = S::rank;

  TensorView(T* data, const Extents<rank>& extents, cuda::Context& context)
      : data_(data), extents_(extents), context_(&context) {}
  /// A view that may write is a view that reads.
  template <class Writable>
  requires(std::is_same_v<const Writable, T> && !std::is_same_v<Writable, T>)
      TensorView(const TensorView<Writable, S, Cuda>& other)
      : TensorView(other.data(), other.extents(), other.context()) {}

  /// The address on the GPU.
  T* data() const { return data_; }
  std::int64_t size() const { return detail::product(extents_); }
  std::int64_t extent(int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  const Extents<rank>& extents() const { return extents_; }
  cuda::Context& context() const { return *context_; }

  /// The elements in the host's memory. Waits for the GPU.
  Tensor<element_type, S> cpu() const {
    Tensor<element_type, S> result(extents_);
    copy_to(result.data());
    return result;
  }
  /// Writes the elements to host memory. Waits for the GPU.
  void copy_to(element_type* to) const {
    const cuda::CurrentDevice current(context_->index());
    cuda::check(cudaMemcpyAsync(to, data_, static_cast<std::size_t>(size()) * sizeof(T), cudaMemcpyDeviceToHost,
                                context_->stream()),
                "cudaMemcpyAsync");
    context_->synchronize();
  }
  /// Copies the elements of a tensor in the host's memory here.
  void assign(TensorView<const element_type, S> from) const requires(!std::is_const_v<T>) {
    if (from.extents() != extents_) detail::throw_view_extents(extents_, from.extents());
    const cuda::CurrentDevice current(context_->index());
    cuda::check(cudaMemcpyAsync(data_, from.data(), static_cast<std::size_t>(size()) * sizeof(T),
                                cudaMemcpyHostToDevice, context_->stream()),
                "cudaMemcpyAsync");
    context_->synchronize();
  }
  /// The number itself, for an array of one element. Waits for the GPU.
  element_type item() const requires(S::value.size() == 1) {
    element_type value;
    copy_to(&value);
    return value;
  }
  /// A scalar is a number: `float loss = trainer.step(x, y);` waits for the step, `auto loss = ...` does not.
  operator element_type() const requires(S::rank == 0) { return item(); }

private:
  T* data_;
  Extents<rank> extents_;
  cuda::Context* context_;
};

/// A row-major array in a GPU's memory: `Tensor<float, Shape<64, 784>, Cuda> x(host_tensor);`.
template <Element T, class S>
class Tensor<T, S, Cuda> {
public:
  using element_type = T;
  using shape_type = S;
  using device_type = Cuda;
  static constexpr int rank = S::rank;

  /// Zeros with the given extents, on the device of a program or the default one.
  explicit Tensor(const Extents<rank>& extents, std::shared_ptr<cuda::Context> context = cuda::Context::of(0))
      : extents_(extents), context_(std::move(context)) {
    detail::check_extents<S>(extents);
    const cuda::CurrentDevice current(context_->index());
    memory_.reserve(static_cast<std::size_t>(size()) * sizeof(T), "a tensor");
  }
  Tensor() requires(S::value.is_static()) : Tensor(detail::static_extents<S>()) {}
  /// A copy of a tensor in the host's memory.
  explicit Tensor(TensorView<const T, S> host, std::shared_ptr<cuda::Context> context = cuda::Context::of(0))
      : Tensor(host.extents(), std::move(context)) {
    view().assign(host);
  }
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;
  ~Tensor() {
    // What is in the queue may still read or write here.
    if (context_ && memory_.bytes() > 0) cudaStreamSynchronize(context_->stream());
  }

  T* data() const { return reinterpret_cast<T*>(memory_.data()); }
  std::int64_t size() const { return detail::product(extents_); }
  std::int64_t extent(int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  const Extents<rank>& extents() const { return extents_; }

  TensorView<T, S, Cuda> view() { return {data(), extents_, *context_}; }
  TensorView<const T, S, Cuda> view() const { return {data(), extents_, *context_}; }
  operator TensorView<T, S, Cuda>() { return view(); }
  operator TensorView<const T, S, Cuda>() const { return view(); }

  /// Copies the elements of a tensor in the host's memory, of the same extents.
  void assign(TensorView<const T, S> host) { view().assign(host); }
  /// The elements in the host's memory. Waits for the GPU.
  Tensor<T, S> cpu() const { return view().cpu(); }

private:
  Extents<rank> extents_;
  std::shared_ptr<cuda::Context> context_;
  cuda::DeviceMemory memory_;
};

namespace cuda {

/// An argument of a program on a GPU: an array in the host's memory, which is copied on its way, or in the GPU's.
template <class T, class S>
class Argument {
public:
  Argument(TensorView<const T, S> host) : data_(host.data()), extents_(host.extents()) {}
  Argument(TensorView<T, S> host) : Argument(TensorView<const T, S>(host)) {}
  Argument(const Tensor<T, S>& host) : Argument(host.view()) {}
  Argument(TensorView<const T, S, Cuda> device)
      : data_(device.data()), extents_(device.extents()), is_on_device_(true) {}
  Argument(TensorView<T, S, Cuda> device) : Argument(TensorView<const T, S, Cuda>(device)) {}
  Argument(const Tensor<T, S, Cuda>& device) : Argument(device.view()) {}

  const T* data() const { return data_; }
  const Extents<S::rank>& extents() const { return extents_; }
  std::size_t bytes() const { return static_cast<std::size_t>(ctgrad::detail::product(extents_)) * sizeof(T); }
  bool is_on_device() const { return is_on_device_; }

private:
  const T* data_;
  Extents<S::rank> extents_;
  bool is_on_device_ = false;
};

}  // namespace cuda

}  // namespace ctgrad
