// SPDX-License-Identifier: BSL-1.0
#include "ctgrad/tensor/print.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <limits>
#include <sstream>

#include "ctgrad/dynamic/eager.hpp"

using namespace ctgrad;

BOOST_AUTO_TEST_SUITE(tensor_print)

BOOST_AUTO_TEST_CASE(numbers_stand_in_columns_as_numpy_prints_them) {
  BOOST_TEST(text_of(Tensor<float, Shape<2, 2>>{1, 2.5F, 3, 4}) == "[[1.  2.5]\n [3.  4. ]]");
  BOOST_TEST(text_of(Tensor<float, Shape<3>>{-1, 10, 0.125F}) == "[-1.    10.     0.125]");
  BOOST_TEST(text_of(Tensor<std::int32_t, Shape<3>>{-1, 10, 5}) == "[-1 10  5]");
  BOOST_TEST(text_of(Tensor<bool, Shape<2>>{true, false}) == "[ True False]");
  BOOST_TEST(text_of(Tensor<float, Shape<>>{0.1F}) == "0.1");
  BOOST_TEST(text_of(Tensor<double, Shape<2>>{1.0 / 3, 2.0 / 3}) == "[0.33333333 0.66666667]");
  BOOST_TEST(text_of(Tensor<float, Shape<2, 1, 2>>{1, 2, 3, 4}) == "[[[1. 2.]]\n\n [[3. 4.]]]");
}

BOOST_AUTO_TEST_CASE(wide_ranges_are_written_with_exponents) {
  BOOST_TEST(text_of(Tensor<double, Shape<2>>{1, 1e9}) == "[1.e+00 1.e+09]");
  BOOST_TEST(text_of(Tensor<double, Shape<2>>{1.5, 1e-5}) == "[1.5e+00 1.0e-05]");
}

BOOST_AUTO_TEST_CASE(numbers_of_16_bits_have_as_many_digits_as_tell_them_apart) {
  BOOST_TEST(text_of(Tensor<float16, Shape<3>>{0.1, 1.0 / 3, -1.0 / 7}) == "[ 0.1     0.3333 -0.1428]");
  BOOST_TEST(text_of(Tensor<bfloat16, Shape<3>>{0.1, 1.0 / 3, -100}) == "[   0.1      0.334 -100.   ]");
  BOOST_TEST(text_of(Tensor<float16, Shape<2>>{65504, 1}) == "[6.55e+04 1.00e+00]");
  BOOST_TEST(text_of(Tensor<float16, Shape<2>>{1e6, 1}) == "[inf  1.]");
  BOOST_TEST(text_of(Tensor<bfloat16, Shape<>>{3e38}) == "3.0e+38");
}

BOOST_AUTO_TEST_CASE(words_and_empty_arrays) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nothing = std::numeric_limits<float>::quiet_NaN();
  BOOST_TEST(text_of(Tensor<float, Shape<4>>{1, infinity, -infinity, nothing}) == "[  1.  inf -inf  nan]");
  BOOST_TEST(text_of(Tensor<float, Shape<0>>{}) == "[]");
}

BOOST_AUTO_TEST_CASE(long_axes_are_shortened) {
  BOOST_TEST(text_of(Tensor<std::int32_t, Shape<2000>>::arange()) == "[   0    1    2 ... 1997 1998 1999]");
  const std::string text = text_of(Tensor<std::int32_t, Shape<40, 40>>::arange());
  BOOST_TEST(text.substr(0, text.find('\n')) == "[[   0    1    2 ...   37   38   39]");
  BOOST_TEST(text.find("\n ...\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(long_lines_are_broken) {
  const std::string text = text_of(Tensor<std::int32_t, Shape<40>>::arange());
  BOOST_TEST(text.substr(0, text.find('\n')) ==
             "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23");
  BOOST_TEST(text.substr(text.find('\n'), 5) == "\n 24 ");
}

BOOST_AUTO_TEST_CASE(tensors_views_and_expressions_go_to_streams) {
  const Tensor<float, Shape<2>> x{1, 2};
  std::ostringstream out;
  out << x << ' ' << x.view() << ' ' << x * 2 << ' ' << sum(x);
  BOOST_TEST(out.str() == "[1. 2.] [1. 2.] [2. 4.] 3.0");
}

BOOST_AUTO_TEST_SUITE_END()
