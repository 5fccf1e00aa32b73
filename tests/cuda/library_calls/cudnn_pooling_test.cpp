// SPDX-License-Identifier: BSL-1.0
/// \file
/// How cuDNN is called for poolings.
#include <ctgrad/device/cuda/cudnn.hpp>

#include <limits>

#include "../../device/cuda/poolings.hpp"
#include "fake_cudnn.hpp"

BOOST_AUTO_TEST_SUITE(cuda_cudnn_pooling)

using namespace ctgrad;
using ctgrad_test::pooling;
using ctgrad_test::PoolingCase;
using cuda::Cudnn;
using Fixture = fakes::DnnFixture;

namespace {

const auto stream = fakes::any_stream;
const Window pairs{{2, 2}, {2, 2}, {0, 0}, {1, 1}, 1};

template <StepKind Kind, class T>
void check_all_shapes() {
  {
    Cudnn cudnn(stream);
    for (const PoolingShape& s : ctgrad_test::all_poolings()) {
      const PoolingCase<T> c(Kind, s);
      std::vector<T> found(c.wanted.size(), T(7));
      BOOST_TEST((cudnn.pool<Kind, T>(s, c.from.data(), found.data())));
      BOOST_TEST((found == c.wanted), cuda::to_text(Kind, dtype_of<T>, s));
    }
  }
  BOOST_TEST(fakes::dnn.live_descriptors == 0);
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(all_kinds_and_shapes, Fixture) {
  check_all_shapes<StepKind::max_pool2d, float>();
  check_all_shapes<StepKind::max_pool2d, double>();
  check_all_shapes<StepKind::max_pool2d, bfloat16>();
  check_all_shapes<StepKind::avg_pool2d, float>();
  check_all_shapes<StepKind::avg_pool2d, double>();
  check_all_shapes<StepKind::avg_pool2d, float16>();
  check_all_shapes<StepKind::avg_pool2d_gradient, float>();
  check_all_shapes<StepKind::avg_pool2d_gradient, double>();
  check_all_shapes<StepKind::avg_pool2d_gradient, bfloat16>();
}

BOOST_FIXTURE_TEST_CASE(nan_and_infinities, Fixture) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const float x[] = {-infinity, -infinity, 1, nan, -infinity, -infinity, 2, 3};
  float y[2] = {};
  Cudnn cudnn(stream);
  BOOST_TEST((cudnn.pool<StepKind::max_pool2d, float>(pooling(1, 1, 2, 4, pairs), x, y)));
  BOOST_TEST(y[0] == -infinity);
  BOOST_TEST(y[1] != y[1]);
}

BOOST_FIXTURE_TEST_CASE(descriptors_are_made_once, Fixture) {
  Cudnn cudnn(stream);
  const PoolingShape s = pooling(2, 3, 6, 6, pairs);
  const PoolingCase<float> c(StepKind::avg_pool2d, s);
  std::vector<float> found(c.wanted.size());
  for (int i = 0; i < 3; ++i) BOOST_TEST((cudnn.pool<StepKind::avg_pool2d, float>(s, c.from.data(), found.data())));
  BOOST_TEST(fakes::dnn.poolings == 3);
  // Two arrays and the window.
  BOOST_TEST(fakes::dnn.live_descriptors == 3);
}

BOOST_FIXTURE_TEST_CASE(many_planes_are_pooled_in_parts, Fixture) {
  const Window one{{1, 1}, {1, 1}, {0, 0}, {1, 1}, 1};
  Cudnn cudnn(stream);
  fakes::dnn.pools = false;
  BOOST_TEST((cudnn.pool<StepKind::max_pool2d, float>(pooling(7, 3, 1024, 1024, one), nullptr, nullptr)));
  // 8 planes at a time, or as many whole images.
  const std::vector<std::pair<int, int>> images{{2, 3}, {2, 3}, {2, 3}, {1, 3}};
  BOOST_TEST((fakes::dnn.planes == images));
  fakes::dnn.planes.clear();
  BOOST_TEST((cudnn.pool<StepKind::max_pool2d, float>(pooling(1, 20, 1024, 1024, one), nullptr, nullptr)));
  const std::vector<std::pair<int, int>> channels{{1, 8}, {1, 8}, {1, 4}};
  BOOST_TEST((fakes::dnn.planes == channels));
}

BOOST_FIXTURE_TEST_CASE(parts_make_up_the_whole, Fixture) {
  // A window that sees three pixels of a long row, so that the parts are small enough to be computed.
  const PoolingShape s = pooling(5, 1, 1, 3 * 1024 * 1024, {{1, 3}, {1, 1}, {0, 1}, {1, 1}, 1});
  Cudnn cudnn(stream);
  for (const StepKind kind : {StepKind::avg_pool2d, StepKind::avg_pool2d_gradient}) {
    const PoolingCase<float> c(kind, s);
    std::vector<float> found(c.wanted.size(), 7);
    BOOST_TEST((kind == StepKind::avg_pool2d
                    ? cudnn.pool<StepKind::avg_pool2d, float>(s, c.from.data(), found.data())
                    : cudnn.pool<StepKind::avg_pool2d_gradient, float>(s, c.from.data(), found.data())));
    BOOST_TEST((found == c.wanted));
  }
  // Five planes, two at a time, twice.
  BOOST_TEST(fakes::dnn.poolings == 6);
}

BOOST_FIXTURE_TEST_CASE(poolings_that_cudnn_does_not_have, Fixture) {
  Cudnn cudnn(stream);
  const Window one{{1, 1}, {1, 1}, {0, 0}, {1, 1}, 1};
  // Too large a plane: nothing is called.
  BOOST_TEST(!(cudnn.pool<StepKind::max_pool2d, float>(pooling(1, 1, 4096, 4096, one), nullptr, nullptr)));
  BOOST_TEST(fakes::dnn.poolings == 0);
  fakes::dnn.pooling_status = CUDNN_STATUS_NOT_SUPPORTED_SHAPE;
  BOOST_TEST(!(cudnn.pool<StepKind::max_pool2d, float>(pooling(1, 1, 4, 4, one), nullptr, nullptr)));
  BOOST_TEST(fakes::dnn.poolings == 1);
}

BOOST_FIXTURE_TEST_CASE(errors_name_the_pooling, Fixture) {
  Cudnn cudnn(stream);
  fakes::dnn.pooling_status = CUDNN_STATUS_EXECUTION_FAILED;
  const PoolingShape s = pooling(2, 3, 6, 6, pairs);
  BOOST_CHECK_EXCEPTION((cudnn.pool<StepKind::avg_pool2d_gradient, float>(s, nullptr, nullptr)), Error,
                        [](const Error& error) {
                          const std::string text = error.what();
                          return text.starts_with(
                              "ctgrad: cudnnPoolingBackward for avg_pool2d_gradient of images [2, "
                              "3, 6, 6], kernel 2 2, stride 2 2, padding 0 0, float32 failed: the "
                              "text of cuDNN (and more of it); ");
                        });
}

BOOST_AUTO_TEST_SUITE_END()
