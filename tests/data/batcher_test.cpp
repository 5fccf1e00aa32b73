// SPDX-License-Identifier: BSL-1.0
/// \file
/// Minibatches: every sample once, in an order that seed and epoch decide, without allocation.
#include "ctgrad/data/batcher.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using ctgrad::Batcher;
using ctgrad::BatcherOptions;
using ctgrad::Error;
using Digits = ctgrad::InMemoryDataset<float, std::int64_t>;

/// n samples: three pixels 10 i, 10 i + 1, 10 i + 2, class i.
Digits make(std::size_t n) {
  ctgrad::Field<float> pixels{{}, 3};
  ctgrad::Field<std::int64_t> classes{{}, 1};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < 3; ++k) pixels.values.push_back(static_cast<float>(10 * i + k));
    classes.values.push_back(static_cast<std::int64_t>(i));
  }
  return Digits(pixels, classes);
}

/// The classes of one epoch in order, after checking every batch.
std::vector<std::int64_t> classes_of(Batcher<float, std::int64_t>& batcher, std::uint64_t epoch) {
  std::vector<std::int64_t> classes;
  std::size_t batches = 0;
  for (auto batch : batcher.epoch(epoch)) {
    const std::span<const float> pixels = batch.get<0>();
    const std::span<const std::int64_t> labels = batch.get<1>();
    BOOST_REQUIRE(pixels.size() == 3 * batch.size());
    BOOST_REQUIRE(labels.size() == batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i)
      for (std::size_t k = 0; k < 3; ++k)
        BOOST_REQUIRE(pixels[3 * i + k] == static_cast<float>(10 * labels[i] + std::int64_t(k)));
    classes.insert(classes.end(), labels.begin(), labels.end());
    ++batches;
  }
  BOOST_TEST(batches == batcher.batches());
  BOOST_TEST(classes.size() == batcher.samples());
  return classes;
}

bool is_permutation(std::vector<std::int64_t> classes, std::size_t n) {
  std::ranges::sort(classes);
  for (std::size_t i = 0; i < classes.size(); ++i)
    if (classes[i] != static_cast<std::int64_t>(i)) return false;
  return classes.size() == n;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(batcher)

BOOST_AUTO_TEST_CASE(every_sample_once_in_each_epoch) {
  Batcher batcher(make(103), {.batch_size = 10, .seed = 1});
  BOOST_TEST(batcher.batches() == 11U);
  BOOST_TEST(is_permutation(classes_of(batcher, 0), 103));
  BOOST_TEST(is_permutation(classes_of(batcher, 1), 103));
}

BOOST_AUTO_TEST_CASE(the_order_is_that_of_seed_and_epoch) {
  Batcher batcher(make(50), {.batch_size = 8, .seed = 1});
  Batcher same(make(50), {.batch_size = 50, .seed = 1});
  Batcher other(make(50), {.batch_size = 8, .seed = 2});
  const auto zero = classes_of(batcher, 0);
  const auto one = classes_of(batcher, 1);
  BOOST_TEST((zero != one));
  BOOST_TEST(!std::ranges::is_sorted(zero));
  // Neither the batch size nor the epochs before matter.
  BOOST_TEST((classes_of(same, 1) == one));
  BOOST_TEST((classes_of(same, 0) == zero));
  BOOST_TEST((classes_of(other, 0) != zero));
}

BOOST_AUTO_TEST_CASE(without_shuffling_in_order) {
  Batcher batcher(make(7), {.batch_size = 3, .shuffle = false});
  BOOST_TEST((classes_of(batcher, 5) == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6}));
}

BOOST_AUTO_TEST_CASE(the_last_batch) {
  Batcher kept(make(7), {.batch_size = 3, .shuffle = false});
  std::vector<std::size_t> sizes;
  for (auto batch : kept.epoch(0)) sizes.push_back(batch.size());
  BOOST_TEST((sizes == std::vector<std::size_t>{3, 3, 1}));

  Batcher dropped(make(7), {.batch_size = 3, .shuffle = false, .drop_last = true});
  BOOST_TEST(dropped.samples() == 6U);
  BOOST_TEST(dropped.batches() == 2U);
  BOOST_TEST((classes_of(dropped, 0) == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));

  Batcher exact(make(6), {.batch_size = 3, .drop_last = true});
  BOOST_TEST(is_permutation(classes_of(exact, 0), 6));
}

BOOST_AUTO_TEST_CASE(small_and_empty_data_sets) {
  Batcher larger(make(2), {.batch_size = 64});
  BOOST_TEST(larger.batches() == 1U);
  BOOST_TEST(is_permutation(classes_of(larger, 0), 2));
  // Fewer samples than one full batch, and only full ones are wanted.
  Batcher none(make(2), {.batch_size = 64, .drop_last = true});
  BOOST_TEST(none.batches() == 0U);
  BOOST_TEST(classes_of(none, 0).empty());
  Batcher empty(make(0), {.batch_size = 64});
  BOOST_TEST(empty.batches() == 0U);
  BOOST_TEST(classes_of(empty, 0).empty());
}

BOOST_AUTO_TEST_CASE(buffers_stay_where_they_are) {
  Batcher batcher(make(20), {.batch_size = 6});
  const float* place = nullptr;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch)
    for (auto batch : batcher.epoch(epoch)) {
      if (place == nullptr) place = batch.get<0>().data();
      BOOST_TEST(batch.get<0>().data() == place);
    }
}

BOOST_AUTO_TEST_CASE(no_batches_of_nothing) { BOOST_CHECK_THROW(Batcher(make(5), {.batch_size = 0}), Error); }

BOOST_AUTO_TEST_SUITE_END()
