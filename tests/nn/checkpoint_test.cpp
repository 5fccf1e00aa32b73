// SPDX-License-Identifier: BSL-1.0
/// \file
/// Parameters from files of 16-bit arrays.
#include "ctgrad/nn/checkpoint.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "../io/temporary_directory.hpp"
#include "ctgrad/ctgrad.hpp"

using namespace ctgrad;
using ctgrad_test::TemporaryDirectory;

namespace {

struct Layer {
  nn::Linear<2> linear;
  constexpr auto operator()(const auto& x) const { return linear(x); }
};

auto make_layer() {
  return make_trainer<Cpu>(
      Layer{}, [](const auto& model, auto x) { return sum(model(x)); }, optim::Sgd{}, spec<float, 4, 3>);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint)

BOOST_AUTO_TEST_CASE(arrays_of_16_bits_become_float_parameters) {
  const TemporaryDirectory folder;
  const std::vector<bfloat16> weight{1, -2.5, 0.1, 3e38, 0, -0.0};
  const std::vector<float16> bias{0.1, 65504};
  save_safetensors(folder / "half", std::vector<NamedArray>{named_array<bfloat16>("linear.weight", {2, 3}, weight),
                                                            named_array<float16>("linear.bias", {2}, bias)});
  auto trainer = make_layer();
  nn::load(folder / "half", trainer.parameters());
  for (std::size_t i = 0; i < 6; ++i)
    BOOST_TEST(trainer.parameters()["linear.weight"].elements[i] == static_cast<float>(weight[i]));
  for (std::size_t i = 0; i < 2; ++i)
    BOOST_TEST(trainer.parameters()["linear.bias"].elements[i] == static_cast<float>(bias[i]));
}

BOOST_AUTO_TEST_CASE(other_types_are_refused) {
  const TemporaryDirectory folder;
  const std::vector<std::int32_t> weight{1, 2, 3, 4, 5, 6};
  const std::vector<float> bias{1, 2};
  save_safetensors(folder / "wrong", std::vector<NamedArray>{named_array<std::int32_t>("linear.weight", {2, 3}, weight),
                                                             named_array<float>("linear.bias", {2}, bias)});
  auto trainer = make_layer();
  BOOST_CHECK_THROW(nn::load(folder / "wrong", trainer.parameters()), Error);
}

BOOST_AUTO_TEST_SUITE_END()
