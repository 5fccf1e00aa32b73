// SPDX-License-Identifier: BSL-1.0
/// \file
/// Times several ways of doing the same thing in turns, so that a noisy machine disturbs all alike.
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace contest {

/// How long so many calls take.
template <class Run>
double seconds(std::int64_t calls, Run& run) {
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < calls; ++i) {
    run();
    benchmark::ClobberMemory();
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  return spent.count();
}

/// Contestants that do the same work. In each iteration of a benchmark every one has a turn of about half a
/// millisecond: short against the slow spells of a shared machine, long against the clock.
class Contest {
public:
  /// `units` is the number of units of time in a second.
  explicit Contest(double units = 1e6);
  ~Contest();
  Contest(const Contest&) = delete;
  Contest& operator=(const Contest&) = delete;

  /// Adds a contestant; it is run some times to see how many calls make a turn.
  template <class Run>
  void add(std::string name, Run run) {
    add_timed(std::move(name), [run](std::int64_t calls) mutable { return seconds(calls, run); });
  }

  /// Reports, for each contestant, the median and the best time of a call (in microseconds, if nothing else was said),
  /// and for the first also its ratios to the others: "a/b" is the median of the turns' ratios, "a/b_best" the ratio of
  /// the bests. The time column of the benchmark is that of a round of turns and means nothing.
  void hold(benchmark::State& state);

private:
  struct Entry;

  void add_timed(std::string name, std::function<double(std::int64_t)> seconds_of);

  double units_;
  std::vector<Entry> entries_;
};

/// True when two results agree to `tolerance`, relative to the larger; otherwise the benchmark fails, as a time of
/// a wrong result means nothing.
bool agree(benchmark::State& state, double a, double b, double tolerance = 1e-4);

}  // namespace contest
