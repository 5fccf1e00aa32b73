// SPDX-License-Identifier: BSL-1.0
/// \file
/// The CPU device: how each kind of step of a schedule runs.
#pragma once

#include <optional>

#include "ctgrad/device/cpu/convolution.hpp"
#include "ctgrad/device/cpu/half_steps.hpp"
#include "ctgrad/device/cpu/loop.hpp"
#include "ctgrad/device/cpu/pooling.hpp"
#include "ctgrad/device/cpu/steps.hpp"
#include "ctgrad/device/executor.hpp"
#include "ctgrad/device/user_kernel.hpp"

namespace ctgrad {

namespace cpu {

/// Scratch memory for one element type, once it is needed.
template <class T>
struct WorkspaceOf {
  std::optional<MatmulWorkspace<T>> kept;
  std::int64_t bytes() const { return kept ? static_cast<std::int64_t>(kept->bytes()) : 0; }
};
template <class... T>
struct Workspaces : WorkspaceOf<T>... {
  std::int64_t bytes() const { return (std::int64_t{0} + ... + WorkspaceOf<T>::bytes()); }
};

}  // namespace cpu

/// The CPU as a device: compiled loops with vector registers, OpenMP threads and a BLAS where the build has
/// them. An object holds the scratch memory of the matrix products, allocated when it is first needed.
class Cpu {
public:
  using ctgrad_device = void;
  static constexpr const char* name = "cpu";

  /// What a program takes for an argument, and what runs it.
  template <class T, class S>
  using Argument = TensorView<const T, S>;
  template <class Source, int Inputs>
  using Executor = detail::HostExecutor<Cpu, Source, Inputs>;
  /// Memory for what lives as long as a trainer, and how a block of the host's memory is seen.
  using Block = Memory;
  using Mirror = detail::HostMirror;
  /// A device object for another program: on the CPU each has scratch memory of its own.
  Cpu for_another_program() const { return {}; }

  /// Bytes of scratch memory that a program will ask for, as far as they are known at compile time.
  template <class Source>
  static constexpr std::int64_t planned_workspace_bytes();

  template <class T>
  cpu::MatmulWorkspace<T>& workspace() {
    std::optional<cpu::MatmulWorkspace<T>>& workspace = static_cast<cpu::WorkspaceOf<T>&>(workspaces_).kept;
    if (!workspace) {
#if defined(CTGRAD_HAS_CBLAS)
      cpu::blas::leave_threads_to_openmp();
#endif
      workspace.emplace();
    }
    return *workspace;
  }

  /// Memory for the float copies of 16-bit arrays.
  Memory& conversion_scratch() { return conversion_scratch_; }

