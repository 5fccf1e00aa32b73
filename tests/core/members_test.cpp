// SPDX-License-Identifier: BSL-1.0
/// \file
/// The members of a plain struct, counted, reached and named.
#include "ctgrad/core/members.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <string>

BOOST_AUTO_TEST_SUITE(members)

namespace {

struct Part {
  int count = 1;
  double last_value = 2;
};
struct Whole {
  Part first_part;
  float rate = 3;
  std::array<Part, 2> parts;
  Part part4;
};
struct Empty {};
template <class T>
struct Generic {
  T only;
};

/// At run time: while it compiles, nvcc's front end has other names than the program.
template <class T, std::size_t I>
std::string name_of_member() {
  return std::string(ctgrad::detail::member_name<T, I>);
}

}  // namespace

BOOST_AUTO_TEST_CASE(members_are_counted) {
  static_assert(ctgrad::detail::member_count<Empty> == 0);
  static_assert(ctgrad::detail::member_count<Part> == 2);
  static_assert(ctgrad::detail::member_count<const Generic<Part>> == 1);
  Whole whole;
  std::get<1>(ctgrad::detail::tie_members(whole)) = 5;
  BOOST_TEST(whole.rate == 5);
}

BOOST_AUTO_TEST_CASE(members_have_their_names) {
  BOOST_TEST((name_of_member<Part, 0>()) == "count");
  BOOST_TEST((name_of_member<Part, 1>()) == "last_value");
  BOOST_TEST((name_of_member<Whole, 0>()) == "first_part");
  BOOST_TEST((name_of_member<Whole, 1>()) == "rate");
  BOOST_TEST((name_of_member<Whole, 2>()) == "parts");
  BOOST_TEST((name_of_member<Whole, 3>()) == "part4");
  BOOST_TEST((name_of_member<Generic<Part>, 0>()) == "only");
}

BOOST_AUTO_TEST_SUITE_END()
