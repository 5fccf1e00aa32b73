// SPDX-License-Identifier: BSL-1.0
/// \file
/// Small functions run without memory but the stack's, others with what the first call took: every operator new of
/// this executable is counted.
#include <atomic>
#include <cstdlib>
#include <new>

#include "functions.hpp"

#if defined(__GNUC__) && !defined(__clang__)
// g++ does not see that the operators below belong together.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace {

std::atomic<long> allocations{0};

void* allocate(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes == 0 ? 1 : bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes == 0 ? 1 : bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

BOOST_AUTO_TEST_SUITE(autodiff_allocation)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

/// Allocations while `f` runs.
template <class F>
long allocations_of(const F& f) {
  const long before = allocations;
  f();
  return allocations - before;
}

constexpr auto all = wrt<0, 1, 2, 3, 4>;
constexpr auto price_greeks_hessian = [](auto... x) {
  return std::pair{value_and_grad(call_price, all)(x...), hessian(call_price, all)(x...)};
};

}  // namespace

// Price, greeks and second derivatives of an option, in one run of straight-line code.
BOOST_AUTO_TEST_CASE(of_an_option_price) {
  double price = 0, again = 0;
  std::array<double, 5> greeks{};
  std::array<std::array<double, 5>, 5> second{};
  const auto slots = std::tie(greeks[0], greeks[1], greeks[2], greeks[3], greeks[4]);
  BOOST_TEST(allocations_of([&] {
               value_and_grad(call_price, all).into(std::tie(price, slots), 100.0, 110.0, 0.05, 0.2, 1.5);
             }) == 0);
  const auto call = [&] {
    compiled(price_greeks_hessian).into(std::tie(again, greeks, second), 100.0, 110.0, 0.05, 0.2, 1.5);
  };
  // Where straight-line programs are kept short, this one is a table, whose memory the first call takes.
  if (CTGRAD_INLINE_OPERATIONS < 65536) call();
  BOOST_TEST(allocations_of(call) == 0);
  check_numbers(price, reference::option_price);
  check_numbers(greeks, reference::option_gradient);
  check_numbers(second, reference::option_hessian);
}

namespace {

constexpr auto wide = [](auto x, auto w) { return sum(tanh(matmul(w, x))); };

}  // namespace

// A larger function takes its memory with the first call, and with later ones nothing, whatever it is written to.
BOOST_AUTO_TEST_CASE(of_arrays) {
  const auto x = Tensor<double, Shape<64, 40>>::uniform(1);
  const auto w = Tensor<double, Shape<32, 64>>::uniform(2);
  Tensor<double, Shape<64, 40>> by_x;
  Tensor<double, Shape<32, 64>> by_w;
  auto run = [&] { gradient(wide, wrt<0, 1>).into(std::tie(by_x, by_w), x, w); };
  run();
  const double first = by_x(3, 5);
  BOOST_TEST(allocations_of(run) == 0);
  BOOST_TEST(by_x(3, 5) == first);
  BOOST_TEST(first != 0);
  // Tensors that the call makes are all it allocates.
  BOOST_TEST(allocations_of([&] { return gradient(wide)(x, w); }) > 0);
  BOOST_TEST(allocations_of([&] { return gradient(wide)(x, w); }) == 1);
}

namespace {

constexpr auto averages = [](auto xs, auto rate) {
  const auto [last, sines] = scan(
      [](auto c, auto x, auto r) {
        return std::pair{c + r * (x - c), sin(c)};
      },
      0.0, xs, rate);
  return last + sum(sines);
};
constexpr auto halvings = [](auto x) {
  return while_loop([](auto c) { return c > 1; }, [](auto c) { return c / 2; }, x);
};

}  // namespace

// Loops of a length known at run time take memory with the first call of that length.
BOOST_AUTO_TEST_CASE(of_loops) {
  for (const std::int64_t n : {300, 500}) {
    Tensor<double, Shape<time_steps>> xs({n}), by_xs({n});
    RandomStream(1).fill_uniform(xs.span());
    double by_rate = 0;
    const auto run = [&] { gradient(averages, wrt<0, 1>).into(std::tie(by_xs, by_rate), xs, 0.1); };
    run();
    BOOST_TEST(allocations_of(run) == 0);
    BOOST_TEST(by_rate != 0);
  }
  BOOST_TEST(gradient(halvings)(1e20) == std::ldexp(1.0, -67));
  BOOST_TEST(allocations_of([] { return gradient(halvings)(1e20); }) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
