// SPDX-License-Identifier: BSL-1.0
/// \file
/// Pointers, spans and views like std::mdspan as arrays.
#include <boost/test/unit_test.hpp>

#include <array>
#include <numeric>
#include <vector>

#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

namespace {

/// What std::mdspan<T, std::extents<std::size_t, Extents...>, std::layout_stride> has.
template <class T, std::size_t... Extent>
struct Mdspan {
  using element_type = T;
  using Lengths = std::array<std::size_t, sizeof...(Extent)>;

  T* data;
  Lengths lengths{Extent...};
  Lengths strides = row_major(lengths);

  static constexpr std::size_t rank() { return sizeof...(Extent); }
  static constexpr std::size_t static_extent(std::size_t axis) { return Lengths{Extent...}[axis]; }
  constexpr std::size_t extent(std::size_t axis) const { return lengths[axis]; }
  constexpr std::size_t stride(std::size_t axis) const { return strides[axis]; }
  constexpr T* data_handle() const { return data; }

  static constexpr Lengths row_major(const Lengths& lengths) {
    Lengths result{};
    std::size_t stride = 1;
    for (std::size_t axis = rank(); axis-- > 0; stride *= lengths[axis]) result[axis] = stride;
    return result;
  }
};
constexpr std::size_t dynamic = std::dynamic_extent;

std::vector<double> numbers(int count) {
  std::vector<double> result(static_cast<std::size_t>(count));
  std::iota(result.begin(), result.end(), 1);
  return result;
}

bool says(const Error& error, std::string_view text) {
  if (std::string_view(error.what()).find(text) != std::string_view::npos) return true;
  BOOST_TEST_MESSAGE(error.what());
  return false;
}

constexpr auto squares = [](auto x) { return sum(square(x)); };

}  // namespace

BOOST_AUTO_TEST_SUITE(interop_views)

BOOST_AUTO_TEST_CASE(a_pointer_with_a_shape) {
  auto memory = numbers(12);
  const auto view = as_view<Shape<3, 4>>(memory.data());
  static_assert(std::is_same_v<decltype(view), const TensorView<double, Shape<3, 4>>>);
  BOOST_TEST(view(2, 1) == 10);
  view(2, 1) = 0;
  BOOST_TEST(memory[9] == 0);
  const double* readable = memory.data();
  static_assert(std::is_same_v<decltype(as_view<Shape<12>>(readable)), TensorView<const double, Shape<12>>>);
  BOOST_TEST(gradient(squares)(as_view<Shape<12>>(readable))(11) == 24);
}

BOOST_AUTO_TEST_CASE(a_pointer_with_lengths) {
  auto memory = numbers(12);
  const auto view = as_view<Shape<batch, 3>>(memory.data(), {4, 3});
  BOOST_TEST(view.extent(0) == 4);
  BOOST_TEST(gradient(squares)(view)(3, 2) == 24);
  BOOST_CHECK_THROW((as_view<Shape<batch, 3>>(memory.data(), {3, 4})), Error);
  BOOST_CHECK_THROW((as_view<Shape<batch, 3>>(memory.data(), {-1, 3})), Error);
}

BOOST_AUTO_TEST_CASE(spans) {
  auto memory = numbers(12);
  const std::span<double> all(memory);
  BOOST_TEST((as_view<Shape<2, 6>>(all)(1, 0)) == 7);
  const auto rows = as_view<Shape<batch, 3>>(all);
  BOOST_TEST(rows.extent(0) == 4);
  BOOST_TEST(rows(3, 2) == 12);
  static_assert(std::is_same_v<decltype(as_view(all.first<5>())), TensorView<double, Shape<5>>>);
  BOOST_TEST(as_view(std::span<const double, 3>(memory.data() + 1, 3))(2) == 4);

  BOOST_CHECK_EXCEPTION((as_view<Shape<5, 2>>(all)), Error,
                        [](const Error& e) { return says(e, "12 elements does not hold an array of shape [5, 2]"); });
  BOOST_CHECK_THROW((as_view<Shape<batch, 5>>(all)), Error);
  BOOST_TEST((as_view<Shape<batch, 3>>(all.first(0))).extent(0) == 0);
  BOOST_TEST((as_view<Shape<batch, 0>>(all.first(0))).size() == 0);
  BOOST_CHECK_THROW((as_view<Shape<batch, 0>>(all)), Error);
}

// The derivative is written where the caller's span points.
BOOST_AUTO_TEST_CASE(results_go_to_a_span) {
  const auto x = numbers(6);
  std::vector<double> slope(6, -1);
  gradient(squares).into(as_view<Shape<6>>(std::span(slope)), as_view<Shape<6>>(std::span(x)));
  for (std::size_t i = 0; i < 6; ++i) BOOST_TEST(slope[i] == 2 * x[i]);
}

BOOST_AUTO_TEST_CASE(views_of_several_axes) {
  auto memory = numbers(24);
  const Mdspan<double, 2, 3, 4> known{memory.data()};
  static_assert(MdspanLike<Mdspan<double, 2, 3, 4>>);
  static_assert(std::is_same_v<decltype(as_view(known)), TensorView<double, Shape<2, 3, 4>>>);
  BOOST_TEST(as_view(known)(1, 2, 3) == 24);
  BOOST_TEST(gradient(squares)(as_view(known))(1, 0, 0) == 26);

  const Mdspan<const double, dynamic, 4> named{memory.data(), {6, 4}};
  const auto view = as_view<Shape<batch, 4>>(named);
  static_assert(std::is_same_v<decltype(view), const TensorView<const double, Shape<batch, 4>>>);
  BOOST_TEST(view.extent(0) == 6);
  BOOST_TEST(view(5, 3) == 24);
  BOOST_CHECK_THROW((as_view<Shape<batch, 3>>(named)), Error);
  BOOST_CHECK_THROW((as_view<Shape<5, 4>>(named)), Error);
}

BOOST_AUTO_TEST_CASE(strides_that_skip_or_turn) {
  auto memory = numbers(24);
  using Matrix = Mdspan<double, 3, 4>;
  const auto refused = [](const Error& e) { return says(e, "with strides") && says(e, "copy it to a Tensor"); };
  BOOST_CHECK_EXCEPTION(as_view(Matrix{memory.data(), {3, 4}, {1, 3}}), Error, refused);  // by columns
  BOOST_CHECK_EXCEPTION(as_view(Matrix{memory.data(), {3, 4}, {8, 1}}), Error, refused);  // part of wider rows
  BOOST_CHECK_EXCEPTION(as_view(Matrix{memory.data(), {3, 4}, {8, 2}}), Error, refused);
  // What an axis of one element, or of an array without elements, would skip is never reached.
  BOOST_TEST((as_view(Mdspan<double, 1, 4>{memory.data(), {1, 4}, {77, 1}})(0, 3)) == 4);
  BOOST_TEST((as_view(Mdspan<double, 3, 1>{memory.data(), {3, 1}, {1, 77}})(2, 0)) == 3);
  BOOST_TEST((as_view(Mdspan<double, 0, 4>{memory.data(), {0, 4}, {1, 77}}).size()) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
