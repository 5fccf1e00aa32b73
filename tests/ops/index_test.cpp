// SPDX-License-Identifier: BSL-1.0
/// \file
/// Values of the choice of elements and rows by an index, and its errors.
#include "check_values.hpp"

BOOST_AUTO_TEST_SUITE(index_operations)

using namespace ctgrad;
using namespace ctgrad_test;

constexpr auto chosen = [](auto x, auto i) {
  const auto row = reshape(slice<0, 0, 1>(transpose(i)), shape<-1>);
  return std::tuple{
      take(x, i),    take(x, row),           gather(x, axis<1>, i),         gather(transpose(x), axis<0>, transpose(i)),
      one_hot<4>(i), one_hot<2, float>(row), take(slice<0, 0, 1>(x), i * 0)};
};

BOOST_AUTO_TEST_CASE(floats_by_int64) {
  check_values<Spec<float, Shape<3, 4>>, Spec<std::int64_t, Shape<3, 2>>>(chosen, Fill::index);
}
BOOST_AUTO_TEST_CASE(int32_by_int32) {
  check_values<Spec<std::int32_t, Shape<17, 4>>, Spec<std::int32_t, Shape<17, 33>>>(chosen, Fill::index);
}
BOOST_AUTO_TEST_CASE(booleans_by_int64) {
  check_values<Spec<bool, Shape<17, 4>>, Spec<std::int64_t, Shape<17, 1>>>(chosen, Fill::index);
}
constexpr auto rows = [](auto x, auto i) { return take(x, i); };
BOOST_AUTO_TEST_CASE(any_number_of_rows) {
  check_values<Spec<double, Shape<5, 3>>, Spec<std::int32_t, Shape<batch, 2>>>(rows, Fill::index);
}

constexpr auto along_columns = [](auto x, auto i) { return gather(x, axis<1>, i) * 1; };

BOOST_AUTO_TEST_CASE(an_index_outside_is_an_error) {
  auto takes = compile<Cpu>(rows, spec<float, 5, 2>, spec<std::int64_t, 3>);
  auto gathers = compile<Cpu>(along_columns, spec<float, 3, 2>, spec<std::int64_t, 3, 1>);
  const Tensor<float, Shape<5, 2>> x;
  const Tensor<float, Shape<3, 2>> y;
  auto says = [](std::string text) {
    return [text](const Error& error) { return std::string(error.what()).find(text) != std::string::npos; };
  };
  BOOST_CHECK_EXCEPTION(takes(x, Tensor<std::int64_t, Shape<3>>({0, 5, 1})), Error,
                        says("take was given the index 5, but the axis has the length 5"));
  BOOST_CHECK_EXCEPTION(takes(x, Tensor<std::int64_t, Shape<3>>({0, -1, 1})), Error, says("the index -1"));
  BOOST_CHECK_EXCEPTION(gathers(y, Tensor<std::int64_t, Shape<3, 1>>({0, 1, 2})), Error,
                        says("gather was given the index 2, but the axis has the length 2"));
}

BOOST_AUTO_TEST_SUITE_END()
