// SPDX-License-Identifier: BSL-1.0
/// \file
/// Every elementwise operation and reduction, for every element type it takes, in a kernel of the GPU: it compiles, and
/// where there is a GPU it gives the CPU's results.
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "ctgrad/ops/list.hpp"
#include "kernel_body.hpp"

BOOST_AUTO_TEST_SUITE(cuda_elementwise)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

using kernels::Do;
using kernels::In;
using kernels::Out;
constexpr InnerAccess contiguous = InnerAccess::contiguous;
constexpr DType dtypes[] = {DType::float32, DType::float64, DType::int32, DType::int64, DType::boolean};

/// The kernel of one operation on operands of dtype D, with a result of dtype R.
template <class Op, DType D, DType R, int Arity = Op::arity>
struct KernelOf;
template <class Op, DType D, DType R>
struct KernelOf<Op, D, R, 1> {
  using type = kernels::Kernel<kernels::List<In<D, contiguous>>, kernels::List<Do<Op, R, 0>>,
                               kernels::List<Out<1, R, contiguous>>>;
};
template <class Op, DType D, DType R>
struct KernelOf<Op, D, R, 2> {
  using type = kernels::Kernel<kernels::List<In<D, contiguous>, In<D, contiguous>>, kernels::List<Do<Op, R, 0, 1>>,
                               kernels::List<Out<2, R, contiguous>>>;
};
template <class Op, DType D, DType R>
struct KernelOf<Op, D, R, 3> {
  static_assert(std::is_same_v<Op, ops::Where>, "the operands of an operation that this test does not know");
  using type = kernels::Kernel<kernels::List<In<DType::boolean, contiguous>, In<D, contiguous>, In<D, contiguous>>,
                               kernels::List<Do<Op, R, 0, 1, 2>>, kernels::List<Out<3, R, contiguous>>>;
};

template <class Op>
constexpr bool takes(DType dtype) {
  switch (Op::takes) {
    case Takes::any:
      return true;
    case Takes::numbers:
      return dtype != DType::boolean;
    case Takes::floating:
      return is_floating(dtype);
    case Takes::booleans:
      return dtype == DType::boolean;
  }
  return false;
}

template <class Op, class... Ops>
constexpr bool is_one_of = (std::is_same_v<Op, Ops> || ...);

/// How far the two results may be apart, in ulp. What is correctly rounded is equal; so is a polynomial where the CPU
/// fuses products with sums as the GPU does, and otherwise both are within the bounds that core/math states.
template <class Op, class T>
constexpr int allowed_ulps() {
#if defined(__FMA__)
  constexpr bool fused_on_host = true;
#else
  constexpr bool fused_on_host = false;
#endif
  if (!std::is_floating_point_v<T> || Op::cheap || is_one_of<Op, ops::Sqrt, ops::Cast, ops::Copy, ops::StopGradient>)
    return 0;
  if (is_one_of<Op, ops::Sin, ops::Cos, ops::Pow> && (sizeof(T) == 4 || !fused_on_host)) return 6;
  if (is_one_of<Op, ops::Sin, ops::Cos>) return 4;  // beyond 2^20: the C library against CUDA
  return fused_on_host ? 0 : 6;
}

/// Values of all kinds. Those of `tame` fit into an int32, and so do their squares.
template <class T>
std::vector<T> interesting_values(bool tame) {
  std::mt19937 random(1);
  std::vector<T> values;
  auto uniform = [&](double low, double high, int count) {
    std::uniform_real_distribution<double> distribution(low, high);
    for (int i = 0; i < count; ++i) values.push_back(static_cast<T>(distribution(random)));
  };
  using Limits = std::numeric_limits<T>;
  for (const int i : {0, 1, -1, 2, -2, 3, -7}) values.push_back(static_cast<T>(i));
  if constexpr (std::is_floating_point_v<T>) {
    values.push_back(T(-0.0));
    values.push_back(T(0.5));
    if (!tame) {
      for (const T x : {Limits::infinity(), Limits::quiet_NaN(), Limits::max(), Limits::min(), Limits::denorm_min(),
                        T(0x1p20), T(3e30), T(1e-30), T(88.8), T(709.9), T(-103.9), T(-745.2)}) {
        values.push_back(x);
        values.push_back(-x);
      }
      uniform(-100, 100, 20);
    }
    uniform(-3, 3, 20);
  } else if (!tame) {
    values.push_back(Limits::max());
    values.push_back(Limits::min());
  }
  uniform(-1000, 1000, 5);
  return values;
}

