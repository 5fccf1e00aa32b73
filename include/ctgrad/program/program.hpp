// SPDX-License-Identifier: BSL-1.0
/// \file
/// A compiled function: a schedule, the memory it runs in, and the call.
#pragma once

#include <array>
#include <span>
#include <string>
#include <tuple>

#include "ctgrad/device/cpu/planned_workspace.hpp"
#include "ctgrad/program/memory_use.hpp"
#include "ctgrad/program/pipeline.hpp"
#include "ctgrad/tensor/tensor.hpp"

namespace ctgrad {

namespace detail {

/// Writes `value` as an element of `dtype`.
inline void write_scalar(std::byte* to, DType dtype, double value) {
  auto put = [&](auto x) { std::memcpy(to, &x, sizeof(x)); };
  switch (dtype) {
    case DType::float32:
      return put(static_cast<float>(value));
    case DType::float64:
      return put(value);
    case DType::int32:
      return put(static_cast<std::int32_t>(value));
    case DType::int64:
      return put(static_cast<std::int64_t>(value));
    case DType::boolean:
      return put(value != 0);
  }
}

/// The memory of a running program: arenas, constants, and the addresses of everything else.
template <class Source, int Inputs>
class Executor {
public:
  static constexpr ScheduleView schedule = Source::view();
  static constexpr Regions regions = schedule.regions;

  Executor() : constants_(static_cast<std::size_t>(schedule.constant_bytes)) {
    for (std::int64_t& factor : factor_) factor = 1;
    for (int i = 0; i < schedule.constant_count; ++i) {
      const ConstantEntry& entry = schedule.constants[i];
      for (std::int64_t k = 0; k < entry.count; ++k)
        write_scalar(constants_.data() + entry.byte_offset + k * static_cast<std::int64_t>(size_of(entry.dtype)),
                     entry.dtype, entry.kind == ConstantEntry::Kind::arange ? static_cast<double>(k) : entry.value);
    }
  }

  Dimensions& dimensions() { return dimensions_; }

  /// Makes arenas of the size that the current dimensions ask for. Allocates only when they grow.
  void prepare() {
    for (int i = 0; i < schedule.arena_count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      factor_[at] = dimensions_.monomial(schedule.arenas[i].factor);
      arenas_[at].reserve(static_cast<std::size_t>(schedule.arenas[i].bytes * factor_[at]));
      region_[at] = arenas_[at].data();
    }
    for (int i = 0; i < schedule.constant_count; ++i) {
      const ConstantEntry& entry = schedule.constants[i];
      if (entry.kind == ConstantEntry::Kind::extent)
        write_scalar(constants_.data() + entry.byte_offset, entry.dtype,
                     static_cast<double>(dimensions_(entry.extent)));
    }
    region_[static_cast<std::size_t>(regions.constants())] = constants_.data();
  }

  void set_block(int i, void* data) { region_[static_cast<std::size_t>(regions.block(i))] = data; }
  void set_input(int i, const void* data) {
    region_[static_cast<std::size_t>(regions.input(i))] = const_cast<void*>(data);
  }

  void run(std::uint64_t seed) {
    const cpu::RunContext context{region_.data(), factor_.data(), &dimensions_, seed, &device_};
    if constexpr (cpu::runs_inline<Source>) {
      cpu::run_inline<Source>(context);
    } else {
      cpu::run<Source>(context);
    }
  }

  /// Where result i lies after a run.
  const void* result(int i) const {
    const StepOperand& place = schedule.results[i].place;
    const auto region = static_cast<std::size_t>(place.region);
    return static_cast<const char*>(region_[region]) + place.byte_offset * factor_[region];
  }

