// SPDX-License-Identifier: BSL-1.0
/// \file
/// Runs a schedule on a device of many threads: what ThrustHost and the CUDA devices share.
///
/// Such a device offers a *system*, which starts threads and calls libraries:
///
///     system.for_each(count, body)               body(i) for each i of [0, count), in any order
///     system.for_each_group(count, size, body)   body(group, i): `size` threads work on i together; see Group
///     system.concurrency()                       about how many threads it takes to keep the device busy
///     system.scratch(bytes)                      memory for one step
///     system.index_report()                      where a thread reports an index out of range
///     system.check_indices()                     after a step that may have reported: throws now, or at the next
///                                                moment when the host waits anyway
///     system.multiply<T>(product)                matrix products, see MatrixProduct
///     system.multiply_with_epilogue<T>(product, epilogue, bias, apart)
///                                                the same with what is done to its elements before they are stored;
///                                                false where apart() is to do both, which the system may run to see
///                                                which is faster
///     system.convolve<Kind, T>(shape, ...)       a convolution by a library; false where im2col is to do it
///     system.pool<Kind, T>(shape, ..., own)      a pooling by a library; false where own() is to do it, which the
///                                                system may run to see which is faster
///     system.batch_norm<T>(call)                 a batch normalisation by a library, and its reverse pass; false where
///     system.batch_norm_gradient<T>(call)        loops of our own are to do it. Only for devices that ask for such
///                                                steps: Device::Libraries::batch_norms
///     system.run_user_kernel(step, arguments)    a kernel from a user's header
///
/// A group has `size()`, the caller's `rank()`, `synchronize()`, after which its threads see what the others have
/// written, and `reduce<Operation>(x)`, which folds the x of all its threads and gives the result to rank 0. Bodies are
/// plain structs with a call operator for host and device: the same code runs on every system.
#pragma once

#include "ctgrad/device/parallel/batch_norm.hpp"
#include "ctgrad/device/parallel/convolution.hpp"
#include "ctgrad/device/parallel/elementwise.hpp"
#include "ctgrad/device/parallel/indexing.hpp"
#include "ctgrad/device/parallel/matmul.hpp"
#include "ctgrad/device/parallel/movement.hpp"
#include "ctgrad/device/parallel/pooling.hpp"
#include "ctgrad/device/parallel/random.hpp"
#include "ctgrad/device/parallel/reduction.hpp"
#include "ctgrad/device/parallel/row_chain.hpp"
#include "ctgrad/passes/step_name.hpp"

