// SPDX-License-Identifier: BSL-1.0
/// \file
/// Calls a function of symbols with values: at compile time by evaluating its graph, at run time by compiling it.
#pragma once

#include <optional>

#include "ctgrad/autodiff/small_program.hpp"
#include "ctgrad/passes/interpret.hpp"

namespace ctgrad {

namespace detail {

/// What a function returns for arguments of the given types, as symbols.
template <class F, class... X>
using traced_result = std::remove_cvref_t<decltype(std::declval<const F&>()(std::declval<const traced<X>&>()...))>;

/// The leaves of a result as an array where they are of one type, else as a tuple.
template <class R>
constexpr auto flatten_result(const R& result) {
  using Types = leaf_types<R>;
  static_assert(Types::size > 0, "ctgrad: the function must return a symbol, or a structure of symbols");
  return [&]<class First, class... L>(TypeList<First, L...>*) {
    static_assert((is_symbol<First> && ... && is_symbol<L>),
                  "ctgrad: the function must return symbols only; make a number one by adding it to something that is "
                  "0: x * 0 + 2");
    if constexpr ((std::is_same_v<First, L> && ...)) {
      std::array<First, 1 + sizeof...(L)> flat{};
      std::size_t next = 0;
      for_each_leaf(result, [&](const auto& leaf) { flat[next++] = leaf; });
      return flat;
    } else {
      const Vector<int> ids = leaf_ids(result);
      GraphBuilder* builder = builder_of_leaves(result);
      int next = 0;
      const auto next_id = [&] { return ids[next++]; };
      return std::tuple<First, L...>{First{builder, next_id()}, L{builder, next_id()}...};
    }
  }(static_cast<Types*>(nullptr));
}

/// The function of structures as a function of their leaves.
template <class F, class... X>
struct FlatFunction {
  [[no_unique_address]] F function;

