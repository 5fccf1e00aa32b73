// SPDX-License-Identifier: BSL-1.0
/// \file
/// GPUs as devices: Cuda, and the levels CudaPlain and CudaDnn to compare it with.
#pragma once

#include <memory>

#include "ctgrad/device/cuda/executor.hpp"
#include "ctgrad/device/cuda/mirror.hpp"
#if defined(__CUDACC__)
#include "ctgrad/device/cuda/system.hpp"
#endif

namespace ctgrad {

/// An NVIDIA GPU as a device. A program on it takes arrays in the host's memory (copied while the run before still
/// computes) or in the GPU's, and gives views of arrays in the GPU's memory; a call returns when its steps are in the
/// GPU's queue, and whoever reads a result waits for it. The steps of a program are recorded as a CUDA graph and
/// replayed. Each step runs in the best way that is known: fused loops of our own, matrix products by cuBLAS,
/// convolutions by cuDNN where the build has it, poolings by cuDNN where it was measured to be faster (see autotune).
///
/// An object is a handle on one GPU, its streams and libraries; copies share them, and so do all objects made from the
/// same number, as long as one of them lives; so what is set on one of them holds for all. Programs on one handle run
/// one after the other and serve one thread at a time. Throws Error where there is no driver or no such GPU.
class Cuda {
public:
  using ctgrad_device = void;
  static constexpr const char* name = "cuda";
  /// Which libraries may run steps.
  struct Libraries {
    static constexpr bool cudnn = true;
    /// Whether cuDNN pools even where nobody has measured that it is faster.
    static constexpr bool cudnn_pools = false;
  };

  template <class T, class S>
  using Argument = cuda::Argument<T, S>;
  template <class Source, int Inputs>
  using Executor = cuda::Executor<Cuda, Source, Inputs>;
  using Block = cuda::DeviceMemory;
  using Mirror = cuda::Mirror;
  Cuda for_another_program() const { return *this; }

  /// The first GPU.
  Cuda() : Cuda(0) {}
  /// GPU number `index`, counted from 0.
  explicit Cuda(int index) : context_(cuda::Context::of(index)) {}

  /// Allows matrix products and convolutions of floats to round their operands to TF32 (10 bits of mantissa), which
  /// is several times faster; off at first.
  void allow_tf32(bool allowed) { context_->settings.allows_tf32 = allowed; }
  /// Whether the algorithms of matrix products and convolutions are chosen by running those that the libraries offer
  /// once each, instead of by the libraries' estimates: what PyTorch calls torch.backends.cudnn.benchmark; off at
  /// first. Poolings then go to cuDNN where it is faster than our own loops, which otherwise do them, and a product
  /// whose result gets a bias, relu or both is one call of cuBLASLt where that is faster than a product and our own
  /// loop. The choice is made for each shape when it comes up first, in the run before the one that is recorded, which
  /// takes longer and may hold more scratch memory; later runs keep to it. Another process may choose otherwise: then
  /// the last bits of its results differ. Off again, the estimates count again.
  void autotune(bool measures) { context_->settings.autotunes = measures; }
  /// Allows algorithms of convolutions that add in an order which changes from run to run, which can be faster; off at
  /// first, and then a run can be repeated bit for bit (PyTorch's torch.backends.cudnn.deterministic, the other way
  /// round).
  void allow_nondeterministic(bool allowed) { context_->settings.allows_nondeterministic = allowed; }
  /// Whether steps are recorded and replayed; on at first. Off, a debugger sees one step after the other.
  void replay_graphs(bool replays) { context_->replays_graphs = replays; }
  /// Waits for all that was started. Throws Error for what went wrong meanwhile.
  void synchronize() { context_->synchronize(); }

  cuda::Context& context() const { return *context_; }
  const std::shared_ptr<cuda::Context>& shared_context() const { return context_; }

private:
  std::shared_ptr<cuda::Context> context_;
};

/// A GPU without cuDNN: convolutions are matrix products of gathered windows.
class CudaPlain : public Cuda {
public:
  static constexpr const char* name = "cuda_plain";
  struct Libraries {
    static constexpr bool cudnn = false;
  };
  template <class Source, int Inputs>
  using Executor = cuda::Executor<CudaPlain, Source, Inputs>;
  using Cuda::Cuda;
  CudaPlain for_another_program() const { return *this; }
};

/// A GPU with every step by cuDNN that cuDNN defines as we do: convolutions as for Cuda, poolings, but for the adjoint
/// of max pooling, and the batch normalisations of a training step, which by ordinary operations would join the loops
/// around them. docs/gpu.md says what each costs.
class CudaDnn : public Cuda {
public:
  static constexpr const char* name = "cuda_dnn";
  struct Libraries {
    static constexpr bool cudnn = true;
    static constexpr bool cudnn_pools = true;
#if defined(CTGRAD_HAS_CUDNN)
    /// Whether the batch normalisations of a training step are calls of their own, where they would otherwise share our
    /// loops.
    static constexpr bool batch_norms = true;
#endif
  };
  template <class Source, int Inputs>
  using Executor = cuda::Executor<CudaDnn, Source, Inputs>;
  using Cuda::Cuda;
  CudaDnn for_another_program() const { return *this; }
};

#if defined(__CUDACC__)

/// Puts the steps of `Source` into the queue of a GPU. A source that nvcc does not compile may call programs too, when
/// one that nvcc compiles has CTGRAD_CUDA_PROGRAM for them.
template <class Source, std::derived_from<Cuda> Device>
void run_program(const RunContext<Device>& context) {
  cuda::System<typename Device::Libraries> system(context.device->context());
  parallel::run<Source>(context, system);
}

#else

template <class Source, std::derived_from<Cuda> Device>
void run_program(const RunContext<Device>& context);

#endif

}  // namespace ctgrad

/// Compiles the kernels of a program or trainer on a GPU: `CTGRAD_CUDA_PROGRAM(ctgrad::Cuda, MyTrainer);` at namespace
/// scope of a source that nvcc compiles. Sources compiled by another compiler can then use MyTrainer.
#define CTGRAD_CUDA_PROGRAM(Device, ...) \
  template void ctgrad::run_program<typename __VA_ARGS__::Stages, Device>(const ctgrad::RunContext<Device>&)
