// SPDX-License-Identifier: BSL-1.0
/// \file
/// Runs a fused loop on the CPU: rows inside, threads outside.
///
/// The bits of every result depend on the extents alone, never on the number of threads: threads divide the
/// results between them, or, where a reduction leaves only one, fixed blocks whose sums are added in order.
#pragma once

#include <cstdint>

#include "ctgrad/device/cpu/loop_kernel.hpp"

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace ctgrad::cpu {

/// Loops with fewer element operations than this run in one thread: waking another takes longer.
inline constexpr std::int64_t parallel_threshold = 1 << 18;

/// Full reductions are cut into blocks of at least this many elements, at most `reduction_blocks` of them.
inline constexpr std::int64_t reduction_block = 8192;
inline constexpr int reduction_blocks = 256;

/// Arrays of at least this many bytes, beyond what a last-level cache holds, are written past the caches.
inline constexpr std::int64_t streaming_threshold = 32 << 20;

namespace detail {

/// A kernel and the arrays of one run of it.
struct BoundLoop {
  const LoopKernel& kernel;
  const LoopArguments& arguments;
  bool streams = false;

  int last_axis() const { return arguments.rank - 1; }
  std::int64_t extent(int axis) const { return arguments.extent[axis]; }

  /// True when every output has elements of its own for each index of the axis.
  bool outputs_keep(int axis) const {
    for (int k = kernel.inputs; k < kernel.operands(); ++k)
      if (arguments.stride[k][axis] == 0) return false;
    return true;
  }

  void move(RowArguments& row, int axis, std::int64_t count) const {
    for (int k = 0; k < kernel.operands(); ++k)
      row.pointer[k] += arguments.stride[k][axis] * count * kernel.element_bytes[k];
  }

  void start(RowArguments& row) const {
    for (int k = 0; k < kernel.operands(); ++k) {
      row.inner[k] = arguments.stride[k][last_axis()];
      row.pointer[k] = static_cast<char*>(arguments.pointer[k]);
    }
    for (int o = 0; o < kernel.outputs; ++o) row.first[o] = true;
    row.streams = streams;
  }

  /// True when every stored output is large, aligned to registers from row to row, and none of the inputs: a line that
  /// is read anyway is best written where it is.
  bool stores_beyond_caches() const {
    const std::int64_t size = arguments.size();
    bool any = false;
    for (int o = 0; o < kernel.outputs; ++o) {
      if (kernel.write[o] != LoopKernel::Write::store) continue;
      const int k = kernel.inputs + o;
      const std::int64_t bytes = kernel.element_bytes[k];
      if (size * bytes < streaming_threshold || reinterpret_cast<std::uintptr_t>(arguments.pointer[k]) % 64 != 0)
        return false;
      for (int axis = 0; axis < last_axis(); ++axis)
        if (arguments.stride[k][axis] * bytes % 64 != 0) return false;
      for (int i = 0; i < kernel.inputs; ++i)
        if (arguments.pointer[i] == arguments.pointer[k]) return false;
      any = true;
    }
    return any;
  }

  /// All rows with outermost index in [begin, end), elements [from, to) of each. Never inlined: each of the many calls
  /// would be a copy of the loops, and what a call takes is nothing beside a row.
  [[gnu::noinline]] void run(std::int64_t begin, std::int64_t end, std::int64_t from, std::int64_t to) const {
    run_rows(begin, end, from, to);
    if (streams) finish_streams();
  }

  void run_rows(std::int64_t begin, std::int64_t end, std::int64_t from, std::int64_t to) const {
    RowArguments row;
    start(row);
    if (last_axis() == 0) {
      for (int k = 0; k < kernel.operands(); ++k) row.next[k] = 0;
      return kernel.rows(row, 1, from, to);
    }
    // The two innermost axes run in the kernel, the others here.
    const int outer = last_axis() - 1;
    for (int k = 0; k < kernel.operands(); ++k) row.next[k] = arguments.stride[k][outer] * kernel.element_bytes[k];
    move(row, 0, begin);
    if (outer == 0) {
      if (begin < end) kernel.rows(row, end - begin, from, to);
      return;
    }
    std::int64_t index[max_rank] = {begin};
    while (index[0] < end) {
      if (kernel.fold != nullptr) {
        for (int o = 0; o < kernel.outputs; ++o) {
          row.first[o] = true;
          for (int axis = 0; axis < outer; ++axis)
            if (index[axis] != 0 && arguments.stride[kernel.inputs + o][axis] == 0) row.first[o] = false;
        }
      }
      kernel.rows(row, extent(outer), from, to);
      int axis = outer - 1;
      while (true) {
        move(row, axis, 1);
        if (++index[axis] < extent(axis) || axis == 0) break;
        move(row, axis, -extent(axis));
        index[axis--] = 0;
      }
    }
  }

  void run_all() const { run(0, extent(0), 0, extent(last_axis())); }
  /// The part with indices [begin, end) of the outermost axis.
  void run_outer(std::int64_t begin, std::int64_t end) const {
    if (arguments.rank == 1) {
      run(0, 1, begin, end);
    } else {
      run(begin, end, 0, extent(last_axis()));
    }
  }
  /// The part with indices [from, to) of the innermost axis.
  void run_inner(std::int64_t from, std::int64_t to) const { run(0, extent(0), from, to); }

  /// Reductions over nothing give their identity.
  void fill_identities() const {
    for (int o = 0; o < kernel.outputs; ++o) {
      if (kernel.write[o] == LoopKernel::Write::store) continue;
      const int k = kernel.inputs + o;
      std::int64_t count = 1;
      for (int axis = 0; axis < arguments.rank; ++axis)
        if (arguments.stride[k][axis] != 0) count *= extent(axis);
      auto* to = static_cast<char*>(arguments.pointer[k]);
      for (std::int64_t i = 0; i < count; ++i) kernel.fold(o, nullptr, 0, to + i * kernel.element_bytes[k]);
    }
  }
};

/// Calls body(begin, end) for ranges that cover [0, count), in as many threads as OpenMP offers.
template <class Body>
void split(std::int64_t count, const Body& body) {
#if defined(_OPENMP)
#pragma omp parallel
  {
    const std::int64_t threads = omp_get_num_threads();
    const std::int64_t thread = omp_get_thread_num();
    body(count * thread / threads, count * (thread + 1) / threads);
  }
#else
  body(0, count);
#endif
}

/// A reduction to single elements over one long axis: fixed blocks, their results folded in order.
inline void run_blocks(const BoundLoop& loop, bool threads) {
  const LoopKernel& kernel = loop.kernel;
  const std::int64_t length = loop.extent(0);
  // The partial results of all outputs together lie on the stack.
  PartialResult partial[4096];
  const std::int64_t most = kernel.inner_reductions <= 16 ? reduction_blocks : 4096 / kernel.inner_reductions;
  std::int64_t block = (length + most - 1) / most;
  if (block < reduction_block) block = reduction_block;
  block = (block + 63) / 64 * 64;
  const std::int64_t count = (length + block - 1) / block;
  auto body = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      RowArguments row;
      loop.start(row);
      PartialResult* own = partial;
      for (int o = 0; o < kernel.outputs; ++o) {
        if (kernel.write[o] != LoopKernel::Write::reduce_inner) continue;
        row.pointer[kernel.inputs + o] = own[b].bytes;
        own += count;
      }
      kernel.rows(row, 1, b * block, b * block + block < length ? b * block + block : length);
    }
  };
  if (threads) {
    split(count, body);
  } else {
    body(0, count);
  }
  const PartialResult* own = partial;
  for (int o = 0; o < kernel.outputs; ++o) {
    if (kernel.write[o] != LoopKernel::Write::reduce_inner) continue;
    kernel.fold(o, own, count, loop.arguments.pointer[kernel.inputs + o]);
    own += count;
  }
}

}  // namespace detail

