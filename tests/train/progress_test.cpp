// SPDX-License-Identifier: BSL-1.0
/// \file
/// Progress on a terminal and elsewhere, with a clock that the tests move.
#include "ctgrad/train/progress.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

using ctgrad::Progress;
using ctgrad::ProgressOptions;

/// Two epochs of 100 samples, a clock at `now`.
ProgressOptions options(const double& now) {
  ProgressOptions result;
  result.epochs = 2;
  result.samples_per_epoch = 100;
  result.clock = [&now] { return now; };
  return result;
}

/// What has been written since the last call.
std::string taken(std::ostringstream& out) {
  std::string text = out.str();
  out.str("");
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(progress)

BOOST_AUTO_TEST_CASE(plain_lines_once_an_epoch) {
  double now = 1000;
  std::ostringstream out;
  Progress progress(out, options(now));
  progress.begin_epoch();
  for (int i = 0; i < 4; ++i) {
    now += 1;
    progress.step(25, 2.0 - 0.5 * i, 10);
  }
  BOOST_TEST(out.str().empty());
  progress.end_epoch("test 97.3 %");
  BOOST_TEST(taken(out) == "epoch 1/2  loss 1.2500  accuracy 40.00 %  25 images/s  4.0 s left  test 97.3 %\n");
  progress.begin_epoch();
  now += 2;
  progress.step(100, 0.5, 90);
  progress.end_epoch();
  BOOST_TEST(taken(out) == "epoch 2/2  loss 0.5000  accuracy 90.00 %  50 images/s  took 6.0 s\n");
}

BOOST_AUTO_TEST_CASE(plain_lines_by_time) {
  double now = 0;
  std::ostringstream out;
  ProgressOptions setting = options(now);
  setting.line_seconds = 30;
  Progress progress(out, setting);
  progress.begin_epoch();
  for (int i = 0; i < 100; ++i) {
    now += 1;
    progress.step(1, 1.0);
  }
  BOOST_TEST(taken(out) ==
             "epoch 1/2  loss 1.0000  1 images/s  2:50 left\n"
             "epoch 1/2  loss 1.0000  1 images/s  2:20 left\n"
             "epoch 1/2  loss 1.0000  1 images/s  1:50 left\n");
}

BOOST_AUTO_TEST_CASE(a_live_line_is_drawn_over) {
  double now = 0;
  std::ostringstream out;
  Progress progress(out, options(now), true);
  progress.begin_epoch();
  now = 0.5;
  progress.step(50, 0.25, 25);
  // 79 columns: the bar takes what the rest leaves.
  BOOST_TEST(taken(out) ==
             "\repoch 1/2 [=====>    ]"
             "  loss 0.2500  accuracy 50.00 %  100 images/s  1.5 s left\x1b[K");
  now = 1;
  progress.step(50, 0.75, 50);
  BOOST_TEST(taken(out) ==
             "\repoch 1/2 [==========]"
             "  loss 0.5000  accuracy 75.00 %  100 images/s  1.0 s left\x1b[K");
  progress.end_epoch();
  const std::string end = taken(out);
  BOOST_TEST(end.front() == '\r');
  BOOST_TEST(end.back() == '\n');
}

BOOST_AUTO_TEST_CASE(at_most_ten_redraws_a_second) {
  double now = 0;
  std::ostringstream out;
  Progress progress(out, options(now), true);
  progress.begin_epoch();
  for (int i = 0; i < 1024; ++i) {  // four seconds
    now += 1.0 / 256;
    progress.step(0, 1.0);
  }
  const std::string text = out.str();
  const auto redraws = std::ranges::count(text, '\r');
  BOOST_TEST(redraws >= 35);
  BOOST_TEST(redraws <= 40);
  BOOST_TEST(std::ranges::count(text, '\n') == 0);
}

BOOST_AUTO_TEST_CASE(never_wider_than_the_terminal) {
  for (int columns : {1, 10, 20, 40, 60, 80, 200}) {
    double now = 0;
    std::ostringstream out;
    ProgressOptions setting = options(now);
    setting.columns = columns;
    {
      Progress progress(out, setting, true);
      progress.begin_epoch();
      now = 5;
      progress.step(50, 1e10, 25);
      progress.end_epoch("a long note that will not fit");
    }
    std::istringstream lines(out.str());
    for (std::string line; std::getline(lines, line, '\r');) {
      const std::size_t width = std::min(line.find('\x1b'), line.size());
      BOOST_TEST(width < static_cast<std::size_t>(columns));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_broken_off_line_is_ended) {
  double now = 0;
  std::ostringstream out;
  const auto train = [&] {
    Progress progress(out, options(now), true);
    progress.begin_epoch();
    now = 1;
    progress.step(10, 1.0);
    throw std::runtime_error("loss is not finite");
  };
  BOOST_CHECK_THROW(train(), std::runtime_error);
  BOOST_TEST(out.str().back() == '\n');
}

BOOST_AUTO_TEST_CASE(time_left_counts_training_only) {
  double now = 0;
  std::ostringstream out;
  ProgressOptions setting = options(now);
  setting.epochs = 10;
  Progress progress(out, setting);
  progress.begin_epoch();
  now = 3600;
  progress.step(100, 1.0);
  progress.end_epoch();
  BOOST_TEST(taken(out) == "epoch  1/10  loss 1.0000  0 images/s  9:00:00 left\n");
  now += 5000;  // testing, saving
  progress.begin_epoch();
  now += 1800;
  progress.step(50, 1.0);
  progress.end_epoch();
  BOOST_TEST(taken(out) == "epoch  2/10  loss 1.0000  0 images/s  8:30:00 left\n");
}

BOOST_AUTO_TEST_CASE(unknown_number_of_samples_and_no_time_gone) {
  double now = 0;
  std::ostringstream out;
  ProgressOptions setting = options(now);
  setting.samples_per_epoch = 0;
  setting.unit = "words";
  Progress progress(out, setting, true);
  progress.begin_epoch();
  progress.end_epoch();
  BOOST_TEST(taken(out) == "\repoch 1/2\x1b[K\n");
  progress.begin_epoch();
  now = 2;
  progress.step(10, 3.0);
  BOOST_TEST(taken(out) == "\repoch 2/2  loss 3.0000  5 words/s\x1b[K");
}

BOOST_AUTO_TEST_CASE(running_means) {
  double now = 0;
  std::ostringstream out;
  Progress progress(out, options(now));
  progress.begin_epoch();
  progress.step(30, 1.0, 15);
  progress.step(10, 3.0, 5);
  BOOST_TEST(progress.loss() == 1.5);
  BOOST_TEST(progress.accuracy() == 0.5);
  progress.end_epoch();
  BOOST_TEST(progress.loss() == 1.5);
  progress.begin_epoch();
  progress.step(10, 4.0, 10);
  BOOST_TEST(progress.loss() == 4.0);
  BOOST_TEST(progress.accuracy() == 1.0);
}

BOOST_AUTO_TEST_CASE(a_file_is_no_terminal) {
  double now = 0;
  std::FILE* file = std::tmpfile();
  BOOST_REQUIRE(file != nullptr);
  Progress progress(file, options(now));
  progress.begin_epoch();
  now = 1;
  progress.step(100, 1.0);
  progress.end_epoch();
  std::rewind(file);
  char text[200] = {};
  const std::size_t length = std::fread(text, 1, sizeof text, file);
  std::fclose(file);
  BOOST_TEST(std::string(text, length) == "epoch 1/2  loss 1.0000  100 images/s  1.0 s left\n");
}

BOOST_AUTO_TEST_SUITE_END()
