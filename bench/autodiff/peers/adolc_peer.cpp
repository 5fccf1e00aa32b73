// SPDX-License-Identifier: BSL-1.0
/// \file
/// The functions of the benchmarks for ADOL-C: recorded once, then replayed forward and back. Prints, for each case
/// named as an argument (all without any), its name and the median nanoseconds of value and gradient.
#include <adolc/adolc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace {

using Numbers = std::vector<double>;
using Actives = std::vector<adouble>;
using Function = std::function<adouble(const Actives&)>;

Numbers uniform(std::size_t n, double low = -1, double high = 1, unsigned seed = 1) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> number(low, high);
  Numbers x(n);
  for (double& a : x) a = number(engine);
  return x;
}

double seconds(std::int64_t calls, const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < calls; ++i) run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The median of 9 turns of about two milliseconds.
double nanoseconds(const std::function<void()>& run) {
  run();
  std::int64_t calls = 1;
  while (seconds(calls, run) < 1e-3) calls *= 2;
  std::vector<double> turns;
  for (int i = 0; i < 9; ++i) turns.push_back(seconds(calls, run) / static_cast<double>(calls) * 1e9);
  std::sort(turns.begin(), turns.end());
  return turns[turns.size() / 2];
}

/// Records `f`, checks its gradient against a difference of values along a line, and times the replay.
void time_case(const std::string& name, const Function& f, Numbers x) {
  constexpr short tape = 1;
  const int n = static_cast<int>(x.size());
  double value = 0;
  {
    Actives a(x.size());
    trace_on(tape);
    for (std::size_t i = 0; i < x.size(); ++i) a[i] <<= x[i];
    adouble y = f(a);
    y >>= value;
    trace_off();
  }
  Numbers g(x.size());
  double seed = 1;
  const auto run = [&] {
    zos_forward(tape, 1, n, 1, x.data(), &value);
    fos_reverse(tape, 1, n, &seed, g.data());
  };
  run();
  const Numbers direction = uniform(x.size(), -1, 1, 7);
  double along = 0, size = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    along += g[i] * direction[i];
    size += std::abs(g[i] * direction[i]);
  }
  const auto at = [&](double t) {
    Numbers moved = x;
    for (std::size_t i = 0; i < x.size(); ++i) moved[i] += t * direction[i];
    double result = 0;
    zos_forward(tape, 1, n, 0, moved.data(), &result);
    return result;
  };
  const double step = 1e-5, difference = (at(step) - at(-step)) / (2 * step);
  if (std::abs(difference - along) > 1e-3 * (size + std::abs(value))) {
    std::fprintf(stderr, "adolc_peer: the gradient of %s is wrong: %g and %g\n", name.c_str(), along, difference);
    std::exit(1);
  }
  std::printf("%s %.6g\n", name.c_str(), nanoseconds(run));
  std::fflush(stdout);
}

adouble square(const adouble& x) { return x * x; }

/// The same for the Jacobian of a function with as many results as arguments.
void time_jacobian(const std::string& name, const std::function<Actives(const Actives&)>& f, Numbers x) {
  constexpr short tape = 1;
  const std::size_t n = x.size();
  Numbers value(n);
  {
    Actives a(n);
    trace_on(tape);
    for (std::size_t i = 0; i < n; ++i) a[i] <<= x[i];
    Actives y = f(a);
    for (std::size_t i = 0; i < n; ++i) y[i] >>= value[i];
    trace_off();
  }
  const int count = static_cast<int>(n);
  Numbers elements(n * n);
  std::vector<double*> rows;
  for (std::size_t i = 0; i < n; ++i) rows.push_back(&elements[i * n]);
  const auto run = [&] { jacobian(tape, count, count, x.data(), rows.data()); };
  run();
  const Numbers direction = uniform(n, -1, 1, 7);
  const auto at = [&](double t) {
    Numbers moved = x, result(n);
    for (std::size_t i = 0; i < n; ++i) moved[i] += t * direction[i];
    function(tape, count, count, moved.data(), result.data());
    return result;
  };
  const double step = 1e-5;
  const Numbers after = at(step), before = at(-step);
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double along = 0;
    for (std::size_t j = 0; j < n; ++j) along += rows[i][j] * direction[j];
    worst = std::max(worst, std::abs(along - (after[i] - before[i]) / (2 * step)));
  }
  if (worst > 1e-6) {
    std::fprintf(stderr, "%s: the Jacobian is wrong by %g\n", name.c_str(), worst);
    std::exit(1);
  }
  std::printf("%s %.6g\n", name.c_str(), nanoseconds(run));
}

