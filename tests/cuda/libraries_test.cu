// SPDX-License-Identifier: BSL-1.0
/// \file
/// cuBLAS, cuBLASLt and cuDNN on a GPU: their results against the definitions, run step by step and from a recorded
/// graph.
#include <ctgrad/device/cuda/cublaslt.hpp>
#if defined(CTGRAD_HAS_CUDNN)
#include <ctgrad/device/cuda/cudnn.hpp>
#endif
#include <ctgrad/device/cuda/graph.hpp>

#include "../device/cuda/batch_norms.hpp"
#include "../device/cuda/convolutions.hpp"
#include "../device/cuda/poolings.hpp"
#include "../device/cuda/products.hpp"
#include "device.hpp"

BOOST_AUTO_TEST_SUITE(cuda_libraries)

using namespace ctgrad;
using namespace ctgrad_test;

namespace {

class Stream {
public:
  Stream() { check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags"); }
  ~Stream() { cudaStreamDestroy(stream_); }
  operator cudaStream_t() const { return stream_; }
  void wait() const { check_cuda(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }

private:
  cudaStream_t stream_ = nullptr;
};

/// A copy of some numbers in memory that host and GPU see.
template <class T>
struct Shared : SharedArray<T> {
  explicit Shared(const std::vector<T>& numbers) : SharedArray<T>(static_cast<int>(numbers.size()) + 1) {
    for (std::size_t i = 0; i < numbers.size(); ++i) (*this)[static_cast<int>(i)] = numbers[i];
  }
};

/// Largest difference allowed, in parts of the largest element. The numbers are small integers: their products and sums
/// are exact in every order, but an algorithm that transforms them first (Winograd, FFT) rounds.
template <class T>
constexpr double allowed_difference() {
  return sizeof(T) == 8 ? 1e-10 : sizeof(T) == 4 ? 1e-4 : 0.01;
}
/// TF32 has three digits.
constexpr double allowed_with_tf32 = 5e-3;

template <class T>
void check_close(const SharedArray<T>& found, const std::vector<T>& wanted, double allowed, const std::string& what) {
  double scale = 1;
  for (const T w : wanted) scale = std::max(scale, std::abs(static_cast<double>(w)));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double difference =
        std::abs(static_cast<double>(found[static_cast<int>(i)]) - static_cast<double>(wanted[i]));
    BOOST_REQUIRE_MESSAGE(difference <= allowed * scale, what << ": element " << i << " is "
                                                              << static_cast<double>(found[static_cast<int>(i)])
                                                              << ", not " << static_cast<double>(wanted[i]));
  }
}

/// Runs work() plainly, then from a graph. The work must leave the same result when it is done again, from `before`.
template <class T, class Work>
void run_both_ways(const Stream& stream, SharedArray<T>& result, const std::vector<T>& before,
                   const std::vector<T>& wanted, double allowed, const std::string& what, const Work& work) {
  auto reset = [&] {
    stream.wait();
    for (std::size_t i = 0; i < before.size(); ++i) result[static_cast<int>(i)] = before[i];
  };
  reset();
  work();
  stream.wait();
  check_close(result, wanted, allowed, what);
  reset();
  cuda::RecordedGraph graph;
  graph.record(stream, work);
  graph.launch(stream);
  stream.wait();
  check_close(result, wanted, allowed, what + ", recorded");
}

template <class T, class Multiply>
void check_product(const Stream& stream, OwnedProduct<T> owned, const Multiply& multiply) {
  std::vector<T> wanted = owned.c;
  MatrixProduct<T> by_definition = owned.p;
  by_definition.c = wanted.data();
  multiply_in_rows(by_definition);
  const Shared<T> a(owned.a);
  const Shared<T> b(owned.b);
  Shared<T> c(owned.c);
  MatrixProduct<T> p = owned.p;
  p.a = a.data();
  p.b = b.data();
  p.c = c.data();
  run_both_ways(stream, c, owned.c, wanted, allowed_difference<T>(), cuda::to_text(p), [&] { multiply(p); });
}

template <class T, class Multiply>
void check_products(const Stream& stream, const Multiply& multiply) {
  for (const std::int64_t batch : {1, 3})
    for (unsigned bits = 0; bits < 64; ++bits) {
      auto bit = [&](int i) { return (bits >> i & 1U) != 0; };
      check_product(stream, OwnedProduct<T>(batch, 17, 24, 33, bit(0), bit(1), bit(2), bit(3), bit(4), bit(5) ? 3 : 0),
                    multiply);
    }
  const std::int64_t sizes[][3] = {{1, 64, 64}, {64, 1, 64}, {1, 1, 1000}, {5, 7, 0}, {128, 256, 64}};
  for (const auto& size : sizes)
    check_product(stream, OwnedProduct<T>(1, size[0], size[1], size[2], false, false, false, false, false, 0),
                  multiply);
}

}  // namespace

BOOST_AUTO_TEST_CASE(cublas_products, *needs_gpu()) {
  const Stream stream;
  cuda::Cublas cublas(stream);
  check_products<float>(stream, [&](const auto& p) { cublas.multiply(p, false); });
  check_products<float>(stream, [&](const auto& p) { cublas.multiply(p, true); });
  check_products<double>(stream, [&](const auto& p) { cublas.multiply(p, false); });
  check_products<bfloat16>(stream, [&](const auto& p) { cublas.multiply(p, false); });
  check_products<float16>(stream, [&](const auto& p) { cublas.multiply(p, false); });
}

BOOST_AUTO_TEST_CASE(a_long_batch, *needs_gpu()) {
  const Stream stream;
  cuda::Cublas cublas(stream);
  check_product(stream, OwnedProduct<float>(70000, 2, 3, 4, false, false, false, false, false, 0),
                [&](const auto& p) { cublas.multiply(p, false); });
}

BOOST_AUTO_TEST_CASE(cublaslt_products, *needs_gpu()) {
  const Stream stream;
  cuda::Cublas cublas(stream);
  for (const bool measures : {false, true}) {
    cuda::CublasLt lt(cublas);
    lt.autotune(measures);
    auto multiply = [&](const auto& p) {
      if (!lt.multiply(p, false)) cublas.multiply(p, false);
    };
    check_products<float>(stream, multiply);
    check_products<double>(stream, multiply);
    check_products<bfloat16>(stream, multiply);
  }
}

BOOST_AUTO_TEST_CASE(cublaslt_epilogues, *needs_gpu()) {
  const Stream stream;
  cuda::Cublas cublas(stream);
  cuda::CublasLt lt(cublas);
  for (const cuda::Epilogue epilogue : {cuda::Epilogue::bias, cuda::Epilogue::relu, cuda::Epilogue::bias_relu}) {
    const bool has_bias = epilogue != cuda::Epilogue::relu;
    OwnedProduct<float> owned(1, 40, 24, 32, false, true, false, false, false, 0);
    SharedArray<float> bias(24);
    for (int j = 0; j < 24; ++j) bias[j] = static_cast<float>(3 * j - 30);
    std::vector<float> wanted = owned.c;
    MatrixProduct<float> by_definition = owned.p;
    by_definition.c = wanted.data();
    multiply_in_rows(by_definition);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (has_bias) wanted[i] += bias[static_cast<int>(i % 24)];
      if (epilogue != cuda::Epilogue::bias && wanted[i] < 0) wanted[i] = 0;
    }
    const Shared<float> a(owned.a);
    const Shared<float> b(owned.b);
    Shared<float> c(owned.c);
    MatrixProduct<float> p = owned.p;
    p.a = a.data();
    p.b = b.data();
    p.c = c.data();
    run_both_ways(stream, c, owned.c, wanted, allowed_difference<float>(), "epilogue",
                  [&] { BOOST_TEST(lt.multiply(p, false, epilogue, has_bias ? bias.data() : nullptr)); });
  }
}

