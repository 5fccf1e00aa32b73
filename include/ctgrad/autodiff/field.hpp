// SPDX-License-Identifier: BSL-1.0
/// \file
/// Derivatives of vector fields: divergence and curl.
#pragma once

#include "ctgrad/autodiff/laplacian.hpp"
#include "ctgrad/graph/adjoint_sum.hpp"

namespace ctgrad {

namespace detail {

/// The sum of the derivatives of each element of the nodes `y` by the same element of the nodes `x`.
constexpr Value trace_of_jacobian(GraphBuilder& b, const int* x, const int* y, int count) {
  const Extent total = total_size(b, x, count);
  Value sum;
  if (total == count && stay_separate(count, smallest(x, count), largest(y, count))) {
    for (int i = 0; i < count; ++i) {
      const Value seed = ones(b, b.nodes.at[x[i]].dtype, b.shape(x[i]));
      int tangent = -1;
      forward(b, x + i, &seed.id, 1, y + i, 1, &tangent);
      sum = added(sum, reshaped(Value{&b, tangent}, ShapeValue{}));
    }
    return sum;
  }
  Vector<int> seeds;
  Vector<int> units;
  Vector<int> single(count);
  Vector<int> tangents(count);
  Extent first = 0;
  for (int i = 0; i < count; ++i) {
    const ShapeValue shape = b.shape(x[i]);
    const DType dtype = b.nodes.at[x[i]].dtype;
    seeds.push_back(placeholder(b, dtype, shape).id);
    units.push_back(unit_vectors(b, dtype, total, first, shape).id);
    first += shape.size();
  }
  forward(b, x, seeds.at, count, y, count, single.at);
  vectorize(b, total, seeds.at, units.at, count, single.at, count, tangents.at);
  for (int i = 0; i < count; ++i)
    sum = added(sum, sum_to(Value{&b, tangents.at[i]} * Value{&b, units.at[i]}, ShapeValue{}));
  return sum;
}

/// The curl from the Jacobian's elements: three numbers, or one in the plane.
constexpr Vector<int> curl_of(GraphBuilder& b, const int* jacobian, int dimension) {
  auto entry = [&](int row, int column) { return Value{&b, jacobian[row * dimension + column]}; };
  Vector<int> result;
  if (dimension == 2) {
    result.push_back((entry(1, 0) - entry(0, 1)).id);
  } else {
    for (int axis = 0; axis < 3; ++axis) {
      const int next = (axis + 1) % 3;
      const int last = (axis + 2) % 3;
      result.push_back((entry(last, next) - entry(next, last)).id);
    }
  }
  return result;
}

/// Checks that a function gives a vector for each vector.
template <class Y, class X>
constexpr void check_field() {
  static_assert(std::is_same_v<leaf_types<Y>, leaf_types<X>>,
                "ctgrad: divergence and curl need a field: a function whose result has the shapes of the argument it "
                "is differentiated by");
  static_assert(all_static<leaf_types<X>>,
                "ctgrad: divergence and curl need arguments of lengths known at compile time; write the field for one "
                "point and map it over the others with vmap");
}

}  // namespace detail

/// The callable that `divergence` returns.
template <class F, class Options>
struct Divergence : detail::Derivative<Divergence<F, Options>> {
  [[no_unique_address]] F function;

  constexpr Divergence() = default;
  constexpr explicit Divergence(const F& f) : function(f) {}

  template <class... X>
  constexpr auto trace(const X&... x) const {
    const auto call = detail::call_fresh<Options::aux>(function, typename Options::wrt{}, std::tuple<X...>{x...});
    using A = std::remove_cvref_t<decltype(call.arguments)>;
    detail::check_field<std::remove_cvref_t<decltype(call.value)>, A>();
    GraphBuilder* builder = detail::builder_of_leaves(call.arguments);
    const detail::Vector<int> inputs = detail::leaf_ids(call.arguments);
    const detail::Vector<int> outputs = detail::leaf_ids(call.value);
    using T = typename detail::leaf_types<A>::template at<0>::element_type;
    const Value sum = detail::trace_of_jacobian(*builder, inputs.data(), outputs.data(), inputs.size());
    return detail::with_extras<Options::aux>(Symbol<T, Shape<>>{builder, sum.id}, call);
  }
};

/// The callable that `curl` returns.
template <class F, class Options>
struct Curl : detail::Derivative<Curl<F, Options>> {
  [[no_unique_address]] F function;

