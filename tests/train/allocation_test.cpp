// SPDX-License-Identifier: BSL-1.0
/// \file
/// After the first step nothing is allocated: every operator new of this executable is counted.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdlib>
#include <new>

#include <ctgrad/ctgrad.hpp>

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

using namespace ctgrad;

namespace {

struct Mlp {
  nn::Linear<32> hidden;
  nn::Dropout dropout{0.5};
  nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const { return output(dropout(tanh(hidden(x)))); }
};

constexpr auto loss = [](const auto& model, auto x, auto label) { return cross_entropy(model(x), label); };

}  // namespace

BOOST_AUTO_TEST_SUITE(allocation)

BOOST_AUTO_TEST_CASE(the_counter_counts) {
  const long before = allocations;
  const Memory memory(100);
  BOOST_TEST(allocations > before);
}

BOOST_AUTO_TEST_CASE(a_training_step_allocates_only_the_first_time) {
  auto trainer = make_trainer<Cpu>(Mlp{}, loss, optim::Adam{}, spec<float, batch, 20>, spec<std::int64_t, batch>);
  Tensor<float, Shape<batch, 20>> x({16, 20});
  Tensor<std::int64_t, Shape<batch>> label(Extents<1>{16});
  trainer.step(x, label);
  const long before = allocations;
  for (int i = 0; i < 5; ++i) trainer.step(x, label);
  // The last, smaller batch of an epoch needs no more memory than a full one.
  trainer.step(TensorView<const float, Shape<batch, 20>>(x.data(), {7, 20}),
               TensorView<const std::int64_t, Shape<batch>>(label.data(), {7}));
  trainer.step(x, label);
  BOOST_TEST(allocations == before);
}

BOOST_AUTO_TEST_CASE(a_program_allocates_only_the_first_time) {
  auto f = [](auto a, auto b) { return std::tuple{matmul(a, b), sum(a * a), exp(b)}; };
  auto program = compile<Cpu>(f, spec<float, 40, 50>, spec<float, 50, 60>);
  const auto a = Tensor<float, Shape<40, 50>>::uniform(1);
  const auto b = Tensor<float, Shape<50, 60>>::uniform(2);
  program(a, b);
  const long before = allocations;
  for (int i = 0; i < 5; ++i) program(a, b);
  BOOST_TEST(allocations == before);
}

BOOST_AUTO_TEST_SUITE_END()