adouble sum(const Actives& x) {
  adouble s = 0;
  for (const adouble& a : x) s += a;
  return s;
}
adouble prod(const Actives& x) {
  adouble p = 1;
  for (const adouble& a : x) p *= a;
  return p;
}
adouble log_sum_exp(const Actives& x) {
  adouble s = 0;
  for (const adouble& a : x) s += exp(a);
  return log(s);
}
adouble normal_log_pdf(const Actives& x) {
  adouble s = 0;
  for (const adouble& a : x) s += square((a + 0.56) * (1 / 1.37));
  return -0.5 * s - static_cast<double>(x.size()) * std::log(1.37);
}
adouble product_of_matrices(const Actives& x) {
  const auto n = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(x.size()) / 2)));
  adouble total = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      adouble dot = 0;
      for (std::size_t k = 0; k < n; ++k) dot += x[i * n + k] * x[n * n + k * n + j];
      total += dot;
    }
  return total;
}
Function regression(std::size_t p) {
  const Numbers x = uniform(1000 * p, -1, 1, 2), y = uniform(1000, -1, 1, 3);
  return [=](const Actives& v) {
    const adouble s = fabs(v[p + 1]) + 0.1;
    adouble total = 0, squares = 0;
    for (std::size_t i = 0; i < 1000; ++i) {
      adouble residual = y[i] - v[p];
      for (std::size_t j = 0; j < p; ++j) residual -= x[i * p + j] * v[j];
      total += square(residual);
    }
    for (std::size_t j = 0; j < p; ++j) squares += square(v[j]);
    return adouble(-0.5 * total / (s * s) - 1000 * log(s) - 0.5 * squares - 0.5 * square(v[p]) - std::log(9.9));
  };
}
adouble normal(const adouble& x) { return erf(x * 0.70710678118654752440) * 0.5 + 0.5; }
adouble call_price(const adouble* x) {
  const adouble deviation = x[3] * sqrt(x[4]);
  const adouble d1 = (log(x[0] / x[1]) + (x[2] + x[3] * x[3] * 0.5) * x[4]) / deviation;
  return x[0] * normal(d1) - x[1] * exp(-x[2] * x[4]) * normal(d1 - deviation);
}
adouble many_options(const Actives& x) {
  adouble total = 0;
  for (std::size_t i = 0; i < x.size(); i += 5) total += call_price(&x[i]);
  return total;
}
adouble chain(const Actives& x) {
  const adouble w0 = x[0] * x[1] - x[2] * sin(x[0]);
  const adouble w1 = x[1] * w0 - cos(w0) + sum(x);
  return w1 + exp(w1 - w0);
}
adouble of_product(const Actives& x) {
  adouble p = 1;
  for (const adouble& a : x) p *= square(a);
  return p * p + cos(p);
}
adouble of_sum(const Actives& x) {
  adouble s = 0;
  for (const adouble& a : x) s += square(a);
  return s * s + sin(s);
}
adouble deviations(const Actives& x) {
  adouble s = 0;
  const adouble inverse = 1 / x[1];
  for (int i = 0; i < 1000; ++i) {
    const double v = i / 1000.0;
    s += square((v - x[0] * v) * inverse);
  }
  return -0.5 * s;
}
adouble between_constants(const Actives& x) {
  adouble s = 0;
  for (int v = 0; v < 1000; ++v) s += -0.5 * square((v - x[0] * v) * 0.5) - std::log(2.0);
  return s;
}
adouble volatility(const Actives& x) {
  const std::size_t n = x.size() - 3;
  const Numbers y = uniform(n, -1, 1, 2);
  const adouble &persistence = x[n], &scale = x[n + 1], &mean = x[n + 2];
  adouble v = scale * x[0] / sqrt(1 - persistence * persistence), total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (i > 0) v = scale * x[i] + persistence * v;
    const adouble h = v + mean;
    total += y[i] * y[i] * exp(-h) + h + x[i] * x[i];
  }
  return -0.5 * total - log(5 * (1 + scale * scale * 0.04)) - log(10 * (1 + mean * mean * 0.01)) - std::log(2.0);
}

