// SPDX-License-Identifier: BSL-1.0
/// \file
/// Which products may be one call with the loop after them.
#include "ctgrad/passes/product_epilogue.hpp"

#include <boost/test/unit_test.hpp>
#include <ctgrad/ctgrad.hpp>

BOOST_AUTO_TEST_SUITE(product_epilogue)

using namespace ctgrad;

namespace {

/// The epilogues of a schedule's products, as digits: 0 none, 1 bias, 2 relu, 3 both.
template <class Stages>
constexpr int digits_of() {
  constexpr ScheduleView schedule = Stages::view();
  constexpr const auto& epilogues = product_epilogues<Stages>;
  int digits = 0;
  for (int i = 0; i < schedule.step_count; ++i)
    if (schedule.steps[i].kind == StepKind::matmul) digits = 10 * digits + static_cast<int>(epilogues.of[i].epilogue);
  return digits;
}
template <class F, class... Specs>
constexpr int epilogues_of(const F&, Specs...) {
  return digits_of<Pipeline<FunctionSource<F, Specs...>>>();
}

constexpr auto x = spec<float, batch, 20>;
constexpr auto w = spec<float, 20, 30>;
constexpr auto bias = spec<float, 30>;

struct Mlp {
  nn::Linear<32> first;
  nn::Linear<16> second;
  nn::Linear<10> third;
  constexpr auto operator()(const auto& v) const { return third(relu(second(relu(first(v))))); }
};
struct Loss {
  constexpr auto operator()(const auto& model, auto v, auto y) const { return cross_entropy(model(v), y); }
};
struct Logits {
  constexpr auto operator()(const auto& model, auto v) const { return model(v); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_bias_and_relu_are_found) {
  static_assert(epilogues_of([](auto a, auto b, auto c) { return matmul(a, b) + c; }, x, w, bias) == 1);
  static_assert(epilogues_of([](auto a, auto b, auto c) { return c + matmul(a, b); }, x, w, bias) == 1);
  static_assert(epilogues_of([](auto a, auto b) { return relu(matmul(a, b)); }, x, w) == 2);
  static_assert(epilogues_of([](auto a, auto b, auto c) { return relu(matmul(a, b) + c); }, x, w, bias) == 3);
  static_assert(epilogues_of([](auto a, auto b, auto c) { return relu(c + matmul(b, a)); }, spec<float, 20, 5>,
                             spec<float, 7, 20>, spec<float, 1, 5>) == 3);
  // The transpose of a product is another product.
  static_assert(epilogues_of([](auto a, auto b, auto c) { return relu(transpose(matmul(a, b)) + c); },
                             spec<float, 8, 20>, spec<float, 20, 30>, spec<float, 8>) == 3);
}

BOOST_AUTO_TEST_CASE(the_other_types_are_found_too) {
  static_assert(epilogues_of([](auto a, auto b, auto c) { return relu(matmul(a, b) + c); }, spec<bfloat16, 8, 20>,
                             spec<bfloat16, 20, 30>, spec<bfloat16, 30>) == 3);
  static_assert(epilogues_of([](auto a, auto b, auto c) { return matmul(a, b) + c; }, spec<double, 8, 20>,
                             spec<double, 20, 30>, spec<double, 30>) == 1);
  // A sum of 16-bit numbers and floats is no epilogue: the library adds what has the product's type.
  static_assert(epilogues_of([](auto a, auto b, auto c) { return cast<float>(matmul(a, b)) + c; },
                             spec<bfloat16, 8, 20>, spec<bfloat16, 20, 30>, spec<float, 30>) == 0);
}

BOOST_AUTO_TEST_CASE(batches_are_found) {
  static_assert(epilogues_of([](auto a, auto b, auto c) { return relu(matmul(a, b) + c); }, spec<float, batch, 7, 20>,
                             w, bias) == 3);
}

BOOST_AUTO_TEST_CASE(what_is_not_a_row_is_no_bias) {
  // A number, a column, a matrix.
  static_assert(epilogues_of([](auto a, auto b) { return matmul(a, b) + 1; }, x, w) == 0);
  static_assert(epilogues_of([](auto a, auto b, auto c) { return matmul(a, b) + c; }, spec<float, 8, 20>, w,
                             spec<float, 8, 1>) == 0);
  static_assert(epilogues_of([](auto a, auto b, auto c) { return matmul(a, b) + c; }, spec<float, 8, 20>, w,
                             spec<float, 8, 30>) == 0);
  static_assert(epilogues_of([](auto a, auto b, auto c) { return matmul(a, b) + slice<0, 0, 60, 2>(c); }, x, w,
                             spec<float, 60>) == 0);
  // Every other batch has a row of its own.
  static_assert(epilogues_of([](auto a, auto b, auto c) { return matmul(a, b) + c; }, spec<float, 2, 7, 20>, w,
                             spec<float, 2, 1, 30>) == 0);
}

BOOST_AUTO_TEST_CASE(other_work_is_left_to_loops) {
  static_assert(epilogues_of([](auto a, auto b, auto c) { return tanh(matmul(a, b) + c); }, x, w, bias) == 0);
  static_assert(epilogues_of([](auto a, auto b, auto c) { return relu(matmul(a, b) * c); }, x, w, bias) == 0);
  static_assert(epilogues_of([](auto a, auto b, auto c) { return relu(matmul(a, b)) + c; }, x, w, bias) == 0);
  static_assert(epilogues_of([](auto a, auto b, auto c) { return sum(relu(matmul(a, b) + c)); }, x, w, bias) == 0);
  static_assert(epilogues_of([](auto a, auto b, auto c) { return slice<0, 0, 4>(matmul(a, b)) + c; },
                             spec<float, 8, 20>, w, bias) == 0);
}

BOOST_AUTO_TEST_CASE(a_product_that_is_needed_itself_is_kept) {
  static_assert(epilogues_of(
                    [](auto a, auto b, auto c) {
                      const auto p = matmul(a, b);
                      return std::pair{relu(p + c), p};
                    },
                    x, w, bias) == 0);
  static_assert(epilogues_of(
                    [](auto a, auto b, auto c) {
                      const auto p = matmul(a, b);
                      return std::pair{relu(p + c), sum(exp(p), axis<0>)};
                    },
                    x, w, bias) == 0);
  // The first product is read by the second's loop.
  static_assert(epilogues_of(
                    [](auto a, auto b, auto c) {
                      const auto p = relu(matmul(a, b));
                      return matmul(p, transpose(b)) + matmul(a, matmul(b, transpose(b))) + sum(c);
                    },
                    x, w, bias) %
                    10 ==
                0);
}

BOOST_AUTO_TEST_CASE(a_training_step_and_its_inference) {
  const Loss loss{};
  using Trainer =
      decltype(make_trainer<Cpu>(Mlp{}, loss, optim::Sgd{}, spec<float, batch, 784>, spec<std::int64_t, batch>));
  using Inference = decltype(std::declval<Trainer&>().inference(Logits{}, spec<float, batch, 784>));
  // Two hidden layers; the third's bias is added where the cross entropy reads it, and the mask of relu is taken from
  // its result, so that nothing else of the forward pass is kept. The products of the reverse pass have no epilogue.
  constexpr int step = digits_of<typename Trainer::Stages>();
  BOOST_TEST(step == 330 * 100000);
  BOOST_TEST(digits_of<typename Inference::Stages>() == 331);
}

BOOST_AUTO_TEST_SUITE_END()