  /// What memory() is after a run with these dimensions, when no earlier one had larger ones.
  static constexpr MemoryUse memory_plan(const Dimensions& dimensions) {
    MemoryUse use;
    for (int i = 0; i < schedule.arena_count; ++i)
      use.arenas += schedule.arenas[i].bytes * dimensions.monomial(schedule.arenas[i].factor);
    use.constants = schedule.constant_bytes;
    use.workspace = cpu::planned_workspace_bytes<Source>();
    return use;
  }

  /// What is held now.
  MemoryUse memory() const {
    MemoryUse use;
    for (const Memory& arena : arenas_) use.arenas += static_cast<std::int64_t>(arena.bytes());
    use.constants = static_cast<std::int64_t>(constants_.bytes());
    use.workspace = device_.workspace_bytes();
    return use;
  }

private:
  std::array<Memory, static_cast<std::size_t>(schedule.arena_count) + 1> arenas_;
  Memory constants_;
  std::array<void*, static_cast<std::size_t>(regions.input(Inputs)) + 1> region_{};
  std::array<std::int64_t, static_cast<std::size_t>(regions.input(Inputs)) + 1> factor_{};
  Dimensions dimensions_;
  Cpu device_;
};

/// True for an extent that is one name: the arguments give such names their lengths.
constexpr bool is_single_name(Extent extent) {
  return !is_static(extent) && coefficient_of(extent) == 1 && (names_of(extent) >> 6) == 0;
}

[[noreturn]] CTGRAD_COLD inline void throw_argument(int argument, const ShapeValue& shape,
                                                    std::span<const std::int64_t> extents, int axis,
                                                    std::int64_t expected) {
  throw_error("ctgrad: argument " + std::to_string(argument + 1) + " has the extents " + text_of(extents) +
              ", but its shape is " + ctgrad::text_of(shape) + " and axis " + std::to_string(axis) + " must be " +
              std::to_string(expected) + " here; pass a tensor of that length");
}

/// Reads the named dimensions off an argument's extents and checks that they agree with what is known. Products of
/// names are checked in a second pass, when all names are known.
inline void bind_dimensions(Dimensions& dimensions, const ShapeValue& shape, std::span<const std::int64_t> extents,
                            int argument, bool products) {
  for (int axis = 0; axis < shape.rank; ++axis) {
    const Extent wanted = shape[axis];
    if ((is_static(wanted) || is_single_name(wanted)) == products) continue;
    const std::int64_t given = extents[static_cast<std::size_t>(axis)];
    if (is_single_name(wanted) && dimensions[wanted] < 0) dimensions[wanted] = given;
    const std::int64_t expected = dimensions(wanted);
    if (given != expected) throw_argument(argument, shape, extents, axis, expected);
  }
}

/// The run-time extents of a shape.
template <class S>
Extents<S::rank> evaluate_extents(const Dimensions& dimensions) {
  Extents<S::rank> extents{};
  for (int axis = 0; axis < S::rank; ++axis)
    extents[static_cast<std::size_t>(axis)] = dimensions(S::value.extent[axis]);
  return extents;
}

/// Runs a pipeline on argument views and gives views of the results.
template <class Stages, class Result, int ExtraInputs, class... Specs>
class Runner {
  using OwnExecutor = Executor<Stages, static_cast<int>(sizeof...(Specs)) + ExtraInputs>;

public:
  void set_block(int i, void* data) { executor_.set_block(i, data); }
  void set_scalar(int i, const void* data) { executor_.set_input(static_cast<int>(sizeof...(Specs)) + i, data); }

  auto operator()(std::uint64_t seed,
                  const TensorView<const typename Specs::element_type, typename Specs::shape_type>&... arguments) {
    bind(std::index_sequence_for<Specs...>{}, arguments...);
    executor_.prepare();
    executor_.run(seed);
    int index = 0;
    return results<Result>(index);
  }