  constexpr Curl() = default;
  constexpr explicit Curl(const F& f) : function(f) {}

  template <class... X>
  constexpr auto trace(const X&... x) const {
    const auto call = detail::call_fresh<Options::aux>(function, typename Options::wrt{}, std::tuple<X...>{x...});
    using A = std::remove_cvref_t<decltype(call.arguments)>;
    using Leaves = detail::leaf_types<A>;
    detail::check_field<std::remove_cvref_t<decltype(call.value)>, A>();
    constexpr Extent dimension = detail::total_elements<Leaves>;
    static_assert(dimension == 2 || dimension == 3,
                  "ctgrad: curl is defined in three dimensions, and in the plane as one number; give it a field of two "
                  "or three numbers");
    static_assert(Leaves::size == 1 || Leaves::size == dimension,
                  "ctgrad: curl needs a field of one array, or of numbers");
    GraphBuilder* builder = detail::builder_of_leaves(call.arguments);
    const auto jacobian = detail::trace_jacobian(call.value, call.arguments, Mode::forward);
    detail::Vector<int> entries = detail::leaf_ids(jacobian);
    using T = typename Leaves::template at<0>::element_type;
    if constexpr (Leaves::size == 1) {
      const Value whole{builder, entries[0]};
      ShapeValue flat;
      flat.push_back(dimension * dimension);
      ShapeValue one;
      one.push_back(1);
      const Value list = detail::reshaped(whole, flat);
      entries.clear();
      for (int i = 0; i < dimension * dimension; ++i)
        entries.push_back(apply_shaped<ops::Slice>(list, one, ops::Slice::make(0, i, 1)).id);
    }
    const detail::Vector<int> parts = detail::curl_of(*builder, entries.data(), static_cast<int>(dimension));
    if constexpr (dimension == 2) {
      const Value number = detail::reshaped(Value{builder, parts[0]}, ShapeValue{});
      return detail::with_extras<Options::aux>(Symbol<T, Shape<>>{builder, number.id}, call);
    } else if constexpr (Leaves::size == 1) {
      const auto part = [&](int i) { return Symbol<T, Shape<1>>{builder, parts[i]}; };
      const auto vector = concat(axis<0>, part(0), part(1), part(2));
      auto result = call.value;
      const Value shaped = detail::reshaped(vector.value(), Leaves::template at<0>::shape_type::value);
      detail::set_leaves(result, builder, &shaped.id);
      return detail::with_extras<Options::aux>(result, call);
    } else {
      auto result = call.value;
      detail::set_leaves(result, builder, parts.data());
      return detail::with_extras<Options::aux>(result, call);
    }
  }
};

/// A callable that computes the divergence of the field `f`, whose result has the shapes of its argument: the sum of
/// the derivatives of each element of the result by the same element of the argument, a number. By the first argument,
/// or those of `wrt<...>`. With `has_aux` the pair `{divergence, extras}`.
template <class F, class... Options>
constexpr auto divergence(const F& f, Options...) {
  return Divergence<F, detail::options<Options...>>(f);
}

/// A callable that computes the curl of the field `f` of three numbers, an array or a structure of numbers, in the
/// structure of the result; in the plane, for two numbers, the derivative of the second by the first less that of the
/// first by the second. Arguments and options as for `divergence`.
template <class F, class... Options>
constexpr auto curl(const F& f, Options...) {
  return Curl<F, detail::options<Options...>>(f);
}

}  // namespace ctgrad
