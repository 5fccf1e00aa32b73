// SPDX-License-Identifier: BSL-1.0
/// \file
/// After the first step nothing is allocated, and what is held is what was planned: every operator new of this
/// executable is counted, with its bytes.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include <ctgrad/ctgrad.hpp>

#if defined(__GNUC__) && !defined(__clang__)
// g++ does not see that the operators below belong together.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace {

std::atomic<long> allocations{0};
std::atomic<std::int64_t> live_bytes{0};  // as asked for, without what is added here or below

/// Puts the number of bytes before the block, one alignment ahead.
void* allocate(std::size_t bytes, std::size_t alignment) {
  void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment + alignment);
  if (memory == nullptr) throw std::bad_alloc();
  ++allocations;
  live_bytes += static_cast<std::int64_t>(bytes);
  std::memcpy(memory, &bytes, sizeof(bytes));
  return static_cast<std::byte*>(memory) + alignment;
}

void release(void* block, std::size_t alignment) {
  if (block == nullptr) return;
  void* memory = static_cast<std::byte*>(block) - alignment;
  std::size_t bytes = 0;
  std::memcpy(&bytes, memory, sizeof(bytes));
  live_bytes -= static_cast<std::int64_t>(bytes);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes == 0 ? 1 : bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes == 0 ? 1 : bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { release(memory, alignof(std::max_align_t)); }
void operator delete(void* memory, std::size_t) noexcept { release(memory, alignof(std::max_align_t)); }
void operator delete(void* memory, std::align_val_t alignment) noexcept {
  release(memory, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept {
  release(memory, static_cast<std::size_t>(alignment));
}

using namespace ctgrad;

namespace {

struct Mlp {
  nn::Linear<32> hidden;
  nn::Dropout dropout{0.5};
  nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const { return output(dropout(tanh(hidden(x)))); }
};

/// Its names are too long to lie inside a std::string.
struct LongNames {
  nn::Linear<32> a_layer_with_a_long_name;
  nn::Linear<10> another_layer_with_a_long_name;
  constexpr auto operator()(const auto& x) const {
    return another_layer_with_a_long_name(tanh(a_layer_with_a_long_name(x)));
  }
};

/// Convolutions pack their operands by shape and number of threads; batch norm has buffers.
struct Images {
  nn::Conv2d<8, KernelSize<3>> conv;
  nn::BatchNorm2d norm;
  nn::Linear<10> output;
  constexpr auto operator()(const auto& x) const { return output(flatten<1>(relu(norm(conv(x))))); }
};

constexpr auto loss = [](const auto& model, auto x, auto label) { return cross_entropy(model(x), label); };

Dimensions of_batch(std::int64_t length) {
  Dimensions dimensions;
  dimensions[batch] = length;
  return dimensions;
}

/// The bytes held now beyond those held when it was made.
class HeldSince {
public:
  std::int64_t bytes() const { return live_bytes - before_; }

private:
  std::int64_t before_ = live_bytes;
};

void check_equal(const MemoryUse& a, const MemoryUse& b) {
  BOOST_TEST(a.parameters == b.parameters);
  BOOST_TEST(a.optimizer_state == b.optimizer_state);
  BOOST_TEST(a.arenas == b.arenas);
  BOOST_TEST(a.constants == b.constants);
  BOOST_TEST(a.workspace == b.workspace);
  BOOST_TEST(a.bookkeeping == b.bookkeeping);
}

/// Steps of two batch sizes: what the heap holds is the trainer's plan for the larger one so far, and the names and
/// shapes of the parameters, of `name_bytes` on the heap.
template <class Model, class Optimizer>
void check_trainer(std::int64_t state_count, std::int64_t name_bytes) {
  Tensor<float, Shape<batch, 20>> x({64, 20});
  Tensor<std::int64_t, Shape<batch>> label(Extents<1>{64});
  auto step = [&](auto& trainer, std::int64_t length) {
    trainer.step(TensorView<const float, Shape<batch, 20>>(x.data(), {length, 20}),
                 TensorView<const std::int64_t, Shape<batch>>(label.data(), {length}));
  };
  const HeldSince held;
  std::int64_t after = 0;
  {
    auto trainer = make_trainer<Cpu>(Model{}, loss, Optimizer{}, spec<float, batch, 20>, spec<std::int64_t, batch>);
    using Trainer = decltype(trainer);

    // Two weights and two biases; a rank has eight bytes.
    constexpr std::int64_t parameter_bytes = (32 * 20 + 32 + 10 * 32 + 10) * 4;
    const std::int64_t bookkeeping =
        4 * static_cast<std::int64_t>(sizeof(nn::NamedParameter<float>)) + (2 + 1 + 2 + 1) * 8 + name_bytes;
    auto expected = [&](std::int64_t length) {
      MemoryUse use = Trainer::memory_plan(of_batch(length));
      use.bookkeeping = bookkeeping;
      return use;
    };
    MemoryUse at_first = expected(0);
    at_first.arenas = at_first.workspace = 0;
    const std::int64_t at_start = held.bytes();
    check_equal(trainer.memory(), at_first);
    BOOST_TEST(at_start == at_first.total());
    BOOST_TEST(at_first.parameters == parameter_bytes);
    BOOST_TEST(at_first.optimizer_state == state_count * parameter_bytes);

    std::int64_t largest = 0;
    for (const std::int64_t length : {16, 7, 64, 16}) {
      step(trainer, length);
      const std::int64_t bytes = held.bytes();
      largest = std::max(largest, length);
      check_equal(trainer.memory(), expected(largest));
      BOOST_TEST(bytes == expected(largest).total());
    }

    // The arenas are those of the schedule, and no other memory depends on the batch.
    const ScheduleView schedule = Trainer::Stages::view();
    std::int64_t fixed = 0;
    std::int64_t per_sample = 0;
    for (int i = 0; i < schedule.arena_count; ++i)
      (schedule.arenas[i].factor == Extent{1} ? fixed : per_sample) += schedule.arenas[i].bytes;
    BOOST_TEST(per_sample > 0);
    BOOST_TEST(Trainer::memory_plan(of_batch(64)).arenas == fixed + 64 * per_sample);
    BOOST_TEST(Trainer::memory_plan(of_batch(64)).total() - Trainer::memory_plan(of_batch(16)).total() ==
               48 * per_sample);
    BOOST_TEST(Trainer::memory_plan().workspace == static_cast<std::int64_t>(cpu::matmul_workspace_bytes<float>()));

    auto logits = trainer.inference([](const auto& model, auto v) { return model(v); }, spec<float, batch, 20>);
    logits(x);
    const std::int64_t with_inference = held.bytes();
    check_equal(logits.memory(), decltype(logits)::memory_plan(of_batch(64)));
    BOOST_TEST(with_inference == trainer.memory().total() + logits.memory().total());
    BOOST_TEST(logits.memory().parameters == 0);
  }
  after = held.bytes();
  BOOST_TEST(after == 0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(allocation)

BOOST_AUTO_TEST_CASE(the_counter_counts) {
  const long before = allocations;
  const HeldSince held;
  std::int64_t bytes[2] = {};
  {
    const Memory memory(100);
    const std::vector<std::int64_t> numbers(7);
    bytes[0] = held.bytes();
  }
  bytes[1] = held.bytes();
  BOOST_TEST(allocations > before);
  BOOST_TEST(bytes[0] == 100 + 7 * 8);
  BOOST_TEST(bytes[1] == 0);
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

BOOST_AUTO_TEST_CASE(clipping_gradients_allocates_nothing) {
  auto trainer = make_trainer<Cpu>(Mlp{}, loss, optim::Adam{}, ClipGradValue{.clip_value = 1},
                                   ClipGradNorm{.max_norm = 1}, spec<float, batch, 20>, spec<std::int64_t, batch>);
  Tensor<float, Shape<batch, 20>> x({16, 20});
  Tensor<std::int64_t, Shape<batch>> label(Extents<1>{16});
  trainer.step(x, label);
  const long before = allocations;
  for (int i = 0; i < 5; ++i) {
    trainer.optimizer.max_norm = 0.1 * i;
    trainer.step(x, label);
  }
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

BOOST_AUTO_TEST_CASE(a_trainer_holds_what_was_planned) {
  check_trainer<Mlp, optim::Sgd>(0, 0);
  check_trainer<Mlp, optim::Momentum>(1, 0);
  check_trainer<Mlp, optim::Adam>(2, 0);
}

BOOST_AUTO_TEST_CASE(long_names_of_parameters_are_counted) {
  // A string holds its text and a zero in memory that may be larger than it needs.
  std::int64_t name_bytes = 0;
  for (const std::string& name : nn::parameter_names<LongNames>()) {
    const HeldSince held;
    std::string copy;
    copy = name;
    name_bytes += held.bytes();
  }
  BOOST_TEST(name_bytes > 4 * 24);
  check_trainer<LongNames, optim::Sgd>(0, name_bytes);
}

BOOST_AUTO_TEST_CASE(convolutions_hold_their_plan_and_scratch_memory) {
  Tensor<float, Shape<batch, 3, 20, 20>> x({16, 3, 20, 20});
  RandomStream(1).fill_normal(x.span());
  Tensor<std::int64_t, Shape<batch>> label(Extents<1>{16});
  const HeldSince held;
  auto trainer =
      make_trainer<Cpu>(Images{}, loss, optim::Adam{}, spec<float, batch, 3, 20, 20>, spec<std::int64_t, batch>);
  std::int64_t largest = 0;
  for (const std::int64_t length : {4, 16, 1}) {
    auto step = [&] {
      trainer.step(TensorView<const float, Shape<batch, 3, 20, 20>>(x.data(), {length, 3, 20, 20}),
                   TensorView<const std::int64_t, Shape<batch>>(label.data(), {length}));
    };
    step();
    const std::int64_t bytes = held.bytes();
    const long before = allocations;
    step();
    const long after = allocations;
    BOOST_TEST(after == before);

    const MemoryUse use = trainer.memory();
    BOOST_TEST(bytes == use.total());
    largest = std::max(largest, length);
    MemoryUse plan = decltype(trainer)::memory_plan(of_batch(largest));
    BOOST_TEST(plan.workspace == static_cast<std::int64_t>(cpu::matmul_workspace_bytes<float>()));
    BOOST_TEST(use.workspace > plan.workspace);
    plan.workspace = use.workspace;
    plan.bookkeeping = use.bookkeeping;
    check_equal(use, plan);
    BOOST_TEST(use.parameters == (8 * 3 * 9 + 8 + 2 * 8 + 2 * 8 + 10 * 8 * 18 * 18 + 10) * 4);
    BOOST_TEST(use.optimizer_state == 2 * (use.parameters - 2 * 8 * 4));
  }
}

BOOST_AUTO_TEST_CASE(mixed_precision_holds_its_plan_and_float_copies) {
  Tensor<float, Shape<batch, 20>> x({64, 20});
  Tensor<std::int64_t, Shape<batch>> label(Extents<1>{64});
  const HeldSince held;
  auto trainer = make_trainer<Cpu>(Mlp{}, loss, optim::Adam{}, autocast<float16>, GradScaler{}, spec<float, batch, 20>,
                                   spec<std::int64_t, batch>);
  for (const std::int64_t length : {16, 64, 7}) {
    auto step = [&] {
      trainer.step(TensorView<const float, Shape<batch, 20>>(x.data(), {length, 20}),
                   TensorView<const std::int64_t, Shape<batch>>(label.data(), {length}));
    };
    step();
    const std::int64_t bytes = held.bytes();
    const long before = allocations;
    step();
    const long after = allocations;
    BOOST_TEST(after == before);
    BOOST_TEST(bytes == trainer.memory().total());
    const MemoryUse plan = decltype(trainer)::memory_plan(of_batch(std::max<std::int64_t>(length, 16)));
    BOOST_TEST(plan.workspace == static_cast<std::int64_t>(cpu::matmul_workspace_bytes<float>()));
    BOOST_TEST(trainer.memory().workspace > plan.workspace);
    BOOST_TEST(trainer.memory().optimizer_state == plan.optimizer_state);
  }
}

BOOST_AUTO_TEST_CASE(a_program_holds_what_was_planned) {
  auto f = [](auto a, auto b) { return std::tuple{matmul(a, b), sum(a * a), exp(b)}; };
  const auto a = Tensor<float, Shape<40, 50>>::uniform(1);
  const auto b = Tensor<float, Shape<50, 60>>::uniform(2);
  const HeldSince held;
  auto program = compile<Cpu>(f, spec<float, 40, 50>, spec<float, 50, 60>);
  using Program = decltype(program);
  const std::int64_t before = held.bytes();
  program(a, b);
  const std::int64_t after = held.bytes();
  static_assert(Program::memory_plan().arenas == Program::bytes());
  // Two arrays of results and a sum, each rounded to a cache line.
  static_assert(Program::bytes() == 40 * 60 * 4 + 64 + (50 * 60 * 4 + 63) / 64 * 64);
  static_assert(Program::memory_plan().workspace == cpu::matmul_workspace_bytes<float>());
  BOOST_TEST(before == Program::memory_plan().constants);
  BOOST_TEST(after == Program::memory_plan().total());
  check_equal(program.memory(), Program::memory_plan());
}

BOOST_AUTO_TEST_CASE(a_program_of_a_named_length_holds_what_its_longest_call_needed) {
  auto f = [](auto x, auto y) {
    return std::pair{sum(exp(x) * x, axis<1>), tanh(matmul(transpose(x), x)) + matmul(y, y) / 3};
  };
  Tensor<float, Shape<batch, 50>> a({200, 50});
  const auto b = Tensor<float, Shape<50, 50>>::uniform(2);
  const HeldSince held;
  auto program = compile<Cpu>(f, spec<float, batch, 50>, spec<float, 50, 50>);
  using Program = decltype(program);
  std::int64_t longest = 0;
  for (const std::int64_t length : {10, 200, 1, 199}) {
    program(TensorView<const float, Shape<batch, 50>>(a.data(), {length, 50}), b);
    const std::int64_t bytes = held.bytes();
    longest = std::max(longest, length);
    BOOST_TEST(bytes == Program::memory_plan(of_batch(longest)).total());
    check_equal(program.memory(), Program::memory_plan(of_batch(longest)));
  }
  BOOST_TEST(Program::bytes(of_batch(200)) > Program::bytes(of_batch(10)));
}

BOOST_AUTO_TEST_CASE(products_of_two_element_types_hold_two_workspaces) {
  auto f = [](auto a, auto b, auto c) {
    return std::tuple{matmul(a, a), matmul(b, b), matmul(c, c), matmul(a, a + 1)};
  };
  const auto a = Tensor<float, Shape<50, 50>>::uniform(1);
  const auto b = Tensor<double, Shape<50, 50>>::uniform(2);
  const Tensor<std::int32_t, Shape<50, 50>> c;
  const HeldSince held;
  auto program = compile<Cpu>(f, spec<float, 50, 50>, spec<double, 50, 50>, spec<std::int32_t, 50, 50>);
  program(a, b, c);
  const std::int64_t bytes = held.bytes();
  const auto plan = decltype(program)::memory_plan();
  BOOST_TEST(plan.workspace ==
             static_cast<std::int64_t>(cpu::matmul_workspace_bytes<float>() + cpu::matmul_workspace_bytes<double>() +
                                       cpu::matmul_workspace_bytes<std::int32_t>()));
  BOOST_TEST(bytes == plan.total());
  check_equal(program.memory(), plan);
}

BOOST_AUTO_TEST_CASE(straight_line_code_has_no_workspace_but_for_batched_products) {
  auto run = [](auto f, auto argument) {
    using X = decltype(argument);
    const X x;
    const HeldSince held;
    auto program = compile<Cpu>(f, Spec<typename X::element_type, typename X::shape_type>{});
    static_assert(cpu::runs_inline<typename decltype(program)::Stages>);
    program(x);
    const std::int64_t bytes = held.bytes();
    BOOST_TEST(bytes == decltype(program)::memory_plan().total());
    check_equal(program.memory(), decltype(program)::memory_plan());
    return program.memory();
  };
  const MemoryUse one = run([](auto x) { return matmul(x, tanh(x)); }, Tensor<float, Shape<4, 4>>{});
  BOOST_TEST(one.workspace == 0);
  BOOST_TEST(one.total() < 1024);
  const MemoryUse many = run([](auto x) { return matmul(x, tanh(x)); }, Tensor<double, Shape<3, 4, 4>>{});
  BOOST_TEST(many.workspace == static_cast<std::int64_t>(cpu::matmul_workspace_bytes<double>()));
}

BOOST_AUTO_TEST_SUITE_END()
