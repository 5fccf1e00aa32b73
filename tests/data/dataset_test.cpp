// SPDX-License-Identifier: BSL-1.0
/// \file
/// Data sets in memory: fields, samples, splits.
#include "ctgrad/data/dataset.hpp"

#include <boost/test/unit_test.hpp>
#include <concepts>
#include <cstdint>
#include <vector>

namespace {

using ctgrad::Error;
using ctgrad::Field;
using ctgrad::InMemoryDataset;
using Digits = InMemoryDataset<float, std::int64_t>;

/// Five samples: pixels 10 i and 10 i + 1, class i.
Digits five() { return Digits({{0, 1, 10, 11, 20, 21, 30, 31, 40, 41}, 2}, {{0, 1, 2, 3, 4}, 1}); }

}  // namespace

BOOST_AUTO_TEST_SUITE(dataset)

BOOST_AUTO_TEST_CASE(fields_and_samples) {
  const Digits data = five();
  BOOST_TEST(data.size() == 5U);
  BOOST_TEST(data.sample_size<0>() == 2U);
  BOOST_TEST(data.sample_size<1>() == 1U);
  BOOST_TEST(data.field<0>().size() == 10U);
  BOOST_TEST(data.sample<0>(3)[1] == 31.0F);
  BOOST_TEST(data.sample<1>(4)[0] == 4);
}

BOOST_AUTO_TEST_CASE(types_are_deduced) {
  const InMemoryDataset data(Field<double>{{1, 2}, 1});
  static_assert(std::same_as<decltype(data), const InMemoryDataset<double>>);
  BOOST_TEST(data.size() == 2U);
}

BOOST_AUTO_TEST_CASE(splits_share_the_values) {
  const Digits data = five();
  const Digits part = data.split(1, 3);
  BOOST_TEST(part.size() == 3U);
  BOOST_TEST(part.field<0>().size() == 6U);
  BOOST_TEST(part.sample<0>(0)[0] == 10.0F);
  BOOST_TEST(part.field<0>().data() == data.field<0>().data() + 2);
  BOOST_TEST(part.split(2, 1).sample<1>(0)[0] == 3);
  BOOST_TEST(data.split(5, 0).size() == 0U);
  // A split outlives the data set it came from.
  const Digits last = five().split(4, 1);
  BOOST_TEST(last.sample<0>(0)[1] == 41.0F);
}

BOOST_AUTO_TEST_CASE(bad_splits) {
  const Digits part = five().split(1, 3);
  BOOST_CHECK_THROW(part.split(0, 4), Error);
  BOOST_CHECK_THROW(part.split(3, 1), Error);
  BOOST_CHECK_THROW(part.split(4, 0), Error);
  BOOST_CHECK_THROW(part.split(1, ~std::size_t{0}), Error);
}

BOOST_AUTO_TEST_CASE(fields_must_fit) {
  BOOST_CHECK_THROW(Digits({{1, 2, 3}, 2}, {{0}, 1}), Error);
  BOOST_CHECK_THROW(Digits({{1, 2, 3, 4}, 2}, {{0}, 1}), Error);
  BOOST_CHECK_THROW(Digits({{}, 0}, {{}, 1}), Error);
  BOOST_TEST(Digits({{}, 784}, {{}, 1}).size() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
