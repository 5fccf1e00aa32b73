// SPDX-License-Identifier: BSL-1.0
/// \file
/// The main function of every test program, which Boost.Test writes.
#define BOOST_TEST_MODULE ctgrad
#ifndef BOOST_TEST_DYN_LINK
#define BOOST_TEST_DYN_LINK
#endif
#include <boost/test/unit_test.hpp>