/// Fills operands with all pairs of interesting values.
template <class T>
int fill_pairs(bool tame, const SharedArray<T>* a, const SharedArray<T>* b) {
  if constexpr (std::is_same_v<T, bool>) {
    constexpr int size = 4;
    for (int i = 0; a && i < size; ++i) {
      (*a)[i] = i % 2 != 0;
      (*b)[i] = i / 2 != 0;
    }
    return size;
  } else {
    const std::vector<T> values = interesting_values<T>(tame);
    const int count = static_cast<int>(values.size());
    for (int i = 0; a && i < count * count; ++i) {
      (*a)[i] = values[static_cast<std::size_t>(i % count)];
      (*b)[i] = values[static_cast<std::size_t>(i / count)];
    }
    return count * count;
  }
}

template <class Op, DType D, DType R>
void check_operation() {
  using K = typename KernelOf<Op, D, R>::type;
  using T = element_t<D>;
  using Result = element_t<R>;
  // C++ leaves integers that overflow, and numbers that no integer can hold, to the compiler.
  constexpr bool tame =
      std::is_same_v<Op, ops::Cast> ||
      (!is_floating(D) && is_one_of<Op, ops::Add, ops::Subtract, ops::Multiply, ops::Negate, ops::Abs, ops::Square>);
  const int size = fill_pairs<T>(tame, nullptr, nullptr);
  const SharedArray<T> a(size), b(size);
  fill_pairs<T>(tame, &a, &b);
  const SharedArray<bool> condition(size);
  for (int i = 0; i < size; ++i) condition[i] = i % 3 != 0;
  const SharedArray<Result> device(size), host(size);

  Arrays arrays{{a.data(), b.data()}, {device.data()}};
  if (Op::arity == 3) arrays = {{condition.data(), a.data(), b.data()}, {device.data()}};
  const std::string what = std::string(Op::name) + " of " + std::string(name_of(D)) + " to " + std::string(name_of(R));
  run_on_device<K>(arrays, size, what.c_str());
  arrays.output[0] = host.data();
  run_on_host<K>(arrays, size);
  compare(device, host, allowed_ulps<Op, Result>(), what);
}

template <class Op, DType D, std::size_t... R>
void check_casts(std::index_sequence<R...>) {
  (check_operation<Op, D, dtypes[R]>(), ...);
}

template <class Op, DType D>
void check_dtype() {
  if constexpr (std::is_same_v<Op, ops::Cast>) {
    check_casts<Op, D>(std::make_index_sequence<std::size(dtypes)>{});
  } else if constexpr (takes<Op>(D)) {
    check_operation<Op, D, Op::result_type(D)>();
  }
}

template <class Op, std::size_t... D>
int check_dtypes(std::index_sequence<D...>) {
  // A user's functions are tested with the programs that call them.
  if constexpr (Op::kind == OpKind::elementwise && !std::is_same_v<Op, ops::UserElementwise>) {
    (check_dtype<Op, dtypes[D]>(), ...);
    return 1;
  } else {
    return 0;
  }
}

template <int... I>
int check_all(std::integer_sequence<int, I...>) {
  return (check_dtypes<ops::List::at<I>>(std::make_index_sequence<std::size(dtypes)>{}) + ...);
}

/// Each thread folds `length` neighbours, as a reduction's loop does.
constexpr int length = 7;
template <class Op, class T>
CTGRAD_HOST_DEVICE void fold(const T* x, T* y, int i) {
  constexpr T start = Op::template identity<T>();
  T result = start;
  for (int k = 0; k < length; ++k) result = Op::combine(result, x[i + k]);
  y[i] = result;
}
template <class Op, class T>
__global__ void fold_kernel(const T* x, T* y, int size) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < size) fold<Op>(x, y, i);
}

template <class Op, class T>
void check_reduction() {
  const std::vector<T> values = interesting_values<T>(true);
  const SharedArray<T> x(static_cast<int>(values.size()));
  for (int i = 0; i < x.size(); ++i) x[i] = values[static_cast<std::size_t>(i)];
  const int size = x.size() - length + 1;
  const SharedArray<T> device(size), host(size);
  fold_kernel<Op><<<static_cast<unsigned>(size + 127) / 128, 128>>>(x.data(), device.data(), size);
  finish("a reduction");
  for (int i = 0; i < size; ++i) fold<Op>(x.data(), host.data(), i);
  compare(device, host, 0, std::string(Op::name) + " of " + std::string(name_of(dtype_of<T>)));
}

template <class Op>
void check_reductions() {
  check_reduction<Op, float>();
  check_reduction<Op, double>();
  check_reduction<Op, std::int32_t>();
  check_reduction<Op, std::int64_t>();
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_elementwise_operation_gives_the_results_of_the_cpu, *needs_gpu()) {
  const int operations = check_all(std::make_integer_sequence<int, ops::List::size>{});
  BOOST_TEST(operations >= 32);
}

BOOST_AUTO_TEST_CASE(reductions_combine_as_on_the_cpu, *needs_gpu()) {
  check_reductions<ops::Sum>();
  check_reductions<ops::Max>();
  check_reductions<ops::Min>();
}

BOOST_AUTO_TEST_SUITE_END()
