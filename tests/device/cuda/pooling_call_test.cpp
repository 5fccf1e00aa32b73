// SPDX-License-Identifier: BSL-1.0
/// \file
/// Which poolings are the same to a library, and how many planes it gets at a time.
#include "poolings.hpp"

#include <set>

BOOST_AUTO_TEST_SUITE(cuda_pooling_call)

using namespace ctgrad;
using ctgrad_test::pooling;

BOOST_AUTO_TEST_CASE(every_number_is_in_the_key) {
  const Window usual{{3, 3}, {1, 1}, {1, 1}, {1, 1}, 1};
  std::set<cuda::PoolingKey> keys;
  int count = 0;
  auto add = [&](StepKind kind, DType dtype, const PoolingShape& s) {
    keys.insert(cuda::key_of(kind, dtype, s));
    ++count;
  };
  add(StepKind::max_pool2d, DType::float32, pooling(2, 4, 12, 12, usual));
  add(StepKind::max_pool2d, DType::float64, pooling(2, 4, 12, 12, usual));
  add(StepKind::avg_pool2d, DType::float32, pooling(2, 4, 12, 12, usual));
  add(StepKind::avg_pool2d_gradient, DType::float32, pooling(2, 4, 12, 12, usual));
  for (const PoolingShape& other : {pooling(3, 4, 12, 12, usual), pooling(4, 2, 12, 12, usual),
                                    pooling(2, 4, 13, 12, usual), pooling(2, 4, 12, 13, usual)})
    add(StepKind::max_pool2d, DType::float32, other);
  for (int axis = 0; axis < 2; ++axis) {
    Window w = usual;
    w.kernel[axis] = 2;
    add(StepKind::max_pool2d, DType::float32, pooling(2, 4, 12, 12, w));
    w = usual;
    w.stride[axis] = 2;
    add(StepKind::max_pool2d, DType::float32, pooling(2, 4, 12, 12, w));
    w = usual;
    w.padding[axis] = 0;
    add(StepKind::max_pool2d, DType::float32, pooling(2, 4, 12, 12, w));
  }
  BOOST_TEST(static_cast<int>(keys.size()) == count);
  BOOST_TEST(keys.contains(cuda::key_of(StepKind::max_pool2d, DType::float32, pooling(2, 4, 12, 12, usual))));
}

BOOST_AUTO_TEST_CASE(planes_at_once) {
  const Window one{{1, 1}, {1, 1}, {0, 0}, {1, 1}, 1};
  const Window two{{2, 2}, {2, 2}, {0, 0}, {1, 1}, 1};
  BOOST_TEST(cuda::planes_at_once(pooling(16, 64, 112, 112, two)) == 1024);
  // 2^23 results are 8 planes of 2^20, which are two images of 3, or part of one of 20.
  BOOST_TEST(cuda::planes_at_once(pooling(7, 3, 1024, 1024, one)) == 6);
  BOOST_TEST(cuda::planes_at_once(pooling(2, 20, 1024, 1024, one)) == 8);
  // The images can be what is too large.
  const Window long_strides{{255, 255}, {255, 255}, {0, 0}, {1, 1}, 1};
  BOOST_TEST(cuda::planes_at_once(pooling(1, 3, 32768, 32768, long_strides)) == 1);
  BOOST_TEST(cuda::planes_at_once(pooling(1, 3, 65536, 65536, long_strides)) == 0);
  BOOST_TEST(cuda::planes_at_once(pooling(1, 1, 4096, 4096, one)) == 0);
  // No axis of a grid is longer than 65535.
  BOOST_TEST(cuda::planes_at_once(pooling(70000, 2, 4, 4, two)) == 131070);
  BOOST_TEST(cuda::planes_at_once(pooling(2, 70000, 4, 4, two)) == 65535);
  BOOST_TEST(cuda::planes_at_once(pooling(0, 3, 8, 8, two)) == 0);
  BOOST_TEST(cuda::planes_at_once(pooling(3, 0, 8, 8, two)) == 0);
}

BOOST_AUTO_TEST_CASE(planes_are_images_of_channels) {
  const Window two{{2, 2}, {2, 2}, {0, 0}, {1, 1}, 1};
  auto counts = [&](PoolingShape s, std::int64_t planes) {
    s.planes = planes;
    const cuda::PlaneCounts found = cuda::plane_counts(s);
    return std::pair(found.images, found.channels);
  };
  const PoolingShape s = pooling(16, 64, 8, 8, two);
  BOOST_TEST((counts(s, 1024) == std::pair(16, 64)));
  BOOST_TEST((counts(s, 128) == std::pair(2, 64)));
  // A part that cuts an image.
  BOOST_TEST((counts(s, 100) == std::pair(1, 100)));
  BOOST_TEST((counts(pooling(2, 70000, 8, 8, two), 65535) == std::pair(1, 65535)));
}

BOOST_AUTO_TEST_CASE(shapes_of_all_ranks) {
  const Window two{{2, 2}, {2, 2}, {0, 0}, {1, 1}, 1};
  const std::int64_t attribute = ops::WindowAttribute::make(two.stride, two.padding, two.kernel, 0);
  const PoolingShape flat({2, {6, 4}}, {2, {3, 2}}, attribute);
  BOOST_TEST(flat.planes == 1);
  BOOST_TEST(flat.channels == 1);
  const PoolingShape deep({5, {2, 3, 5, 6, 4}}, {5, {2, 3, 5, 3, 2}}, attribute);
  BOOST_TEST(deep.planes == 30);
  BOOST_TEST(deep.channels == 5);
}

BOOST_AUTO_TEST_CASE(text) {
  const PoolingShape s = pooling(2, 4, 7, 9, {{3, 2}, {2, 1}, {1, 0}, {1, 1}, 1});
  BOOST_TEST(cuda::to_text(StepKind::avg_pool2d_gradient, DType::float32, s) ==
             "avg_pool2d_gradient of images [2, 4, 7, 9], kernel 3 2, stride 2 1, padding 1 0, float32");
}

BOOST_AUTO_TEST_SUITE_END()
