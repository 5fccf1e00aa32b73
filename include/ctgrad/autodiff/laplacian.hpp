// SPDX-License-Identifier: BSL-1.0
/// \file
/// The sum of the second derivatives along all axes.
#pragma once

#include "ctgrad/autodiff/jacobian.hpp"
#include "ctgrad/passes/taylor.hpp"

namespace ctgrad {

namespace detail {

constexpr Value added(const Value& total, const Value& share) { return total.id < 0 ? share : total + share; }

/// The Laplacians of the nodes `y` by all elements of the nodes `x`, written to `out`: twice the sum of the second
/// coefficients of power series along the unit vectors.
constexpr void laplacians(GraphBuilder& b, const int* x, int inputs, const int* y, int outputs, int* out) {
  const Extent total = total_size(b, x, inputs);
  Vector<Value> sums(outputs);
  Vector<int> series(3 * outputs);
  if (total == inputs && stay_separate(inputs, smallest(x, inputs), largest(y, outputs))) {
    for (int i = 0; i < inputs; ++i) {
      const Value seed = ones(b, b.nodes.at[x[i]].dtype, b.shape(x[i]));
      taylor_series(b, x + i, &seed.id, 1, y, outputs, 2, series.at);
      for (int k = 0; k < outputs; ++k) sums.at[k] = added(sums.at[k], Value{&b, series.at[3 * k + 2]});
    }
  } else {
    Vector<int> seeds;
    Vector<int> units;
    Extent first = 0;
    for (int i = 0; i < inputs; ++i) {
      const ShapeValue shape = b.shape(x[i]);
      const DType dtype = b.nodes.at[x[i]].dtype;
      seeds.push_back(placeholder(b, dtype, shape).id);
      units.push_back(unit_vectors(b, dtype, total, first, shape).id);
      first += shape.size();
    }
    taylor_series(b, x, seeds.at, inputs, y, outputs, 2, series.at);
    Vector<int> single(outputs);
    Vector<int> all(outputs);
    for (int k = 0; k < outputs; ++k) single.at[k] = series.at[3 * k + 2];
    vectorize(b, total, seeds.at, units.at, inputs, single.at, outputs, all.at);
    for (int k = 0; k < outputs; ++k) sums.at[k] = apply_shaped<ops::Sum>(Value{&b, all.at[k]}, b.shape(y[k]), 1);
  }
  for (int k = 0; k < outputs; ++k) out[k] = (sums.at[k] * 2.0).id;
}

}  // namespace detail

/// The callable that `laplacian` returns.
template <class F, class Options>
struct Laplacian : detail::Derivative<Laplacian<F, Options>> {
  [[no_unique_address]] F function;

  constexpr Laplacian() = default;
  constexpr explicit Laplacian(const F& f) : function(f) {}

  template <class... X>
  constexpr auto trace(const X&... x) const {
    const auto call = detail::call_fresh<Options::aux>(function, typename Options::wrt{}, std::tuple<X...>{x...});
    using Arguments = detail::leaf_types<std::remove_cvref_t<decltype(call.arguments)>>;
    static_assert(detail::all_floating<detail::leaf_types<std::remove_cvref_t<decltype(call.value)>>>,
                  "ctgrad: the function to differentiate must return floating numbers, or a structure of them; return "
                  "the rest with has_aux");
    static_assert(detail::all_static<Arguments>,
                  "ctgrad: laplacian needs arguments of lengths known at compile time; write the function for one "
                  "point and map it over the others with vmap");
    GraphBuilder* builder = detail::builder_of_leaves(call.arguments);
    const detail::Vector<int> inputs = detail::leaf_ids(call.arguments);
    const detail::Vector<int> outputs = detail::leaf_ids(call.value);
    detail::Vector<int> out(outputs.size());
    detail::laplacians(*builder, inputs.data(), inputs.size(), outputs.data(), outputs.size(), out.data());
    auto result = call.value;
    detail::set_leaves(result, builder, out.data());
    return detail::with_extras<Options::aux>(result, call);
  }
};

/// A callable that computes the Laplacian of `f`, the sum of its second derivatives by every element of the argument,
/// without the other entries of the Hessian. For a result of several numbers that of each. By the first argument, or
/// those of `wrt<...>`. With `has_aux` the pair `{laplacian, extras}`. For many points: `vmap(laplacian(f))(points)`.
template <class F, class... Options>
constexpr auto laplacian(const F& f, Options...) {
  return Laplacian<F, detail::options<Options...>>(f);
}

}  // namespace ctgrad
