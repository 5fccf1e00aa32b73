// SPDX-License-Identifier: BSL-1.0
/// \file
/// Times several ways of doing the same thing in turns, so that a noisy machine disturbs all alike.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace contest {

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

inline double best(const std::vector<double>& values) { return *std::min_element(values.begin(), values.end()); }

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
  explicit Contest(double units = 1e6) : units_(units) {}

  /// Adds a contestant; it is run some times to see how many calls make a turn.
  template <class Run>
  void add(std::string name, Run run) {
    constexpr double turn = 5e-4;
    std::int64_t calls = 1;
    run();
    for (double spent = seconds(calls, run); spent < turn / 2; spent = seconds(calls, run)) calls *= 2;
    entries_.push_back({std::move(name),
                        [run, calls, units = units_]() mutable {
                          run();  // what the one before left in the caches is not this one's time
                          return seconds(calls, run) / static_cast<double>(calls) * units;
                        },
                        {}});
  }

  /// Reports, for each contestant, the median and the best time of a call (in microseconds, if nothing else was said),
  /// and for the first also its ratios to the others: "a/b" is the median of the turns' ratios, "a/b_best" the ratio of
  /// the bests. The time column of the benchmark is that of a round of turns and means nothing.
  void hold(benchmark::State& state) {
    std::size_t first = 0;
    for (auto _ : state) {
      for (std::size_t i = 0; i < entries_.size(); ++i) {
        Entry& entry = entries_[(first + i) % entries_.size()];
        entry.times.push_back(entry.turn());
      }
      first = (first + 1) % entries_.size();
    }
    for (const Entry& entry : entries_) {
      state.counters[entry.name] = median(entry.times);
      state.counters[entry.name + "_best"] = best(entry.times);
    }
    const Entry& ours = entries_.front();
    for (std::size_t i = 1; i < entries_.size(); ++i) {
      std::vector<double> ratios;
      for (std::size_t turn = 0; turn < ours.times.size(); ++turn)
        ratios.push_back(ours.times[turn] / entries_[i].times[turn]);
      const std::string name = ours.name + "/" + entries_[i].name;
      state.counters[name] = median(ratios);
      state.counters[name + "_best"] = best(ours.times) / best(entries_[i].times);
    }
  }

private:
  struct Entry {
    std::string name;
    std::function<double()> turn;
    std::vector<double> times;
  };
  double units_;
  std::vector<Entry> entries_;
};

/// True when two results agree to `tolerance`, relative to the larger; otherwise the benchmark fails, as a time of
/// a wrong result means nothing.
inline bool agree(benchmark::State& state, double a, double b, double tolerance = 1e-4) {
  if (std::abs(a - b) <= tolerance * std::max({std::abs(a), std::abs(b), 1e-6})) return true;
  const std::string message = "the contestants disagree: " + std::to_string(a) + " and " + std::to_string(b);
  state.SkipWithError(message.c_str());
  return false;
}

}  // namespace contest
