// SPDX-License-Identifier: BSL-1.0
/// \file
/// Compares the derivatives of a function with differences of its values, and says where they disagree.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iosfwd>
#include <string>
#include <vector>

#include "ctgrad/autodiff/gradient.hpp"
#include "ctgrad/autodiff/jvp.hpp"

namespace ctgrad {

/// How `check_gradients` compares. A zero asks for what fits the element type.
struct CheckSettings {
  /// The distance of the points of a difference, times the larger of 1 and the magnitude of the element: 1e-3 for
  /// double, 2e-2 for float, 1/8 for 16-bit types.
  double step = 0;
  /// The largest error that passes, relative to the largest magnitude in the gradient by the array, and to 1e-3 times
  /// that of all arrays: 1e-7 for double, 1e-2 for float, 0.1 for 16-bit types.
  double tolerance = 0;
  /// Elements compared in each array, spread evenly over it.
  int most_elements = 256;
};

/// What was found for one array or number among the arguments.
struct CheckedArgument {
  /// "argument 0", "argument 1.velocity", "argument 0[2]".
  std::string name;
  std::vector<std::int64_t> extents;
  std::int64_t compared = 0;
  /// Where the worst element stands, and its derivative by reverse mode and by differences.
  std::vector<std::int64_t> worst;
  double analytic = 0;
  double numeric = 0;
  double relative_error = 0;
  bool passed = true;
};

/// The result of `check_gradients`; printing it with << gives one line for each array among the arguments.
struct GradientReport {
  std::vector<CheckedArgument> arguments;
  /// The derivative along one direction, by forward mode and from the gradient.
  double forward = 0;
  double along_gradient = 0;
  bool forward_passed = true;
  double tolerance = 0;

  bool passed() const {
    bool all_passed = forward_passed;
    for (const CheckedArgument& argument : arguments) all_passed = all_passed && argument.passed;
    return all_passed;
  }
  explicit operator bool() const { return passed(); }
};

namespace detail {

/// The number of a result that a check differentiates: a scalar itself, of others a sum with different weights.
struct WeightedSum {
  template <class T, class S>
  constexpr auto operator()(const Symbol<T, S>& y) const {
    if constexpr (S::rank == 0) {
      return y;
    } else if constexpr (S::value.is_static()) {
      const auto count = ctgrad_arange<T, static_cast<int>(S::value.size())>(y);
      return sum(y * reshape(sin(count * 1.7 + 1.1) + 1.3, S{}));
    } else {
      return sum(y);
    }
  }
};

template <class F>
struct CheckedFunction {
  [[no_unique_address]] F function;