#if defined(CTGRAD_HAS_CUDNN)

namespace {

class Scratch {
public:
  void* operator()(std::size_t bytes) {
    if (bytes > memory_.bytes()) {
      memory_.reserve(bytes);
      check_cuda(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
    }
    return memory_.data();
  }

private:
  cuda::DeviceMemory memory_;
};

template <StepKind Kind, class T>
void check_convolutions(const Stream& stream, cuda::Cudnn& cudnn, bool allows_tf32) {
  std::vector<ConvolutionShape> shapes = all_convolutions();
  // Layers as networks have them: LeNet-5, a 3x3 of many channels, a strided one, depthwise.
  shapes.push_back(convolution(8, 1, 6, 28, 28, {{5, 5}, {1, 1}, {2, 2}, {1, 1}, 1}));
  shapes.push_back(convolution(2, 32, 64, 14, 14, {{3, 3}, {1, 1}, {1, 1}, {1, 1}, 1}));
  shapes.push_back(convolution(2, 16, 32, 15, 15, {{3, 3}, {2, 2}, {1, 1}, {1, 1}, 1}));
  shapes.push_back(convolution(2, 32, 32, 10, 10, {{3, 3}, {1, 1}, {1, 1}, {1, 1}, 32}));
  Scratch scratch;
  for (const ConvolutionShape& s : shapes) {
    const ConvolutionCase<T> c(Kind, s);
    const Shared<T> a(c.a);
    const Shared<T> b(c.b);
    const std::vector<T> before(c.wanted.size(), T(7));
    Shared<T> result(before);
    const std::string what = cuda::to_text(Kind, dtype_of<T>, s);
    auto work = [&] {
      return cudnn.convolve<Kind, T>(s, a.data(), b.data(), result.data(), allows_tf32,
                                     [&](std::size_t bytes) { return scratch(bytes); });
    };
    if (!work()) {
      BOOST_TEST(sizeof(T) == 2, "cuDNN has no algorithm for " << what);
      continue;
    }
    run_both_ways(stream, result, before, c.wanted, allows_tf32 ? allowed_with_tf32 : allowed_difference<T>(), what,
                  [&] { BOOST_TEST(work()); });
  }
}

template <class T>
void check_all_kinds(bool measures, bool allows_tf32) {
  const Stream stream;
  cuda::Cudnn cudnn(stream);
  cudnn.autotune(measures);
  check_convolutions<StepKind::conv2d, T>(stream, cudnn, allows_tf32);
  check_convolutions<StepKind::conv2d_input_gradient, T>(stream, cudnn, allows_tf32);
  check_convolutions<StepKind::conv2d_weight_gradient, T>(stream, cudnn, allows_tf32);
}

}  // namespace

BOOST_AUTO_TEST_CASE(cudnn_convolutions, *needs_gpu()) {
  check_all_kinds<float>(false, false);
  check_all_kinds<double>(false, false);
}

BOOST_AUTO_TEST_CASE(cudnn_convolutions_of_16_bit_numbers, *needs_gpu()) {
  check_all_kinds<bfloat16>(false, false);
  check_all_kinds<float16>(false, false);
}

BOOST_AUTO_TEST_CASE(cudnn_convolutions_with_tf32, *needs_gpu()) { check_all_kinds<float>(false, true); }

BOOST_AUTO_TEST_CASE(cudnn_convolutions_measured, *needs_gpu()) {
  check_all_kinds<float>(true, false);
  check_all_kinds<double>(true, false);
}

namespace {

template <StepKind Kind, class T>
void check_pooling(const Stream& stream, cuda::Cudnn& cudnn, const PoolingShape& s, const PoolingCase<T>& c) {
  const Shared<T> from(c.from);
  const std::vector<T> before(c.wanted.size(), T(7));
  Shared<T> result(before);
  const std::string what = cuda::to_text(Kind, dtype_of<T>, s);
  run_both_ways(stream, result, before, c.wanted, allowed_difference<T>(), what,
                [&] { BOOST_TEST((cudnn.pool<Kind, T>(s, from.data(), result.data())), what); });
}

template <class T>
void check_poolings() {
  const Stream stream;
  cuda::Cudnn cudnn(stream);
  std::vector<PoolingShape> shapes = all_poolings();
  // Layers as networks have them: ResNet's first, and its last.
  shapes.push_back(pooling(4, 16, 56, 56, {{3, 3}, {2, 2}, {1, 1}, {1, 1}, 1}));
  shapes.push_back(pooling(4, 64, 7, 7, {{7, 7}, {1, 1}, {0, 0}, {1, 1}, 1}));
  for (const PoolingShape& s : shapes) {
    check_pooling<StepKind::max_pool2d>(stream, cudnn, s, PoolingCase<T>(StepKind::max_pool2d, s));
    check_pooling<StepKind::avg_pool2d>(stream, cudnn, s, PoolingCase<T>(StepKind::avg_pool2d, s));
    check_pooling<StepKind::avg_pool2d_gradient>(stream, cudnn, s, PoolingCase<T>(StepKind::avg_pool2d_gradient, s));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(cudnn_poolings, *needs_gpu()) {
  check_poolings<float>();
  check_poolings<double>();
}
BOOST_AUTO_TEST_CASE(cudnn_poolings_of_16_bit_numbers, *needs_gpu()) {
  check_poolings<bfloat16>();
  check_poolings<float16>();
}

namespace {

/// Forward, then reverse from the statistics that forward left: by the definition, and from a graph as well.
template <class T>
void check_batch_norm(const Stream& stream, cuda::Cudnn& cudnn, const BatchNormShape& s) {
  const BatchNormCase<T> c(s);
  const Shared<T> x(c.x);
  const Shared<T> t(c.t);
  const Shared<T> weight(c.weight);
  const Shared<T> bias(c.bias);
  Shared<T> statistics(c.statistics);
  const std::vector<T> before(c.x.size(), T(7));
  Shared<T> y(before);
  Shared<T> by_x(before);
  Shared<T> sums(c.sums);
  const std::string what = cuda::to_text("batch_norm", dtype_of<T>, s);
  run_both_ways(stream, y, before, c.y, allowed_difference<T>(), what, [&] {
    BOOST_TEST(cudnn.batch_norm(
                   BatchNormCall<T>{s, c.epsilon, x.data(), weight.data(), bias.data(), y.data(), statistics.data()}),
               what);
  });
  c.check_statistics(statistics.data(), allowed_difference<T>());
  run_both_ways(stream, by_x, before, c.by_x, allowed_difference<T>(), what + ", reverse", [&] {
    BOOST_TEST(cudnn.batch_norm(BatchNormGradientCall<T>{s, c.epsilon, x.data(), t.data(), statistics.data(),
                                                         by_x.data(), sums.data(), sums.data() + s.channels}),
               what);
  });
  check_close(sums, c.sums, allowed_difference<T>(), what + ", weight and bias");
}

template <class T>
void check_batch_norms() {
  const Stream stream;
  cuda::Cudnn cudnn(stream);
  for (const BatchNormShape& s : all_batch_norms()) check_batch_norm<T>(stream, cudnn, s);
  check_batch_norm<T>(stream, cudnn, batch_norm_shape(16, 64, 56, 56));
}

}  // namespace

// The variance has the divisor n - 1, the saved scale n; running statistics of 0 are moved all the way.
BOOST_AUTO_TEST_CASE(cudnn_batch_norms, *needs_gpu()) {
  check_batch_norms<float>();
  check_batch_norms<double>();
}

// More results than one call takes, and windows as in the report that is the reason for that.
BOOST_AUTO_TEST_CASE(cudnn_poolings_of_many_planes, *needs_gpu()) {
  const Stream stream;
  cuda::Cudnn cudnn(stream);
  const PoolingShape s = pooling(3, 3, 1000, 1100, {{9, 9}, {1, 1}, {4, 4}, {1, 1}, 1});
  check_pooling<StepKind::max_pool2d>(stream, cudnn, s, PoolingCase<float>(StepKind::max_pool2d, s));
}

// cuDNN's documentation does not speak of windows that hold nothing but -infinity.
BOOST_AUTO_TEST_CASE(cudnn_poolings_of_nan_and_infinities, *needs_gpu()) {
  const Stream stream;
  cuda::Cudnn cudnn(stream);
  const PoolingShape s = pooling(1, 1, 4, 4, {{2, 2}, {2, 2}, {0, 0}, {1, 1}, 1});
  PoolingCase<float> c(StepKind::max_pool2d, s);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const int i : {0, 1, 4, 5}) c.from[static_cast<std::size_t>(i)] = -infinity;
  c.from[3] = std::numeric_limits<float>::quiet_NaN();
  c.from[8] = infinity;
  const Shared<float> from(c.from);
  Shared<float> result(c.wanted);
  BOOST_REQUIRE((cudnn.pool<StepKind::max_pool2d, float>(s, from.data(), result.data())));
  stream.wait();
  BOOST_TEST(result[0] == -infinity);
  BOOST_TEST(std::isnan(result[1]));
  BOOST_TEST(result[2] == infinity);
}

BOOST_AUTO_TEST_CASE(cudnn_results_are_the_same_every_time, *needs_gpu()) {
  const Stream stream;
  cuda::Cudnn cudnn(stream);
  const ConvolutionShape s = convolution(16, 16, 32, 20, 20, {{3, 3}, {1, 1}, {1, 1}, {1, 1}, 1});
  ConvolutionCase<float> c(StepKind::conv2d_weight_gradient, s);
  for (float& x : c.a) x *= 0.37F;  // sums that depend on the order
  const Shared<float> a(c.a);
  const Shared<float> b(c.b);
  Scratch scratch;
  auto run = [&](SharedArray<float>& result) {
    BOOST_REQUIRE((cudnn.convolve<StepKind::conv2d_weight_gradient, float>(
        s, a.data(), b.data(), result.data(), false, [&](std::size_t bytes) { return scratch(bytes); })));
    stream.wait();
  };
  SharedArray<float> first(static_cast<int>(c.wanted.size()));
  SharedArray<float> again(static_cast<int>(c.wanted.size()));
  run(first);
  for (int i = 0; i < 20; ++i) {
    run(again);
    for (int k = 0; k < first.size(); ++k) BOOST_REQUIRE(first[k] == again[k]);
  }
}

#endif

/// A machine without a GPU is told so in one sentence.
BOOST_AUTO_TEST_CASE(no_gpu) {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess && count > 0) {
    BOOST_CHECK_NO_THROW(cuda::check_driver(0));
    BOOST_CHECK_THROW(cuda::check_driver(count), Error);
    return;
  }
  BOOST_CHECK_EXCEPTION(cuda::check_driver(0), Error, [](const Error& error) {
    const std::string text = error.what();
    return text.starts_with("ctgrad: ") && text.ends_with("run on ctgrad::Cpu");
  });
}

BOOST_AUTO_TEST_SUITE_END()