/// Ten steps of Cash and Karp's method for y' = (0, y_0, y_1, ...).
Actives ode(const Actives& x) {
  constexpr double h = 0.1;
  const std::vector<Numbers> tableau = {{1.0 / 5},
                                        {3.0 / 40, 9.0 / 40},
                                        {3.0 / 10, -9.0 / 10, 6.0 / 5},
                                        {-11.0 / 54, 5.0 / 2, -70.0 / 27, 35.0 / 27},
                                        {1631.0 / 55296, 175.0 / 512, 575.0 / 13824, 44275.0 / 110592, 253.0 / 4096},
                                        {37.0 / 378, 0, 250.0 / 621, 125.0 / 594, 0, 512.0 / 1771}};
  Actives y = x;
  for (int step = 0; step < 10; ++step) {
    std::vector<Actives> k;
    Actives at = y;
    for (const Numbers& row : tableau) {
      Actives slope(y.size());
      slope[0] = 0;
      for (std::size_t i = 1; i < y.size(); ++i) slope[i] = at[i - 1];
      k.push_back(slope);
      for (std::size_t i = 0; i < y.size(); ++i) {
        at[i] = y[i];
        for (std::size_t j = 0; j < row.size(); ++j)
          if (row[j] != 0) at[i] += h * row[j] * k[j][i];
      }
    }
    y = at;
  }
  return y;
}

Numbers joined(Numbers a, const Numbers& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> wanted(arguments + 1, arguments + count);
  const auto add = [&](const std::string& name, const Function& f, const Numbers& x) {
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end()) time_case(name, f, x);
  };
  const auto sized = [](const char* name, std::size_t n) { return std::string(name) + "<" + std::to_string(n) + ">"; };
  for (const std::size_t n : {1, 16, 256, 4096, 16384}) {
    add(sized("sum_of", n), sum, uniform(n));
    add(sized("product_of", n), prod, uniform(n, 0.8, 1.2));
    add(sized("log_sum_exp_of", n), log_sum_exp, uniform(n));
    add(sized("normal_log_pdf_of", n), normal_log_pdf, uniform(n));
  }
  add("sum_by_elements", sum, uniform(16));
  add("product_by_elements", prod, uniform(16, 0.8, 1.2));
  for (const std::size_t n : {2, 11, 32, 90, 181})
    add(sized("product_of_matrices", n), product_of_matrices, uniform(2 * n * n));
  for (const std::size_t p : {10, 150}) add(sized("regression", p), regression(p), joined(uniform(p), {0.3, -0.7}));
  const Numbers option = {100, 110, 0.05, 0.2, 1.5};
  add(
      "black_scholes", [](const Actives& x) { return call_price(x.data()); }, option);
  Numbers hundred(100), ten(10), small(10), options;
  for (std::size_t i = 0; i < 100; ++i) hundred[i] = static_cast<double>(i) / 100;
  for (std::size_t i = 0; i < 10; ++i) ten[i] = static_cast<double>(i + 1);
  for (std::size_t i = 0; i < 10; ++i) small[i] = ten[i] * 0.2;
  for (int i = 0; i < 4096; ++i) options = joined(options, option);
  add("chain_of_100", chain, hundred);
  add("product_of_ten", of_product, small);
  add("sum_of_ten", of_sum, ten);
  add("deviations_of_1000", deviations, {2, 1});
  add("deviations_between_constants", between_constants, {2});
  for (const char* name : {"volatility_in_steps", "volatility_by_scan"})
    for (const std::size_t n : {128, 8192}) add(sized(name, n), volatility, joined(uniform(n), {0.6, 0.4, -0.3}));
  add("many_options", many_options, options);
  if (wanted.empty() || std::find(wanted.begin(), wanted.end(), "ode<21>") != wanted.end())
    time_jacobian("ode<21>", ode, uniform(21));
}
