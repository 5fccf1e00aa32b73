// SPDX-License-Identifier: BSL-1.0
/// \file
/// How convolutions share out their images, and convolutions of 16-bit elements.
#include "ctgrad/device/parallel/convolution.hpp"

#include "compare.hpp"

BOOST_AUTO_TEST_SUITE(parallel_convolution)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

constexpr std::int64_t most_floats = parallel::detail::most_column_bytes / 4;

/// A system that notes how large the products are and where they lie, and computes nothing.
struct NotedProducts {
  struct Note {
    std::int64_t batch, a, b, c;
  };
  const float* a;
  const float* b;
  float* c;
  std::vector<Note> notes{};

  template <class T>
  void multiply(const MatrixProduct<T>& p) {
    for (std::int64_t i = 0; i < p.batch; ++i)
      notes.push_back({p.batch, p.a - a + i * p.stride_a, p.b - b + i * p.stride_b, p.c - c + i * p.stride_c});
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(every_image_is_worked_on_once_within_the_memory_allowed) {
  for (const std::int64_t images : {0, 1, 2, 5, 64, 1000})
    for (const std::int64_t elements : {std::int64_t{0}, std::int64_t{1}, most_floats / 64, most_floats / 3,
                                        most_floats, most_floats + 1, 5 * most_floats}) {
      std::int64_t next = 0;
      parallel::detail::for_images<float>(images, elements, [&](std::int64_t first, std::int64_t count) {
        BOOST_TEST(first == next);
        BOOST_TEST(count >= 1);
        BOOST_TEST((count == 1 || count * elements <= most_floats));
        next += count;
      });
      BOOST_TEST(next == images);
    }
}

BOOST_AUTO_TEST_CASE(a_product_for_each_group_of_each_image) {
  for (const std::int64_t images : {1, 3, 7})
    for (const std::int64_t groups : {1, 2, 7, 9}) {
      float memory[1] = {};
      NotedProducts system{memory, memory, memory};
      MatrixProduct<float> p;
      p.a = p.b = p.c = memory;
      parallel::detail::multiply_groups(system, p, images, groups, {0, 1000, 10000}, {1, 10, 100});
      BOOST_REQUIRE(system.notes.size() == static_cast<std::size_t>(images * groups));
      std::vector<int> seen(static_cast<std::size_t>(images * groups));
      for (const auto& note : system.notes) {
        BOOST_TEST(note.batch == std::max(images, groups));
        const std::int64_t image = note.b / 1000;
        const std::int64_t group = note.a;
        BOOST_TEST(note.b == image * 1000 + group * 10);
        BOOST_TEST(note.c == image * 10000 + group * 100);
        ++seen[static_cast<std::size_t>(image * groups + group)];
      }
      for (const int times : seen) BOOST_TEST(times == 1);
    }
}

// Sums over all images are added in float and rounded once.
BOOST_AUTO_TEST_CASE(of_16_bits) {
  const auto f = [](auto x, auto w) {
    const auto g = [](auto a, auto b) { return sum(conv2d(a, b, padding<1>, groups<2>, stride<2, 1>)); };
    return std::pair{conv2d(x, w, padding<1>, groups<2>, stride<2, 1>), gradient(g, wrt<0, 1>)(x, w)};
  };
  auto programs = on_both<ThrustHost>(f, spec<ctgrad::bfloat16, 9, 4, 7, 6>, spec<ctgrad::bfloat16, 6, 2, 3, 3>);
  Tensor<ctgrad::bfloat16, Shape<9, 4, 7, 6>> x;
  Tensor<ctgrad::bfloat16, Shape<6, 2, 3, 3>> w;
  // Sixteenths, so that sums are the same in any order.
  for (int i = 0; i < x.size(); ++i)
    x.data()[i] = static_cast<ctgrad::bfloat16>(static_cast<float>(i * 7 % 31 - 15) / 16);
  for (int i = 0; i < w.size(); ++i)
    w.data()[i] = static_cast<ctgrad::bfloat16>(static_cast<float>(i * 5 % 13 - 6) / 16);
  programs.compare(1.0 / 512, x, w);
}

BOOST_AUTO_TEST_SUITE_END()
