// SPDX-License-Identifier: BSL-1.0
/// \file
/// A compiled function: a schedule, the memory it runs in, and the call.
#pragma once

#include <array>
#include <span>
#include <tuple>

#include "ctgrad/device/cpu/program.hpp"
#include "ctgrad/device/executor.hpp"
#include "ctgrad/program/pipeline.hpp"

namespace ctgrad {

namespace detail {

/// True for an extent that is one name: the arguments give such names their lengths.
constexpr bool is_single_name(Extent extent) {
  return !is_static(extent) && coefficient_of(extent) == 1 && (names_of(extent) >> 6) == 0;
}

[[noreturn]] CTGRAD_COLD inline void throw_argument(int argument, const ShapeValue& shape,
                                                    std::span<const std::int64_t> extents, int axis,
                                                    std::int64_t expected) {
  throw_error(Message()
                  .text("ctgrad: argument ")
                  .number(argument + 1)
                  .text(" has the extents ")
                  .extents(extents)
                  .text(", but its shape is ")
                  .value(shape)
                  .text(" and axis ")
                  .number(axis)
                  .text(" must be ")
                  .number(expected)
                  .text(" here; pass a tensor of that length"));
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

/// Runs a pipeline on arguments and gives views of the results.
template <class Device, class Stages, class Result, int ExtraInputs, class... Specs>
class Runner {
  using Executor = typename Device::template Executor<Stages, static_cast<int>(sizeof...(Specs)) + ExtraInputs>;

public:
  explicit Runner(Device device = {}) : executor_(std::move(device)) {}

  const Device& device() const { return executor_.device(); }

  void set_block(int i, void* data) { executor_.set_block(i, data); }
  template <class T>
  void set_scalar(int i, const T& number) {
    executor_.set_scalar(static_cast<int>(sizeof...(Specs)) + i, &number, sizeof(T));
  }

  auto operator()(std::uint64_t seed,
                  const typename Device::template Argument<typename Specs::element_type,
                                                           typename Specs::shape_type>&... arguments) {
    bind(std::index_sequence_for<Specs...>{}, arguments...);
    executor_.run(dimensions_, seed);
    int index = 0;
    return results<Result>(index);
  }

  /// Runs the program; `place(dimensions, executor)` comes before and says where results go that have regions of their
  /// own.
  template <class Place>
  void run_to(const Place& place, std::uint64_t seed,
              const typename Device::template Argument<typename Specs::element_type,
                                                       typename Specs::shape_type>&... arguments) {
    bind(std::index_sequence_for<Specs...>{}, arguments...);
    place(dimensions_, executor_);
    executor_.run(dimensions_, seed);
  }
  const void* result_address(int i) const { return executor_.result_address(i); }

  static constexpr MemoryUse memory_plan(const Dimensions& dimensions) { return Executor::memory_plan(dimensions); }
  MemoryUse memory() const { return executor_.memory(); }

private:
  template <std::size_t... I, class... Arguments>
  void bind(std::index_sequence<I...>, const Arguments&... arguments) {
    for (std::int64_t& length : dimensions_.length) length = -1;
    for (const bool products : {false, true})
      (bind_dimensions(dimensions_, Specs::shape_type::value, arguments.extents(), static_cast<int>(I), products), ...);
    executor_.prepare(dimensions_);
    (executor_.set_input(static_cast<int>(I), arguments), ...);
  }

  template <class R>
  auto results(int& index) {
    if constexpr (is_symbol<R>) {
      using S = typename R::shape_type;
      using T = typename R::element_type;
      return executor_.template result<T, S>(index++, evaluate_extents<S>(dimensions_));
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

  Executor executor_;
  Dimensions dimensions_;
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
  using Source = FunctionSource<F, Specs...>;

public:
  using Stages = Pipeline<Source>;

  /// A program on the given device object, or on the default one.
  explicit Program(Device device = {}) : runner_(std::move(device)) {}

  /// Runs the function. Each argument is a Tensor or TensorView with the spec's element type and shape, in the host's
  /// memory or in the device's.
  auto operator()(const typename Device::template Argument<typename Specs::element_type,
                                                           typename Specs::shape_type>&... arguments) {
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
  using OwnRunner = detail::Runner<Device, Stages, Result, 0, Specs...>;
  OwnRunner runner_;
  std::uint64_t seed_ = 0;
  std::uint64_t runs_ = 0;
};

/// Compiles `f` for a device and argument specs: `auto program = compile<Cpu>(f, spec<float, batch, 784>);`. The
/// work is done by the C++ compiler; at run time this makes an object.
template <class Device = Cpu, class F, class... Specs>
Program<Device, F, Specs...> compile(const F&, Specs...) {
  return Program<Device, F, Specs...>();
}

/// The same on a device object: `compile(Cuda(1), f, spec<float, batch, 784>)` runs on the second GPU.
template <DeviceType Device, class F, class... Specs>
Program<Device, F, Specs...> compile(Device device, const F&, Specs...) {
  return Program<Device, F, Specs...>(std::move(device));
}

}  // namespace ctgrad
