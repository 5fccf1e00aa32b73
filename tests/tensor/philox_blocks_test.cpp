// SPDX-License-Identifier: BSL-1.0
/// \file
/// Many blocks of Philox at a time: the bits of one block at a time.
#include <ctgrad/tensor/philox_blocks.hpp>
#include <ctgrad/tensor/random.hpp>

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace ctgrad;

BOOST_AUTO_TEST_SUITE(philox_blocks)

BOOST_AUTO_TEST_CASE(blocks_are_those_of_their_indices) {
  constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{0x123456789ABCDEF0U}, last})
    for (const std::uint64_t stream :
         {std::uint64_t{0}, std::uint64_t{1} << 32, std::uint64_t{0xFEDCBA9876543210U}, last})
      // Across the ends of the words of the counter.
      for (const std::uint64_t index : {std::uint64_t{0}, std::uint64_t{0xFFFFFFF8U}, last - 20, last - 3}) {
        PhiloxBlock blocks[detail::philox_blocks_at_once];
        detail::random_blocks(seed, stream, index, blocks);
        for (std::uint64_t i = 0; i < detail::philox_blocks_at_once; ++i)
          BOOST_TEST((blocks[i] == random_block(seed, stream, index + i)));
      }
}

/// Of every length and from every place, fills have the bits of single numbers.
BOOST_AUTO_TEST_CASE(long_fills_agree_with_single_numbers) {
  const RandomStream stream(std::uint64_t{1} << 40, 9);
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{3}, (std::uint64_t{1} << 34) - 100,
                                     std::uint64_t{0} - 8, std::uint64_t{0} - 100})
    for (const std::size_t count : {63U, 64U, 65U, 130U, 200U, 515U}) {
      std::vector<float> unit(count + 1, -1.0F), scaled(count), normal(count);
      std::vector<double> wide(count);
      stream.fill_uniform(std::span(unit).first(count), offset);
      stream.fill_uniform(scaled, offset, 0, 2);
      stream.fill_normal(normal, offset);
      stream.fill_uniform(wide, offset);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < count; ++i) {
        const auto expected = uniform_at<float>(stream.seed(), stream.stream(), offset + i);
        wrong += unit[i] != expected ? 1U : 0U;
        wrong += scaled[i] != 2 * expected ? 1U : 0U;
        wrong += normal[i] != normal_at<float>(stream.seed(), stream.stream(), offset + i) ? 1U : 0U;
        wrong += wide[i] != uniform_at<double>(stream.seed(), stream.stream(), offset + i) ? 1U : 0U;
      }
      BOOST_TEST(wrong == 0U);
      BOOST_TEST(unit.back() == -1.0F);
    }
}

BOOST_AUTO_TEST_SUITE_END()