namespace ctgrad::parallel {

namespace detail {

template <class K, class System>
void run_loop(System& system, const LoopArguments& loop) {
  if constexpr (K::has_reduction) {
    run_reduction<K>(system, loop);
  } else {
    run_elementwise<K>(system, loop);
  }
}

template <StepKind Kind, class T, class System>
void run_own_step(System& system, const Step& step, const StepArguments& x, const std::uint64_t* seed) {
  const int axis = static_cast<int>(step.attribute);
  if constexpr (Kind == StepKind::matmul) {
    run_matmul<T>(system, x, step.attribute);
  } else if constexpr (Kind == StepKind::concat) {
    run_concat<T>(system, x, axis);
  } else if constexpr (Kind == StepKind::pad) {
    run_pad<T>(system, x, step.attribute);
  } else if constexpr (Kind == StepKind::gather) {
    run_gather<T>(system, x, axis);
  } else if constexpr (Kind == StepKind::scatter_add) {
    run_scatter_add<T>(system, x, axis);
  } else if constexpr (Kind == StepKind::take) {
    run_take<T>(system, x);
  } else if constexpr (Kind == StepKind::take_adjoint) {
    run_take_adjoint<T>(system, x);
  } else if constexpr (Kind == StepKind::argmax || Kind == StepKind::argmin) {
    run_arg_reduce<T, Kind == StepKind::argmax>(system, x, axis);
  } else if constexpr (Kind == StepKind::random_uniform) {
    run_random_uniform<T>(system, x, seed, static_cast<std::uint64_t>(step.attribute));
  } else if constexpr (Kind == StepKind::conv2d || Kind == StepKind::conv2d_input_gradient ||
                       Kind == StepKind::conv2d_weight_gradient) {
    run_convolution<Kind, T>(system, x, step.attribute);
  } else if constexpr (Kind == StepKind::max_pool2d) {
    run_max_pool2d<T>(system, x, step.attribute);
  } else if constexpr (Kind == StepKind::max_pool2d_gradient) {
    run_max_pool2d_gradient<T>(system, x, step.attribute);
  } else if constexpr (Kind == StepKind::avg_pool2d) {
    run_avg_pool2d<T>(system, x, step.attribute);
  } else if constexpr (Kind == StepKind::avg_pool2d_gradient) {
    run_avg_pool2d_gradient<T>(system, x, step.attribute);
  } else if constexpr (Kind == StepKind::batch_norm) {
    run_batch_norm<T>(system, x, step.attribute);
  } else if constexpr (Kind == StepKind::batch_norm_gradient) {
    run_batch_norm_gradient<T>(system, x, step.attribute);
  } else {
    static_assert(Kind == StepKind::user_kernel);
    system.run_user_kernel(step, x);
  }
}

/// The same error with the step in which it arose.
[[noreturn]] CTGRAD_COLD inline void throw_in_step(const Error& error, const ScheduleView& schedule, int number,
                                                   const Dimensions& dimensions) {
  throw_error(std::string(error.what()) + " (" + describe_step(schedule, number, dimensions) + ")");
}

template <class System>
using LoopFunction = void (*)(System&, const LoopArguments&);
template <class System>
using StepFunction = void (*)(System&, const Step&, const StepArguments&, const std::uint64_t*);

template <class Source, class System, class Kernels>
struct LoopTable;
template <class Source, class System, std::size_t... K>
struct LoopTable<Source, System, std::index_sequence<K...>> {
  static constexpr LoopFunction<System> function[] = {
      &run_loop<kernels::kernel_of<Source, static_cast<int>(K)>, System>..., nullptr};
};

template <class System>
using ChainFunction = bool (*)(System&, const LoopArguments*);

template <class Source, class System, int Kind, class Steps>
struct ChainOf;
template <class Source, class System, int Kind, std::size_t... I>
struct ChainOf<Source, System, Kind, std::index_sequence<I...>> {
  static constexpr ChainFunction<System> function =
      &run_row_chain<System, kernels::kernel_of<Source, row_chains<Source>.kind[Kind].kernel[I]>...>;
};

template <class Source, class System, class Kinds>
struct ChainTable;
template <class Source, class System, std::size_t... C>
struct ChainTable<Source, System, std::index_sequence<C...>> {
  static constexpr ChainFunction<System> function[] = {
      ChainOf<Source, System, static_cast<int>(C),
              std::make_index_sequence<static_cast<std::size_t>(row_chains<Source>.kind[C].count)>>::function...,
      nullptr};
};

template <class Source, int R>
inline constexpr Routine routine_of = Source::view().routines[R];

template <class Source, class System, class Routines>
struct RoutineTable;
template <class Source, class System, std::size_t... R>
struct RoutineTable<Source, System, std::index_sequence<R...>> {
  static constexpr StepFunction<System> function[] = {
      &run_own_step<routine_of<Source, static_cast<int>(R)>.kind,
                    element_t<routine_of<Source, static_cast<int>(R)>.dtype>, System>...,
      nullptr};
};

/// A product and the loop after it as two steps, of whatever program: what is called with it is compiled once.
struct TwoSteps {
  const void* run;
  void (*call)(const void* run);
  void operator()() const { call(run); }
};

template <class System>
using ProductFunction = bool (*)(System&, const StepArguments&, std::int64_t, ProductEpilogue, const void*,
                                 const TwoSteps&);

template <StepKind Kind, class T, class System>
constexpr ProductFunction<System> product_function() {
  if constexpr (Kind == StepKind::matmul) {
    return &run_matmul_with_epilogue<T, System, TwoSteps>;
  } else {
    return nullptr;
  }
}

/// For each routine that is a product what runs it together with the loop after it.
template <class Source, class System, class Routines>
struct ProductTable;
template <class Source, class System, std::size_t... R>
struct ProductTable<Source, System, std::index_sequence<R...>> {
  static constexpr ProductFunction<System> function[] = {
      product_function<routine_of<Source, static_cast<int>(R)>.kind,
                       element_t<routine_of<Source, static_cast<int>(R)>.dtype>, System>()...,
      nullptr};
};

}  // namespace detail

/// Runs, or hands to the device's queue, all steps of `Source::view()`.
template <class Source, class Device, class System>
void run(const RunContext<Device>& context, System& system) {
  static constexpr ScheduleView schedule = Source::view();
  using Loops =
      detail::LoopTable<Source, System, std::make_index_sequence<static_cast<std::size_t>(schedule.kernel_count)>>;
  using RoutineNumbers = std::make_index_sequence<static_cast<std::size_t>(schedule.routine_count)>;
  using Routines = detail::RoutineTable<Source, System, RoutineNumbers>;
  static constexpr const auto& chains = row_chains<Source>;
  using Chains =
      detail::ChainTable<Source, System, std::make_index_sequence<static_cast<std::size_t>(chains.kind_count)>>;
  static constexpr const auto& epilogues = product_epilogues<Source>;
  const auto run_step = [&](int i) {
    const Step& step = schedule.steps[i];
    const StepOperand* operands = schedule.operands + step.first_operand;
    if (step.kind == StepKind::kernel) {
      LoopArguments loop;
      bind_loop(step, operands, context, loop);
      Loops::function[step.kernel](system, loop);
    } else {
      Routines::function[step.kernel](system, step, bind_step(step, operands, context), context.seed);
    }
  };
  for (int i = 0; i < schedule.step_count; ++i) {
    try {
      if (chains.kind_of[i] >= 0) {
        LoopArguments loops[chains.most_steps];
        const int count = chains.kind[chains.kind_of[i]].count;
        for (int k = 0; k < count; ++k)
          bind_loop(schedule.steps[i + k], schedule.operands + schedule.steps[i + k].first_operand, context, loops[k]);
        if (Chains::function[chains.kind_of[i]](system, loops)) {
          i += count - 1;
          continue;
        }
      }
      if constexpr (epilogues.count > 0) {
        if (const auto& entry = epilogues.of[i]; entry.epilogue != ProductEpilogue::none) {
          const auto apart = [&] {
            run_step(i);
            run_step(i + 1);
          };
          const detail::TwoSteps two{&apart, [](const void* run) { (*static_cast<decltype(&apart)>(run))(); }};
          const Step& step = schedule.steps[i];
          const Step& loop = schedule.steps[i + 1];
          const StepOperand* of_loop = schedule.operands + loop.first_operand;
          StepArguments product = bind_step(step, schedule.operands + step.first_operand, context);
          product.pointer[product.input_count] = context.address(of_loop[loop.input_count]);
          const void* bias = entry.bias < 0 ? nullptr : context.address(of_loop[entry.bias]);
          using Products = detail::ProductTable<Source, System, RoutineNumbers>;
          if (Products::function[step.kernel](system, product, step.attribute, entry.epilogue, bias, two)) {
            ++i;
            continue;
          }
        }
      }
      run_step(i);
    } catch (const Error& error) {
      detail::throw_in_step(error, schedule, i, *context.dimensions);
    }
  }
}

}  // namespace ctgrad::parallel