  static constexpr MemoryUse memory_plan(const Dimensions& dimensions) { return OwnExecutor::memory_plan(dimensions); }
  MemoryUse memory() const { return executor_.memory(); }

private:
  template <std::size_t... I, class... Views>
  void bind(std::index_sequence<I...>, const Views&... views) {
    Dimensions& dimensions = executor_.dimensions();
    for (std::int64_t& length : dimensions.length) length = -1;
    for (const bool products : {false, true})
      (bind_dimensions(dimensions, Specs::shape_type::value, views.extents(), static_cast<int>(I), products), ...);
    (executor_.set_input(static_cast<int>(I), views.data()), ...);
  }

  template <class R>
  auto results(int& index) {
    if constexpr (is_symbol<R>) {
      using S = typename R::shape_type;
      using T = typename R::element_type;
      return TensorView<const T, S>(static_cast<const T*>(executor_.result(index++)),
                                    evaluate_extents<S>(executor_.dimensions()));
    } else {
      return result_parts<R>(index, std::make_index_sequence<std::tuple_size_v<R>>{});
    }
  }
  template <class R, std::size_t... I>
  auto result_parts(int& index, std::index_sequence<I...>) {
    // Braces: the parts are made in order.
    if constexpr (is_pair<R>) {
      return std::pair{results<std::tuple_element_t<I, R>>(index)...};
    } else if constexpr (is_std_array<R>) {
      return std::array{results<std::tuple_element_t<I, R>>(index)...};
    } else {
      return std::tuple{results<std::tuple_element_t<I, R>>(index)...};
    }
  }

  OwnExecutor executor_;
};

}  // namespace detail

/// A function compiled for fixed argument specs. Calling it runs a table of kernels over one block of memory:
/// no graph, no dispatch by name, and after the first call with a given size no allocation. Named dimensions
/// (`batch`) take their length from the arguments of each call.
///
/// A call returns views of the program's memory, in the structure the function returned (a symbol becomes a
/// TensorView; tuples, pairs and arrays stay what they are). They are valid until the next call. An object serves one
/// thread at a time; a copy has memory of its own.
template <class Device, class F, class... Specs>
class Program {
  static_assert(std::is_same_v<Device, Cpu>, "ctgrad: this build has the Cpu device only");
  using Source = FunctionSource<F, Specs...>;

public:
  using Stages = Pipeline<Source>;

  /// Runs the function. Each argument is a Tensor or TensorView with the spec's element type and shape.
  auto operator()(const TensorView<const typename Specs::element_type, typename Specs::shape_type>&... arguments) {
    return runner_(seed_ + runs_++, arguments...);
  }

  /// The seed of the random numbers the function asks for; each call takes the next one.
  void seed(std::uint64_t value) {
    seed_ = value;
    runs_ = 0;
  }

  /// Bytes of temporary memory for given dimensions, with the reuse that the plan found.
  static constexpr std::int64_t bytes(const Dimensions& dimensions = {}) { return memory_plan(dimensions).arenas; }

  /// The bytes that calls with the given dimensions make the program hold: `program.memory_plan().total()` is known
  /// at compile time.
  static constexpr MemoryUse memory_plan(const Dimensions& dimensions = {}) {
    return OwnRunner::memory_plan(dimensions);
  }

  /// The bytes that the program holds now. It takes its memory with the first call, and more when a named dimension
  /// is longer than in any call before.
  MemoryUse memory() const { return runner_.memory(); }

private:
  using Result = decltype(std::declval<const F&>()(std::declval<detail::symbol_of<Specs>>()...));
  using OwnRunner = detail::Runner<Stages, Result, 0, Specs...>;
  OwnRunner runner_;
  std::uint64_t seed_ = 0;
  std::uint64_t runs_ = 0;
};

/// Compiles `f` for a device and argument specs: `auto program = compile<Cpu>(f, spec<float, batch, 784>);`. The
/// work is done by the C++ compiler; at run time this makes an object.
template <class Device = Cpu, class F, class... Specs>
Program<Device, F, Specs...> compile(const F&, Specs...) {
  return {};
}

}  // namespace ctgrad
