// SPDX-License-Identifier: BSL-1.0
/// \file
/// Saves the parameters and buffers of a model and loads them back, in the format and with the names of a PyTorch state
/// dict.
#pragma once

#include "ctgrad/io/safetensors.hpp"
#include "ctgrad/nn/parameter_block.hpp"

namespace ctgrad::nn {

/// Writes all parameters and buffers to a safetensors file. The file is complete or, when something fails, the old one
/// is untouched and Error says why.
template <class T>
void save(const std::filesystem::path& path, const ParameterBlock<T>& block, const SafetensorsMetadata& metadata = {}) {
  std::vector<NamedArray> arrays;
  for (const NamedParameter<T>& p : block.parameters())
    arrays.push_back(named_array<T>(p.name, std::vector<std::size_t>(p.shape.begin(), p.shape.end()), p.elements));
  save_safetensors(path, arrays, metadata);
}

namespace detail {

/// True when elements of the type `from` are elements of T, or are so exactly after a conversion from 16 bits.
template <class T>
constexpr bool can_load(std::optional<DType> from) {
  return from == dtype_of<T> || (from && is_half_type(*from) && std::is_floating_point_v<T>);
}

template <class H, class T>
void load_converted(const SafetensorsArray& array, std::span<T> to) {
  const std::vector<H> elements = array.values<H>();
  std::copy(elements.begin(), elements.end(), to.begin());
}

template <class T>
void load_elements(const SafetensorsArray& array, std::span<T> to) {
  if (array.type() == DType::bfloat16) return load_converted<bfloat16>(array, to);
  if (array.type() == DType::float16) return load_converted<float16>(array, to);
  array.copy_to(to);
}

}  // namespace detail

/// Reads all parameters and buffers from a safetensors file. Every one must be there with its shape and element type,
/// or in 16 bits, and nothing else but PyTorch's counters of batches ("num_batches_tracked"), which are left out;
/// otherwise Error says what differs and nothing has changed.
template <class T>
void load(const std::filesystem::path& path, ParameterBlock<T>& block) {
  const SafetensorsFile file = load_safetensors(path);
  std::string missing;
  std::size_t wanted = block.parameters().size();
  for (const SafetensorsArray& array : file.arrays())
    if (array.name.ends_with(".num_batches_tracked")) ++wanted;
  for (const NamedParameter<T>& p : block.parameters()) {
    if (!file.contains(p.name)) {
      missing += (missing.empty() ? "" : ", ") + p.name;
      continue;
    }
    const SafetensorsArray& array = file.at(p.name);
    const std::vector<std::size_t> shape(p.shape.begin(), p.shape.end());
    if (array.shape != shape || !detail::can_load<T>(array.type()))
      throw_error("'" + path.string() + "': the array \"" + p.name + "\" is " + array.dtype + " " +
                  ctgrad::detail::text_of_shape(array.shape) + ", but the model needs " +
                  std::string(name_of(dtype_of<T>)) + " " + ctgrad::detail::text_of_shape(shape) +
                  "; load a file saved from the same model");
  }
  if (!missing.empty() || file.arrays().size() != wanted)
    throw_error("'" + path.string() + "' holds " + std::to_string(file.arrays().size()) + " arrays, the model has " +
                std::to_string(block.parameters().size()) + " parameters" +
                (missing.empty() ? std::string("; remove what is not a parameter from the file")
                                 : "; missing in the file: " + missing));
  for (const NamedParameter<T>& p : block.parameters()) detail::load_elements(file.at(p.name), p.elements);
}

}  // namespace ctgrad::nn
