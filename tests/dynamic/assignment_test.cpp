// SPDX-License-Identifier: BSL-1.0
#include "ctgrad/dynamic/assignment.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdlib>
#include <new>

#include "ctgrad/dynamic/eager.hpp"
#include "ctgrad/program/program.hpp"

namespace {

long allocations = 0;

void* counted(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Not inlined: g++ would compare the allocation function it sees with the one it does not.
[[gnu::noinline]] void* operator new(std::size_t bytes) { return counted(bytes, 16); }
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

using namespace ctgrad;

namespace {

/// Allocations of the third run of a statement.
template <class Statement>
long allocations_of(Statement&& statement) {
  statement();
  statement();
  const long before = allocations;
  statement();
  return allocations - before;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dynamic_assignment)

BOOST_AUTO_TEST_CASE(repeated_statements_allocate_nothing) {
  const auto x = Tensor<float, Shape<40, 30>>::uniform(1, -1, 1);
  const auto w = Tensor<float, Shape<30, 20>>::uniform(2, -1, 1);
  const auto bias = Tensor<float, Shape<20>>::uniform(3, -1, 1);
  Tensor<float, Shape<40, 30>> z;
  Tensor<float, Shape<40, 20>> h;
  Tensor<float, Shape<30, 30>> square_matrix;
  float loss = 0;
  // The counter works.
  BOOST_TEST(allocations_of([&] { Tensor<float, Shape<40, 30>> fresh; }) == 1);
  BOOST_TEST(allocations_of([&] { z = 2 * x + tanh(x); }) == 0);
  BOOST_TEST(allocations_of([&] { z += x; }) == 0);
  BOOST_TEST(allocations_of([&] { z = x; }) == 0);
  BOOST_TEST(allocations_of([&] { h = relu(matmul(x, w) + bias); }) == 0);
  BOOST_TEST(allocations_of([&] { loss = mean(square(x - sum(x, axis<0>, keepdims))); }) == 0);
  BOOST_TEST(allocations_of([&] { square_matrix = transpose(square_matrix) + square_matrix; }) == 0);
  BOOST_TEST(allocations_of([&] { h = softmax(matmul(x, w), axis<1>); }) == 0);
  BOOST_TEST(loss > 0);
}

BOOST_AUTO_TEST_CASE(a_shorter_last_batch_allocates_nothing) {
  const Tensor<float, Shape<batch, 30>> full({64, 30});
  const Tensor<float, Shape<batch, 30>> last({5, 30});
  Tensor<float, Shape<batch, 30>> y({64, 30});
  BOOST_TEST(allocations_of([&] {
               y = full + 1;
               y = last * 2;
             }) == 0);
  BOOST_TEST(y.extent(0) == 5);
}

BOOST_AUTO_TEST_CASE(a_new_tensor_takes_over_the_memory_of_a_result) {
  const auto x = Tensor<float, Shape<40, 30>>::uniform(1, -1, 1);
  BOOST_TEST(allocations_of([&] { const Tensor product = matmul(x, transpose(x)); }) == 1);
  // A result that is also used elsewhere stays whole.
  const auto product = matmul(x, transpose(x));
  const Tensor<float, Shape<40, 40>> copy = product;
  BOOST_TEST(copy(3, 4) == product(3, 4));
  BOOST_TEST(copy.data() != product.data());
}

BOOST_AUTO_TEST_CASE(results_of_programs_are_assigned) {
  auto program = compile<Cpu>([](auto x) { return x * 2; }, spec<float, batch, 2>);
  Tensor<float, Shape<batch, 2>> x({3, 2});
  for (int i = 0; i < 6; ++i) x.data()[i] = static_cast<float>(i);
  x = program(x);
  BOOST_TEST(x(2, 1) == 10);
  Tensor<float, Shape<batch, 2>> y({1, 2});
  y = program(x);
  BOOST_TEST(y.extent(0) == 3);
  BOOST_TEST(y(2, 1) == 20);
  BOOST_TEST(allocations_of([&] { x = program(y); }) == 0);
  // A part of itself.
  y = TensorView<const float, Shape<batch, 2>>(y.data() + 2, {2, 2});
  BOOST_TEST(y.extent(0) == 2);
  BOOST_TEST(y(0, 0) == 8);
  BOOST_TEST(y(1, 1) == 20);
  y = TensorView<const float, Shape<batch, 2>>(nullptr, {0, 2});
  BOOST_TEST(y.size() == 0);
  Tensor<double, Shape<3>> z;
  Tensor<double, Shape<3>> numbers{1, 2, 3};
  z = TensorView<double, Shape<3>>(numbers.data());
  BOOST_TEST(z(2) == 3);
  z = {4, 5, 6};
  BOOST_TEST(z(0) == 4);
  Tensor<float, Shape<1>> one;
  one = {0};
  BOOST_TEST(one(0) == 0);
  // A view whose lengths are not those of its type.
  BOOST_CHECK_THROW((z = TensorView<const double, Shape<3>>(numbers.data(), {5})), Error);
  BOOST_TEST(z(2) == 6);
}

BOOST_AUTO_TEST_CASE(operations_in_place) {
  auto x = Tensor<float, Shape<2, 3>>::arange();
  const Tensor<float, Shape<3>> row{1, 2, 4};
  x += row;
  x *= 2;
  x -= row + 1;
  x /= row;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      BOOST_TEST(x(i, j) == ((static_cast<float>(3 * i + j) + row(j)) * 2 - row(j) - 1) / row(j));
  TensorView<float, Shape<3>> second(x.data() + 3);
  second += 1;
  second *= second;
  second = second + row;
  second.assign(row * 3);
  for (int j = 0; j < 3; ++j) BOOST_TEST(x(1, j) == row(j) * 3);
}

BOOST_AUTO_TEST_CASE(functions_run_eagerly_and_compiled_with_the_same_numbers) {
  auto scalar = [](auto x, auto w) { return sum(square(tanh(matmul(x, w)))); };
  auto layers = [](auto x, auto w) {
    auto h = relu(matmul(x, w) + sum(w, axis<0>));
    return std::pair{softmax(h, axis<1>), mean(h * x, axis<0>)};
  };
  const auto x = Tensor<float, Shape<6, 8>>::uniform(1, -1, 1);
  const auto w = Tensor<float, Shape<8, 8>>::uniform(2, -1, 1);
  auto compiled_scalar = compile<Cpu>(scalar, spec<float, 6, 8>, spec<float, 8, 8>);
  const float direct = scalar(x, w);
  BOOST_TEST(direct == compiled_scalar(x, w).item(), boost::test_tools::tolerance(1e-6F));
  BOOST_TEST(evaluate(scalar, x, w).item() == direct);

  auto compiled_layers = compile<Cpu>(layers, spec<float, 6, 8>, spec<float, 8, 8>);
  const auto [p, m] = evaluate(layers, x, w);
  const auto [compiled_p, compiled_m] = compiled_layers(x, w);
  for (int i = 0; i < 48; ++i) BOOST_TEST(p.data()[i] == compiled_p.data()[i], boost::test_tools::tolerance(1e-6F));
  for (int i = 0; i < 8; ++i) BOOST_TEST(std::abs(m(i) - compiled_m(i)) < 1e-6F);
}

BOOST_AUTO_TEST_CASE(a_function_may_return_its_argument_or_a_number) {
  const Tensor<float, Shape<3>> x{1, 2, 3};
  const Tensor same = evaluate([](auto v) { return v; }, x);
  BOOST_TEST(same(2) == 3);
  BOOST_TEST(evaluate([](auto v) { return static_cast<int>(v.size()); }, x) == 3);
}

BOOST_AUTO_TEST_SUITE_END()
