// SPDX-License-Identifier: BSL-1.0
#include "contest.hpp"

#include <algorithm>
#include <cmath>

namespace contest {

namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}
double best(const std::vector<double>& values) { return *std::min_element(values.begin(), values.end()); }

}  // namespace

struct Contest::Entry {
  std::string name;
  std::function<double(std::int64_t)> seconds_of;
  std::int64_t calls;
  std::vector<double> times;
};

Contest::Contest(double units) : units_(units) {}
Contest::~Contest() = default;

void Contest::add_timed(std::string name, std::function<double(std::int64_t)> seconds_of) {
  constexpr double turn = 5e-4;
  std::int64_t calls = 1;
  seconds_of(1);
  for (double spent = seconds_of(calls); spent < turn / 2; spent = seconds_of(calls)) calls *= 2;
  entries_.push_back({std::move(name), std::move(seconds_of), calls, {}});
}

void Contest::hold(benchmark::State& state) {
  std::size_t first = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      Entry& entry = entries_[(first + i) % entries_.size()];
      entry.seconds_of(1);  // what the one before left in the caches is not this one's time
      entry.times.push_back(entry.seconds_of(entry.calls) / static_cast<double>(entry.calls) * units_);
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

bool agree(benchmark::State& state, double a, double b, double tolerance) {
  if (std::abs(a - b) <= tolerance * std::max({std::abs(a), std::abs(b), 1e-6})) return true;
  const std::string message = "the contestants disagree: " + std::to_string(a) + " and " + std::to_string(b);
  state.SkipWithError(message.c_str());
  return false;
}

}  // namespace contest