  /// Bytes of scratch memory held now.
  std::int64_t workspace_bytes() const {
    return static_cast<std::int64_t>(conversion_scratch_.bytes()) + workspaces_.bytes();
  }

private:
  Memory conversion_scratch_;
  cpu::Workspaces<float, double, std::int32_t, std::int64_t> workspaces_;
};

namespace cpu {

using RunContext = ctgrad::RunContext<Cpu>;

namespace detail {

/// Runs a fused loop.
inline void run_loop_step(const Step& step, const StepOperand* operands, const RunContext& context,
                          const LoopKernel& kernel) {
  LoopArguments arguments;
  bind_loop(step, operands, context, arguments);
  run_loop(kernel, arguments);
}

/// Runs a fused loop and the next step, its epilogue.
[[gnu::noinline]] inline void run_loop_steps(const Step* steps, const StepOperand* operands, const RunContext& context,
                                             const LoopKernel& kernel, const LoopKernel& epilogue) {
  LoopArguments arguments;
  LoopArguments epilogue_arguments;
  bind_loop(steps[0], operands + steps[0].first_operand, context, arguments);
  bind_loop(steps[1], operands + steps[1].first_operand, context, epilogue_arguments);
  run_loop(kernel, arguments, &epilogue, &epilogue_arguments);
}

/// Runs a step that is not a fused loop on its arrays, for one element type.
template <StepKind Kind, class T>
void run_step_on(const StepArguments& x, const Step& step, const RunContext& context) {
  const int axis = static_cast<int>(step.attribute);
  if constexpr (Kind == StepKind::matmul) {
    run_matmul<T>(x, step.attribute, context.device->template workspace<T>());
  } else if constexpr (Kind == StepKind::concat) {
    run_concat(x, axis);
  } else if constexpr (Kind == StepKind::pad) {
    run_pad(x, step.attribute);
  } else if constexpr (Kind == StepKind::gather || Kind == StepKind::scatter_add) {
    run_gather<T>(x, axis, Kind == StepKind::scatter_add);
  } else if constexpr (Kind == StepKind::take || Kind == StepKind::take_adjoint) {
    run_take<T>(x, Kind == StepKind::take_adjoint);
  } else if constexpr (Kind == StepKind::argmax || Kind == StepKind::argmin) {
    run_arg_reduce<T>(x, axis, Kind == StepKind::argmax);
  } else if constexpr (Kind == StepKind::random_uniform) {
    run_random_uniform<T>(x, *context.seed, static_cast<std::uint64_t>(step.attribute));
  } else if constexpr (Kind == StepKind::conv2d) {
    run_conv2d<T>(x, step.attribute, context.device->template workspace<T>());
  } else if constexpr (Kind == StepKind::conv2d_input_gradient) {
    run_conv2d_input_gradient<T>(x, step.attribute, context.device->template workspace<T>());
  } else if constexpr (Kind == StepKind::conv2d_weight_gradient) {
    run_conv2d_weight_gradient<T>(x, step.attribute, context.device->template workspace<T>());
  } else if constexpr (Kind == StepKind::max_pool2d || Kind == StepKind::max_pool2d_gradient) {
    run_max_pool2d<T>(x, step.attribute, Kind == StepKind::max_pool2d_gradient);
  } else if constexpr (Kind == StepKind::avg_pool2d || Kind == StepKind::avg_pool2d_gradient) {
    run_avg_pool2d<T>(x, step.attribute, Kind == StepKind::avg_pool2d_gradient);
  } else {
    static_assert(Kind == StepKind::user_kernel);
    ctgrad::detail::for_each_point(step, x, step.user->run);
  }
}

/// Runs a step that is not a fused loop, for one element type.
template <StepKind Kind, class T>
void run_own_step(const Step& step, const StepOperand* operands, const RunContext& context) {
  const StepArguments x = bind_step(step, operands, context);
  if constexpr (is_half<T> && computes_in_float(Kind)) {
    with_float_arrays<T>(x, context.device->conversion_scratch(),
                         [&](const StepArguments& wide) { run_step_on<Kind, float>(wide, step, context); });
  } else {
    run_step_on<Kind, T>(x, step, context);
  }
}

using StepFunction = void (*)(const Step&, const StepOperand*, const RunContext&);

/// For each kernel the length of all rows it runs, 0 where that is not known or rows may be run in part.
template <class Source>
struct RowLengths {
  static constexpr int kernels = Source::view().kernel_count;
  std::int64_t of[kernels + 1] = {};

  static constexpr RowLengths find() {
    const ScheduleView schedule = Source::view();
    RowLengths lengths;
    for (std::int64_t& length : lengths.of) length = -1;
    for (int i = 0; i < schedule.step_count; ++i) {
      const Step& step = schedule.steps[i];
      if (step.kind != StepKind::kernel) continue;
      std::int64_t& known = lengths.of[step.kernel];
      const Extent own = step.space[step.space.rank - 1];
      const std::int64_t length = step.space.rank > 1 && is_static(own) ? own : 0;
      known = known == -1 || known == length ? length : 0;
    }
    return lengths;
  }
};
template <class Source>
inline constexpr RowLengths<Source> row_lengths = RowLengths<Source>::find();

template <class Source, class Kernels>
struct LoopTable;
template <class Source, std::size_t... K>
struct LoopTable<Source, std::index_sequence<K...>> {
  static constexpr const LoopKernel* kernel[] = {
      &loop_kernel<kernels::kernel_of<Source, static_cast<int>(K)>, row_lengths<Source>.of[K]>..., nullptr};
};

template <class Source, class Routines>
struct RoutineTable;
template <class Source, std::size_t... R>
struct RoutineTable<Source, std::index_sequence<R...>> {
  static constexpr StepFunction function[] = {
      &run_own_step<Source::view().routines[R].kind, element_t<Source::view().routines[R].dtype>>..., nullptr};
};

}  // namespace detail

/// Runs the whole schedule of `Source::view()`.
template <class Source>
void run(const RunContext& context) {
  static constexpr ScheduleView schedule = Source::view();
  using Loops = detail::LoopTable<Source, std::make_index_sequence<static_cast<std::size_t>(schedule.kernel_count)>>;
  using Routines =
      detail::RoutineTable<Source, std::make_index_sequence<static_cast<std::size_t>(schedule.routine_count)>>;
  for (int i = 0; i < schedule.step_count; ++i) {
    const Step& step = schedule.steps[i];
    const StepOperand* operands = schedule.operands + step.first_operand;
    if (i + 1 < schedule.step_count && schedule.steps[i + 1].is_epilogue) {
      ++i;
      detail::run_loop_steps(&step, schedule.operands, context, *Loops::kernel[step.kernel],
                             *Loops::kernel[schedule.steps[i].kernel]);
    } else if (step.kind == StepKind::kernel) {
      detail::run_loop_step(step, operands, context, *Loops::kernel[step.kernel]);
    } else {
      Routines::function[step.kernel](step, operands, context);
    }
  }
}

}  // namespace cpu

}  // namespace ctgrad