  template <class... L>
  constexpr auto operator()(const L&... leaf) const {
    GraphBuilder* builder = first_handle(leaf...).builder;
    const int ids[] = {leaf.id...};
    std::tuple<traced<X>...> arguments{};
    set_leaves(arguments, builder, ids);
    return flatten_result(settle(builder, std::apply(function, arguments)));
  }
};

/// The pipeline source of a function of structures: its arguments are the leaves, its results go where the caller says.
template <class F, class... Specs>
struct FlatSource : FunctionSource<F, Specs...> {
  static constexpr bool results_apart = true;
};

template <class F, class List, class... X>
struct FlatProgramOf;
template <class F, class... L, class... X>
struct FlatProgramOf<F, TypeList<L...>, X...> {
  using Stages = Pipeline<FlatSource<FlatFunction<F, X...>, typename LeafSpec<L>::type...>>;
  using Runner = detail::Runner<Cpu, Stages, void, 0, typename LeafSpec<L>::type...>;
};
/// The program of a function of structures, its arguments the leaves.
template <class F, class... X>
using FlatProgram = FlatProgramOf<F, leaf_types<X...>, X...>;

/// Programs of this thread that are larger than this give their memory back after a call.
inline constexpr std::int64_t most_bytes_kept = std::int64_t{1} << 26;

/// A program of this thread, and how often it ran: each run takes the next random numbers.
template <class Runner>
struct KeptProgram {
  Runner runner;
  std::uint64_t runs = 0;
};

/// Runs a program that this thread keeps, so that a call that is repeated allocates nothing, and writes its results to
/// `out`: at once, or in the end where the run may fail. Where `out` `overlaps` `x`, it writes them to memory of
/// their own first, and copies them when all has been read.
template <class P, class Out, class... X>
[[gnu::noinline]] void run_kept_program(bool overlaps, Out& out, const X&... x) {
  constexpr bool at_once = P::Stages::view().regions.results > 0;
  thread_local std::optional<KeptProgram<typename P::Runner>> kept;
  if (!kept) kept.emplace();
  struct Release {
    ~Release() {
      if (kept->runner.memory().total() > most_bytes_kept) kept.reset();
    }
  } release;
  NumberPlace numbers[static_cast<std::size_t>(leaf_types<Out>::size)];
  StagedResults<leaf_types<Out>::size> staged;
  const Dimensions* lengths = nullptr;
  const auto extents_of = [&]<class S>(Tag<S>) { return evaluate_extents<S>(*lengths); };
  const auto place = [&](const Dimensions& dimensions, auto& executor) {
    lengths = &dimensions;
    if (overlaps) staged.template reserve<Out>(extents_of);
    if constexpr (at_once) {
      const auto set = [&](int i, void* to) { executor.set_result(i, to); };
      if (overlaps) {
        staged.place(set);
      } else {
        place_results(out, numbers, set, extents_of);
      }
    }
  };
  std::apply([&](const auto&... view) { kept->runner.run_to(place, kept->runs++, view...); },
             std::tuple_cat(leaf_views(x)...));
  auto& runner = kept->runner;
  const auto result_address = [&runner](int i) { return runner.result_address(i); };
  if (overlaps) staged.take(result_address);
  if (overlaps || !at_once)
    place_results(
        out, numbers, [](int, void*) {}, extents_of);
  copy_results(
      out, [&](int i) __attribute__((always_inline)) { return overlaps ? staged.address(i) : result_address(i); },
      [overlaps](int i) __attribute__((always_inline)) {
        return !overlaps && results_written_by_run<typename P::Stages>[static_cast<std::size_t>(i)];
      });
}

/// Runs a program's graph in a constant expression.
template <class Stages, class Out, class... X>
constexpr void run_in_constant(Out& out, const X&... x) {
  Vector<double> inputs;
  const auto read = [&](const auto& leaf) {
    if constexpr (is_number<std::remove_cvref_t<decltype(leaf)>>) {
      inputs.push_back(static_cast<double>(leaf));
    } else {
      for (std::int64_t k = 0; k < leaf.size(); ++k) inputs.push_back(static_cast<double>(leaf.data()[k]));
    }
  };
  (for_each_leaf(x, read), ...);
  const Vector<double> values = interpret(Stages::traced(), inputs.data());
  const double* next = values.data();
  for_each_leaf(out, [&](auto& leaf) {
    using To = std::remove_cvref_t<decltype(leaf)>;
    if constexpr (is_number<To>) {
      leaf = static_cast<To>(*next++);
    } else {
      for (std::int64_t k = 0; k < leaf.size(); ++k) leaf.data()[k] = static_cast<typename To::element_type>(*next++);
    }
  });
}

/// Runs `f` on values and writes the results to `out`, which shares no memory with `x`. In a constant expression it
/// takes and gives numbers and views.
template <class F, class Out, class... X>
CTGRAD_ALWAYS_INLINE constexpr void run_compiled(Out& out, const X&... x) {
  static_assert(std::is_default_constructible_v<F>,
                "ctgrad: the function must not capture anything: pass values as arguments, or keep them in a struct "
                "with a constexpr call operator and default member values");
  if constexpr (std::is_default_constructible_v<F>) {
    using P = FlatProgram<F, X...>;
    using Stages = typename P::Stages;
    // Not std::is_constant_evaluated, which g++ sees through only once functions are inlined: until then it would keep,
    // and work on, what only constant expressions call.
    if (__builtin_is_constant_evaluated()) return run_in_constant<Stages>(out, x...);
    if constexpr (runs_on_stack<Stages>) {
      run_on_stack<Stages>(out, x...);
    } else {
      run_kept_program<P>(false, out, x...);
    }
  }
}

/// The same for a program that runs on the stack and an `out` that shares memory with `x`: results are tensors of their
/// own first. (StagedResults would take a place in every such program.) What a std::tie refers to is passed by itself,
/// so that the tie need not lie in memory where this is not called, as a rule.
template <class F, class Out>
struct RunBeside {
  template <class... X>
  [[gnu::noinline, gnu::cold]] static void run(Out& out, const X&... x) {
    EmptyLeaves empty;
    auto results = make_owned<owned<traced_result<F, X...>>>(empty);
    run_compiled<F>(results, x...);
    assign_leaves(out, results);
  }
  template <class... X>
  CTGRAD_ALWAYS_INLINE static void call(Out& out, const X&... x) {
    run(out, x...);
  }
};
template <class F, class... Out>
struct RunBeside<F, std::tuple<Out&...>> {
  template <class... X>
  [[gnu::noinline, gnu::cold]] static void run(Out&... out, const X&... x) {
    auto all = std::tie(out...);
    RunBeside<F, const std::tuple<Out&...>>::run(all, x...);
  }
  template <class... X>
  CTGRAD_ALWAYS_INLINE static void call(const std::tuple<Out&...>& out, const X&... x) {
    std::apply(
        [&](Out & ... each) __attribute__((always_inline)) { run<X...>(each..., x...); }, out);
  }
};

template <class List>
inline constexpr bool all_numbers = false;
template <class... L>
inline constexpr bool all_numbers<TypeList<L...>> = (is_number<L> && ...);

/// Evaluates `f` in a constant expression.
template <class F, class... X>
constexpr auto evaluate_constant(const F& f, const X&... x) {
  using R = traced_result<F, X...>;
  GraphBuilder builder;
  std::tuple<traced<X>...> arguments{};
  Vector<double> inputs;
  (for_each_leaf(x, [&](const auto& leaf) { inputs.push_back(static_cast<double>(leaf)); }), ...);
  int position = 0;
  for_each_leaf(arguments, [&](auto& leaf) {
    using L = std::remove_cvref_t<decltype(leaf)>;
    leaf = record_input<Spec<typename L::element_type, typename L::shape_type>>(builder, position++);
  });
  const R result = settle(&builder, R(std::apply(f, arguments)));
  int index = 0;
  for_each_leaf(result, [&](const auto& leaf) { builder.outputs.push_back({leaf.id, OutputKind::result, index++}); });
  const Vector<double> values = interpret<typename OperationsOnDemand<F>::type>(builder.view(), inputs.data());
  ConstantResults results{values.data()};
  return make_owned<owned<R>>(results);
}

/// Calls `f`, written for symbols, with numbers. Gives numbers in the structure that `f` returns.
template <class O, class F, class... X>
CTGRAD_ALWAYS_INLINE constexpr O call_with_numbers(const F& f, const X&... x) {
  if (__builtin_is_constant_evaluated()) return detail::evaluate_constant(f, x...);
  EmptyLeaves empty;
  O out = make_owned<O>(empty);
  detail::run_compiled<F>(out, x...);
  return out;
}

/// The same with values of any kind: gives tensors for arrays.
template <class O, class F, class... X>
O call_with_arrays(const F&, const X&... x) {
  EmptyLeaves empty;
  O out = make_owned<O>(empty);
  detail::run_compiled<F>(out, x...);
  return out;
}

template <class F, class... X>
CTGRAD_ALWAYS_INLINE constexpr auto call_with_values(const F& f, const X&... x) {
  using O = owned<traced_result<F, X...>>;
  if constexpr (all_numbers<leaf_types<X...>> && all_numbers<leaf_types<O>>) {
    return call_with_numbers<O>(f, x...);
  } else {
    return call_with_arrays<O>(f, x...);
  }
}

/// True for programs that are one elementwise loop over whole arrays: each element is read before it is written to, so
/// a result may well be an argument itself.
template <class Stages>
inline constexpr bool may_write_over_arguments = [] {
  const ScheduleView schedule = Stages::view();
  if (schedule.step_count != 1) return false;
  const Step& step = schedule.steps[0];
  if (step.kind != StepKind::kernel || step.space.rank != 1) return false;
  const KernelDescription& kernel = schedule.kernels[step.kernel];
  for (int o = 0; o < kernel.output_count; ++o)
    if (schedule.outputs[kernel.first_output + o].reduction >= 0) return false;
  // Nor is a result copied from an argument in the end.
  for (int i = 0; i < schedule.result_count; ++i)
    if (schedule.results[i].place.region >= schedule.regions.input(0)) return false;
  for (int k = 0; k < step.operand_count; ++k) {
    const StepOperand& operand = schedule.operands[step.first_operand + k];
    // One element for all is no array that a result of this loop could be.
    const bool whole = operand.stride[0] == 1 || (k < step.input_count && operand.stride[0] == 0);
    if (operand.offset != 0 || operand.byte_offset != 0 || !whole)
      if (operand.region != schedule.regions.constants()) return false;
  }
  return true;
}();

/// Calls `f` with values and writes what it gives to `out`: a structure of numbers, tensors and views, or a std::tie of
/// them.
template <class Out, class F, class... X>
CTGRAD_ALWAYS_INLINE constexpr void call_into(Out& out, const F&, const X&... x) {
  static_assert(TakesResults<leaf_types<Out>, leaf_types<traced_result<F, X...>>>::value,
                "ctgrad: what into() writes to must have the structure of the result, with numbers for scalars and a "
                "Tensor or TensorView of the same element type and shape for each array");
  if (!std::is_default_constructible_v<F> || __builtin_is_constant_evaluated()) {
    detail::run_compiled<F>(out, x...);
  } else if constexpr (std::is_default_constructible_v<F>) {
    using P = FlatProgram<F, X...>;
    using Stages = typename P::Stages;
    const bool overlaps = overlaps_arguments<may_write_over_arguments<Stages>>(out, x...);
    if constexpr (!runs_on_stack<Stages>) {
      run_kept_program<P>(overlaps, out, x...);
    } else if (overlaps) {
      RunBeside<F, Out>::call(out, x...);
    } else {
      run_on_stack<Stages>(out, x...);
    }
  }
}

/// Base of the callables that the calls for derivatives return. `Self::trace(x...)` works on symbols.
template <class Self>
struct Derivative {
  /// With symbols: appends the nodes of the derivative. With numbers, tensors and structures of them: computes it.
  template <class... X>
  CTGRAD_ALWAYS_INLINE constexpr auto operator()(const X&... x) const {
    constexpr bool values = !(TensorExpression<X> || ...);
    static_assert((is_structure<X> && ...),
                  "ctgrad: an argument is no number, no array and no structure of them: use double, float, Tensor, "
                  "TensorView, std::array, std::tuple, std::pair, or a struct template over its number type");
    static_assert(values,
                  "ctgrad: an argument is an expression that was not evaluated; pass a Tensor: gradient(f)(Tensor(a + "
                  "b))");
    if constexpr ((is_structure<X> && ...) && values) {
      if constexpr (contains_symbol<leaf_types<X...>>) {
        return static_cast<const Self&>(*this).trace(x...);
      } else {
        return detail::call_with_values(static_cast<const Self&>(*this), x...);
      }
    }
  }

  /// Computes the derivative at `x...` and writes it to `out`: a number, Tensor, TensorView, a structure of them, or a
  /// std::tie. Allocates nothing when called again, unless `out` shares memory with an argument. Where it throws, `out`
  /// is what it was.
  template <class Out, class... X>
  CTGRAD_ALWAYS_INLINE void into(Out&& out, const X&... x) const {
    detail::call_into(out, static_cast<const Self&>(*this), x...);
  }
};

}  // namespace detail

/// The callable that `compiled` returns.
template <class F>
struct Compiled : detail::Derivative<Compiled<F>> {
  [[no_unique_address]] F function;

  constexpr Compiled() = default;
  constexpr explicit Compiled(const F& f) : function(f) {}

  template <class... X>
  constexpr auto trace(const X&... x) const {
    return function(x...);
  }
};

/// A callable that runs `f`, written for symbols, on numbers, tensors and structures of them: all of `f` is one program
/// for the types of the arguments (JAX's jit). Several derivatives at one point share what they have in common:
/// `compiled([](auto x) { return std::pair{gradient(f)(x), hessian(f)(x)}; })(2.0)`.
template <class F>
constexpr Compiled<F> compiled(const F& f) {
  return Compiled<F>(f);
}

}  // namespace ctgrad
