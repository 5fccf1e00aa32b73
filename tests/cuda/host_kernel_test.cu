// SPDX-License-Identifier: BSL-1.0
/// \file
/// Loops, solvers and linear algebra in programs on a GPU.
#include "host_kernel_checks.hpp"

#include "device.hpp"

BOOST_AUTO_TEST_SUITE(cuda_host_kernel)

using namespace ctgrad_test;

BOOST_AUTO_TEST_CASE(loops_and_systems, *needs_gpu()) { check_loops_and_systems(); }
BOOST_AUTO_TEST_CASE(systems_of_a_batch, *needs_gpu()) { check_systems_of_a_batch(); }
BOOST_AUTO_TEST_CASE(a_singular_matrix_throws_when_the_result_is_read, *needs_gpu()) {
  check_a_singular_matrix_throws_when_the_result_is_read();
}
BOOST_AUTO_TEST_CASE(training_through_a_solver, *needs_gpu()) { check_training_through_a_solver(); }

BOOST_AUTO_TEST_SUITE_END()