  template <class... X>
  constexpr auto operator()(const X&... x) const {
    const auto result = function(x...);
    static_assert(all_floating<leaf_types<std::remove_const_t<decltype(result)>>>,
                  "ctgrad: check_gradients needs a function that returns floating numbers, or a structure of them");
    return add_leaves(result);
  }

private:
  template <class Y>
  static constexpr auto add_leaves(const Y& y) {
    if constexpr (Leaf<Y>) {
      return WeightedSum{}(y);
    } else if constexpr (is_tuple_like<Y>) {
      return std::apply([](const auto&... part) { return (add_leaves(part) + ...); }, y);
    } else {
      auto members = tie_members(y);
      return std::apply([](const auto&... part) { return (add_leaves(part) + ...); }, members);
    }
  }
};

/// The arguments that can be differentiated by.
template <class... X, std::size_t... I>
constexpr auto floating_arguments(std::index_sequence<I...>) {
  constexpr bool floating[] = {can_differentiate_by<X>...};
  constexpr std::size_t count = (static_cast<std::size_t>(can_differentiate_by<X>) + ... + 0);
  static_assert(count > 0, "ctgrad: check_gradients needs an argument of floating numbers");
  constexpr auto chosen = [&] {
    std::array<int, count> result{};
    std::size_t next = 0;
    for (std::size_t i = 0; i < sizeof...(X); ++i)
      if (floating[i]) result[next++] = static_cast<int>(i);
    return result;
  }();
  return [&]<std::size_t... K>(std::index_sequence<K...>) { return Wrt<chosen[K]...>{}; }
  (std::make_index_sequence<count>{});
}

/// Copies of arguments that can be changed: views become tensors.
template <class X>
owned<traced<X>> own_copy(const X& x) {
  CopiedLeaves<leaf_types<X>::size> leaves = leaves_of(x);
  return make_owned<owned<traced<X>>>(leaves);
}

/// Calls visit(name, leaf) for each leaf.
template <class X, class Visit>
void for_each_named_leaf(X& x, const std::string& name, Visit& visit) {
  using Plain = std::remove_const_t<X>;
  auto numbered = [&](auto&... part) {
    std::size_t i = 0;
    (for_each_named_leaf(part, name + "[" + std::to_string(i++) + "]", visit), ...);
  };
  if constexpr (Leaf<Plain>) {
    visit(name, x);
  } else if constexpr (is_tuple_like<Plain>) {
    std::apply(numbered, x);
  } else {
    auto members = tie_members(x);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (for_each_named_leaf(std::get<I>(members), name + "." + std::string(member_name<Plain, I>), visit), ...);
    }
    (std::make_index_sequence<member_count<Plain>>{});
  }
}

/// The elements of a leaf.
template <class X>
auto elements_of(X& x) {
  if constexpr (is_number<std::remove_const_t<X>>) {
    return std::span<X>(&x, 1);
  } else {
    return x.span();
  }
}
template <class X>
std::vector<std::int64_t> extents_of(const X& x) {
  if constexpr (is_number<X>) {
    return {};
  } else {
    return {x.extents().begin(), x.extents().end()};
  }
}
template <class X>
using leaf_element = typename LeafSpec<std::remove_const_t<X>>::type::element_type;

inline std::vector<std::int64_t> index_of(std::int64_t position, const std::vector<std::int64_t>& extents) {
  std::vector<std::int64_t> index(extents.size());
  for (std::size_t axis = extents.size(); axis-- > 0;) {
    index[axis] = position % extents[axis];
    position /= extents[axis];
  }
  return index;
}

/// The derivative of `value()` by `x`, from its values at four points around it (error of fourth order).
template <class T, class Value>
double difference(T& x, double step, const Value& value) {
  const T at = x;
  const double h = step * std::max(1.0, std::abs(static_cast<double>(at)));
  auto moved = [&](double distance) {
    x = static_cast<T>(static_cast<double>(at) + distance);
    return value();
  };
  const double result = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
  x = at;
  return result;
}

}  // namespace detail

