// SPDX-License-Identifier: BSL-1.0
/// \file
/// Named arrays in the safetensors format: an 8-byte length, a JSON header, the elements.
#pragma once

#include "ctgrad/io/safetensors_load.hpp"
#include "ctgrad/io/safetensors_save.hpp"