/// Runs a kernel over its iteration space; then, where there is one, the epilogue: a loop over the elements that the
/// kernel's reductions keep, in order. A thread runs the epilogue on its own part of the results as soon as that is
/// finished, if the epilogue's axes can be cut the same way.
inline void run_loop(const LoopKernel& kernel, const LoopArguments& arguments, const LoopKernel* epilogue = nullptr,
                     const LoopArguments* epilogue_arguments = nullptr) {
  detail::BoundLoop loop{kernel, arguments};
  loop.streams = loop.stores_beyond_caches();
  const std::int64_t results = epilogue != nullptr ? epilogue_arguments->size() : 0;
  auto run_epilogue = [&](std::int64_t begin, std::int64_t end) {
    detail::BoundLoop{*epilogue, *epilogue_arguments}.run_outer(begin, end);
  };
  bool finished = results == 0;
  const std::int64_t size = arguments.size();
  const bool threads = size * kernel.operations >= parallel_threshold;
  const int last = loop.last_axis();
  if (size == 0) {
    loop.fill_identities();
  } else if (kernel.inner_reductions > 0 && last == 0 && loop.extent(0) > reduction_block) {
    detail::run_blocks(loop, threads);
  } else if (threads && loop.outputs_keep(0)) {
    const std::int64_t step = last == 0 ? kernel.width : 1;
    const std::int64_t count = loop.extent(0);
    // Elements of the epilogue's outermost axis for each index of the loop's; 0 where they cannot be told apart.
    const std::int64_t share = results == 0                                 ? 0
                               : epilogue_arguments->rank == 1              ? results / count
                               : epilogue_arguments->extent[0] % count == 0 ? epilogue_arguments->extent[0] / count
                                                                            : 0;
    detail::split((count + step - 1) / step, [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t to = end * step < count ? end * step : count;
      if (begin * step >= to) return;
      loop.run_outer(begin * step, to);
      if (share > 0) run_epilogue(begin * step * share, to * share);
    });
    finished |= share > 0;
  } else if (threads && last > 0 && loop.outputs_keep(last)) {
    const std::int64_t count = loop.extent(last);
    const bool shared = results == count && epilogue_arguments->rank == 1;
    detail::split((count + kernel.width - 1) / kernel.width, [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t to = end * kernel.width < count ? end * kernel.width : count;
      if (begin * kernel.width >= to) return;
      loop.run_inner(begin * kernel.width, to);
      if (shared) run_epilogue(begin * kernel.width, to);
    });
    finished |= shared;
  } else {
    loop.run_all();
  }
  if (!finished) run_epilogue(0, epilogue_arguments->extent[0]);
}

}  // namespace ctgrad::cpu