/// Checks the derivatives of `f` at the given arguments: the gradient by reverse mode against differences of the
/// values of f, element by element, and the derivative along a direction by forward mode against the gradient.
/// Arguments of integers and booleans are passed on. Where `f` returns more than one number, what is differentiated is
/// a sum of all of them with different weights. `f` must be smooth within two steps of the arguments.
///
///     const auto report = check_gradients(f, x, y);
///     if (!report) std::cout << report;
template <class F, class... X>
GradientReport check_gradients(const CheckSettings& settings, const F&, const X&... x) {
  using Function = detail::CheckedFunction<F>;
  constexpr auto by = detail::floating_arguments<X...>(std::index_sequence_for<X...>{});
  using Choice = detail::Selected<std::remove_const_t<decltype(by)>, X...>;
  using First = typename detail::leaf_types<typename Choice::type>::template at<0>;
  constexpr DType dtype = dtype_of<detail::leaf_element<First>>;
  constexpr int precision = dtype == DType::float64 ? 0 : dtype == DType::float32 ? 1 : 2;
  constexpr double steps[] = {1e-3, 2e-2, 0.125};
  constexpr double tolerances[] = {1e-7, 1e-2, 0.1};
  constexpr double forward_tolerances[] = {1e-10, 1e-4, 5e-2};

  GradientReport report;
  report.tolerance = settings.tolerance > 0 ? settings.tolerance : tolerances[precision];
  const double step = settings.step > 0 ? settings.step : steps[precision];

  std::tuple point{detail::own_copy(x)...};
  const auto value = [&] { return static_cast<double>(std::apply(compiled(Function{}), point)); };
  auto slope = std::apply(gradient(Function{}, by), point);

  // The gradient's leaves, in the order of the leaves of the arguments that have one.
  std::vector<std::vector<double>> slopes;
  double largest = 0;
  detail::for_each_leaf(slope, [&](const auto& leaf) {
    std::vector<double> numbers;
    for (const auto number : detail::elements_of(leaf)) numbers.push_back(static_cast<double>(number));
    for (const double number : numbers) largest = std::max(largest, std::abs(number));
    slopes.push_back(std::move(numbers));
  });

  std::size_t next = 0;
  auto check = [&](const std::string& name, auto& leaf) {
    const std::vector<double>& analytic = slopes[next++];
    const auto elements = detail::elements_of(leaf);
    CheckedArgument found;
    found.name = name;
    found.extents = detail::extents_of(leaf);
    double scale = 1e-3 * largest;
    for (const double number : analytic) scale = std::max(scale, std::abs(number));
    const auto size = static_cast<std::int64_t>(elements.size());
    const std::int64_t stride = std::max<std::int64_t>(1, (size + settings.most_elements - 1) / settings.most_elements);
    for (std::int64_t i = 0; i < size; i += stride) {
      const auto at = static_cast<std::size_t>(i);
      const double numeric = detail::difference(elements[at], step, value);
      const double bound = std::max({scale, std::abs(numeric) * 1e-3, 1e-30});
      const double error = std::abs(analytic[at] - numeric) / bound;
      ++found.compared;
      // Also true for NaN, which is worse than any number.
      if (found.compared == 1 || !(error <= found.relative_error)) {
        found.worst = detail::index_of(i, found.extents);
        found.analytic = analytic[at];
        found.numeric = numeric;
        found.relative_error = error;
        if (std::isnan(error)) break;
      }
    }
    found.passed = found.compared == 0 || found.relative_error <= report.tolerance;
    report.arguments.push_back(std::move(found));
  };
  std::size_t position = 0;
  auto check_argument = [&](auto& argument) {
    using A = std::remove_cvref_t<decltype(argument)>;
    const std::string name = "argument " + std::to_string(position++);
    if constexpr (detail::can_differentiate_by<A>) detail::for_each_named_leaf(argument, name, check);
  };
  std::apply([&](auto&... argument) { (check_argument(argument), ...); }, point);

  // Along a direction of different numbers: forward mode must agree with reverse mode nearly to the last digit.
  auto direction = slope;
  double magnitude = 0;
  int count = 0;
  next = 0;
  detail::for_each_leaf(direction, [&](auto& leaf) {
    const std::vector<double>& analytic = slopes[next++];
    std::size_t i = 0;
    for (auto& number : detail::elements_of(leaf)) {
      number = static_cast<std::remove_cvref_t<decltype(number)>>(std::sin(++count * 1.3));
      const double product = analytic[i++] * static_cast<double>(number);
      report.along_gradient += product;
      magnitude += std::abs(product);
    }
  });
  const auto tangents = [&] {
    if constexpr (std::remove_const_t<decltype(by)>::count == 1) {
      return std::tuple{direction};
    } else {
      return direction;
    }
  }();
  report.forward =
      static_cast<double>(std::apply(directional_derivative(Function{}, by), std::tuple_cat(point, tangents)));
  report.forward_passed =
      std::abs(report.forward - report.along_gradient) <= forward_tolerances[precision] * std::max(magnitude, 1e-30);
  return report;
}

template <class F, class... X>
requires(!std::is_same_v<F, CheckSettings>) GradientReport check_gradients(const F& f, const X&... x) {
  return check_gradients(CheckSettings{}, f, x...);
}

namespace detail {

inline std::string text_of_report(const GradientReport& report) {
  auto number = [](double x) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.10g", x);
    return std::string(text);
  };
  auto brief = [](double x) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.1e", x);
    return std::string(text);
  };
  auto list = [](const std::vector<std::int64_t>& numbers) {
    std::string joined;
    for (const std::int64_t n : numbers) joined += (joined.empty() ? "" : ", ") + std::to_string(n);
    return joined;
  };
  std::string text;
  for (const CheckedArgument& argument : report.arguments) {
    text += (argument.passed ? "ok    " : "WRONG ") + argument.name;
    if (!argument.extents.empty()) text += " [" + list(argument.extents) + "]";
    text += ": " + std::to_string(argument.compared) + (argument.compared == 1 ? " derivative" : " derivatives");
    if (argument.compared > 0) {
      if (!argument.worst.empty()) text += ", worst at (" + list(argument.worst) + ")";
      text += ": by reverse mode " + number(argument.analytic) + ", by differences " + number(argument.numeric) +
              ", relative error " + brief(argument.relative_error);
    }
    text += "\n";
  }
  text += (report.forward_passed ? "ok    " : "WRONG ") +
          ("forward mode: along a direction " + number(report.forward)) + ", from the gradient " +
          number(report.along_gradient) + "\n";
  return text + (report.passed() ? "all derivatives agree within " : "some derivatives are further apart than ") +
         brief(report.tolerance) + "\n";
}

}  // namespace detail

/// One line for each array among the arguments, one for forward mode, and the verdict.
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const GradientReport& report) {
  return out << detail::text_of_report(report);
}

}  // namespace ctgrad
