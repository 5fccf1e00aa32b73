// SPDX-License-Identifier: BSL-1.0
/// \file
/// Everything for the CPU, and the device ThrustHost: what runs on a GPU, on the host's threads.
#pragma once

#include "ctgrad/ctgrad.hpp"
#include "ctgrad/device/thrust_host/thrust_host.hpp"
