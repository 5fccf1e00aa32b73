// SPDX-License-Identifier: BSL-1.0
#include "ctgrad/dynamic/views.hpp"

#include <boost/test/unit_test.hpp>

#include "ctgrad/dynamic/eager.hpp"

using namespace ctgrad;

BOOST_AUTO_TEST_SUITE(dynamic_views)

BOOST_AUTO_TEST_CASE(views_show_the_elements_of_the_tensor_itself) {
  auto x = Tensor<float, Shape<3, 4>>::arange();
  const auto flat = reshape(x, shape<2, 6>);
  const auto turned = transpose(x);
  const auto part = slice<1, 1, 4, 2>(x);
  const auto wide = broadcast_to(x, shape<2, 3, 4>);
  BOOST_TEST(flat.data() == x.data());
  BOOST_TEST(turned.data() == x.data());
  BOOST_TEST(part.data() == x.data() + 1);
  x(1, 3) = 100;
  BOOST_TEST(flat(1, 1) == 100);
  BOOST_TEST(turned(3, 1) == 100);
  BOOST_TEST(part(1, 1) == 100);
  BOOST_TEST(wide(1, 1, 3) == 100);
  static_assert(std::is_same_v<decltype(part)::shape_type, Shape<3, 2>>);
}

BOOST_AUTO_TEST_CASE(views_of_views) {
  const auto x = Tensor<float, Shape<2, 3, 4>>::arange();
  const auto y = slice<1, 1, 2>(transpose(slice<2, 0, 4, 2>(x)));
  static_assert(std::is_same_v<decltype(y)::shape_type, Shape<2, 1, 3>>);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j) BOOST_TEST(y(i, 0, j) == x(i, j, 2));
  const Tensor<float, Shape<2, 1, 3>> twice = y + y;
  BOOST_TEST(twice(1, 0, 2) == 2 * x(1, 2, 2));
}

BOOST_AUTO_TEST_CASE(a_reshape_of_a_transpose_copies) {
  const auto x = Tensor<float, Shape<3, 4>>::arange();
  const Tensor<float, Shape<12>> line = reshape(transpose(x), shape<-1>);
  for (int i = 0; i < 12; ++i) BOOST_TEST(line(i) == x(i % 3, i / 3));
  // The transpose of a column is a row: nothing to copy.
  const auto column = Tensor<float, Shape<5, 1>>::arange();
  static_assert(decltype(transpose(column))::is_row_major);
  BOOST_TEST(reshape(transpose(column), shape<5>).data() == column.data());
}

BOOST_AUTO_TEST_CASE(views_of_expressions_are_computed_first_and_keep_their_elements) {
  const auto x = Tensor<float, Shape<30, 40>>::arange();
  const auto turned = transpose(x + 1);
  const Tensor<float, Shape<40, 30>> y = turned * 2;
  BOOST_TEST(y(7, 3) == 2 * (x(3, 7) + 1));
  const auto sums = reshape(sum(x, axis<1>), shape<5, 6>);
  BOOST_TEST((slice<0, 2, 4>(sums)(1, 4) == sum(x, axis<1>)(22)));
}

BOOST_AUTO_TEST_CASE(views_of_named_lengths) {
  Tensor<float, Shape<batch, 2, 3>> x({4, 2, 3});
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i);
  const auto rows = reshape(x, shape<batch, 6>);
  BOOST_TEST(rows(3, 5) == 23);
  const auto line = flatten(x);
  BOOST_TEST(line.extent(0) == 24);
  BOOST_TEST(line(23) == 23);
  const Tensor<float, Shape<3, 2, batch>> turned = permute(x, axis<2, 1, 0>) + 1;
  BOOST_TEST(turned.extent(2) == 4);
  BOOST_TEST(turned(2, 1, 3) == 24);
  const auto back = reshape(line * 2, shape<batch, 2, 3>);
  BOOST_TEST(back(1, 1, 1) == 20);
  const auto last = slice<1, 1, 2>(permute(x, axis<2, 1, 0>));
  BOOST_TEST(last(2, 0, 3) == 23);
  const Tensor<float, Shape<6>> row;
  BOOST_CHECK_THROW(broadcast_to(row, shape<batch, 6>), Error);
}

BOOST_AUTO_TEST_SUITE_END()
