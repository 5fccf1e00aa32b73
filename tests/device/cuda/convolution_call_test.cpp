// SPDX-License-Identifier: BSL-1.0
/// \file
/// Which convolutions are the same to a library, and how many images it gets at a time.
#include "convolutions.hpp"

#include <set>

BOOST_AUTO_TEST_SUITE(cuda_convolution_call)

using namespace ctgrad;
using ctgrad_test::convolution;
using ctgrad_test::ConvolutionCase;

BOOST_AUTO_TEST_CASE(every_number_is_in_the_key) {
  const Window usual{{3, 3}, {1, 1}, {1, 1}, {1, 1}, 1};
  std::set<cuda::ConvolutionKey> keys;
  int count = 0;
  auto add = [&](StepKind kind, DType dtype, bool tf32, const ConvolutionShape& s) {
    keys.insert(cuda::key_of(kind, dtype, s, tf32));
    ++count;
  };
  const ConvolutionShape s = convolution(2, 4, 4, 12, 12, usual);
  add(StepKind::conv2d, DType::float32, false, s);
  add(StepKind::conv2d, DType::float32, true, s);
  add(StepKind::conv2d, DType::float64, false, s);
  add(StepKind::conv2d_input_gradient, DType::float32, false, s);
  add(StepKind::conv2d_weight_gradient, DType::float32, false, s);
  for (const ConvolutionShape& other :
       {convolution(3, 4, 4, 12, 12, usual), convolution(2, 6, 4, 12, 12, usual), convolution(2, 4, 6, 12, 12, usual),
        convolution(2, 4, 4, 13, 12, usual), convolution(2, 4, 4, 12, 13, usual)})
    add(StepKind::conv2d, DType::float32, false, other);
  for (int axis = 0; axis < 2; ++axis) {
    Window w = usual;
    w.kernel[axis] = 2;
    add(StepKind::conv2d, DType::float32, false, convolution(2, 4, 4, 12, 12, w));
    w = usual;
    w.stride[axis] = 2;
    add(StepKind::conv2d, DType::float32, false, convolution(2, 4, 4, 12, 12, w));
    w = usual;
    w.padding[axis] = 2;
    add(StepKind::conv2d, DType::float32, false, convolution(2, 4, 4, 12, 12, w));
    w = usual;
    w.dilation[axis] = 2;
    add(StepKind::conv2d, DType::float32, false, convolution(2, 4, 4, 12, 12, w));
  }
  Window grouped = usual;
  grouped.groups = 2;
  add(StepKind::conv2d, DType::float32, false, convolution(2, 4, 4, 12, 12, grouped));
  BOOST_TEST(static_cast<int>(keys.size()) == count);
  BOOST_TEST(keys.contains(cuda::key_of(StepKind::conv2d, DType::float32, convolution(2, 4, 4, 12, 12, usual), false)));
}

BOOST_AUTO_TEST_CASE(images_at_once) {
  const Window one{{1, 1}, {1, 1}, {0, 0}, {1, 1}, 1};
  BOOST_TEST(cuda::images_at_once(convolution(1000, 1, 1, 1024, 1024, one)) == 1000);
  // 2047 images of 2^20 elements are the most below 2^31.
  BOOST_TEST(cuda::images_at_once(convolution(5000, 1, 1, 1024, 1024, one)) == 2047);
  // The results can be the larger array.
  BOOST_TEST(cuda::images_at_once(convolution(5000, 1, 4, 1024, 1024, one)) == 511);
  BOOST_TEST(cuda::images_at_once(convolution(1, 1, 1, 65536, 65536, one)) == 0);
}

BOOST_AUTO_TEST_CASE(parts_make_up_the_whole) {
  for (const StepKind kind : ctgrad_test::convolution_kinds)
    for (const ConvolutionShape& s : ctgrad_test::all_convolutions())
      for (const std::int64_t at_once : {1, 2}) {
        const ConvolutionCase<float> c(kind, s);
        std::vector<float> found(c.wanted.size(), 7);
        for (std::int64_t first = 0; first < s.images; first += at_once) {
          const std::int64_t count = std::min(at_once, s.images - first);
          const cuda::ConvolutionPart part = cuda::part_of(kind, s, first, count);
          const std::int64_t size = kind == StepKind::conv2d ? ctgrad_test::elements_of_results(part.shape)
                                    : kind == StepKind::conv2d_input_gradient
                                        ? ctgrad_test::elements_of_images(part.shape)
                                        : part.shape.weights();
          if (!part.adds) std::fill_n(found.begin() + part.result, size, 0.0F);
          ctgrad_test::add_convolution(kind, part.shape, c.a.data() + part.a, c.b.data() + part.b,
                                       found.data() + part.result);
        }
        BOOST_TEST(found == c.wanted);
      }
}

BOOST_AUTO_TEST_CASE(text) {
  const ConvolutionShape s = convolution(2, 4, 6, 7, 9, {{3, 2}, {2, 1}, {1, 2}, {1, 3}, 2});
  BOOST_TEST(cuda::to_text(StepKind::conv2d_weight_gradient, DType::float32, s) ==
             "conv2d_weight_gradient of images [2, 4, 7, 9] and weights [6, 2, 3, 2], stride 2 1, padding 1 2, "
             "dilation 1 3, groups 2, float32");
}

BOOST_AUTO_TEST_SUITE_END()
