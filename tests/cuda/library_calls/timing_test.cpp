// SPDX-License-Identifier: BSL-1.0
/// \file
/// The choice between two ways to do the same work.
#include <ctgrad/device/cuda/timing.hpp>

#include <boost/test/unit_test.hpp>

#include "fakes.hpp"

BOOST_AUTO_TEST_SUITE(cuda_timing)

using namespace ctgrad;

namespace {

const auto stream = fakes::any_stream;

struct Fixture : fakes::Fixture {
  cuda::FasterWay<int> faster;
  int first = 0;
  int second = 0;
  bool second_works = true;

  bool is_second(int key) {
    return faster.is_second(
        stream, key, [&] { ++first; }, [&] { return ++second, second_works; });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_faster_way_is_found_out_once, Fixture) {
  fakes::runtime.times = {3, 2, 2, 3};  // second and first, of two keys
  BOOST_TEST(!is_second(1));
  BOOST_TEST(is_second(2));
  BOOST_TEST(fakes::runtime.next_time == 4U);
  const int runs = first + second;
  BOOST_TEST(!is_second(1));
  BOOST_TEST(is_second(2));
  BOOST_TEST(first + second == runs);
  BOOST_TEST(fakes::runtime.live_events == 0);
}

BOOST_FIXTURE_TEST_CASE(the_first_way_where_they_are_equal, Fixture) {
  fakes::runtime.times = {2, 2};
  BOOST_TEST(!is_second(1));
}

BOOST_FIXTURE_TEST_CASE(a_way_that_does_not_work_is_not_measured, Fixture) {
  second_works = false;
  BOOST_TEST(!is_second(1));
  BOOST_TEST(!is_second(1));
  BOOST_TEST(second == 1);
  BOOST_TEST(first == 0);
}

BOOST_FIXTURE_TEST_CASE(nothing_is_measured_while_a_graph_is_recorded, Fixture) {
  fakes::runtime.is_recording = true;
  BOOST_TEST(!is_second(1));
  BOOST_TEST(first + second == 0);
  fakes::runtime.is_recording = false;
  fakes::runtime.times = {1, 2};
  BOOST_TEST(is_second(1));
}

BOOST_AUTO_TEST_SUITE_END()
