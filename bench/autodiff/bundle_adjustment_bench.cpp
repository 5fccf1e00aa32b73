// SPDX-License-Identifier: BSL-1.0
/// \file
/// The reprojection errors of ADBench's bundle adjustment (F. Srajer, Z. Kukelova and A. Fitzgibbon, 2018): where 31843
/// observations of points by cameras should be and are, and the derivatives of each by the camera, the point and the
/// weight.
#include <vector>

#include "derivative_contest.hpp"

namespace {

using namespace derivatives;

constexpr int cameras = 49, points = 7776, observations = 31843;

/// A camera is a rotation vector, a centre, a focal length, a principal point and two coefficients of distortion.
/// Rotation about the vector by its length as an angle (O. Rodrigues), projection, and radial distortion.
constexpr auto error = [](auto camera, auto point, auto weight, auto seen) {
  const auto& r = camera;
  const auto x0 = point[0] - r[3], x1 = point[1] - r[4], x2 = point[2] - r[5];
  const auto theta2 = r[0] * r[0] + r[1] * r[1] + r[2] * r[2], theta = sqrt(theta2), inverse = 1 / theta;
  const auto cosine = cos(theta), sine = sin(theta);
  const auto w0 = r[0] * inverse, w1 = r[1] * inverse, w2 = r[2] * inverse;
  const auto along = (w0 * x0 + w1 * x1 + w2 * x2) * (1 - cosine);
  const auto y0 = x0 * cosine + (w1 * x2 - w2 * x1) * sine + w0 * along;
  const auto y1 = x1 * cosine + (w2 * x0 - w0 * x2) * sine + w1 * along;
  const auto y2 = x2 * cosine + (w0 * x1 - w1 * x0) * sine + w2 * along;
  const auto depth = 1 / y2, u = y0 * depth, v = y1 * depth, square = u * u + v * v;
  const auto distortion = (1 + r[9] * square + r[10] * square * square) * r[6];
  return std::array{weight * (u * distortion + r[7] - seen[0]), weight * (v * distortion + r[8] - seen[1])};
};
constexpr auto derivatives_of_error = [](auto camera, auto point, auto weight, auto seen) {
  return std::pair{error(camera, point, weight, seen),
                   jacobian<Mode::reverse>(error, wrt<0, 1, 2>)(camera, point, weight, seen)};
};

using Numbers11 = std::array<double, 11>;
using Numbers3 = std::array<double, 3>;
using Numbers2 = std::array<double, 2>;
/// Of one of the two errors, by the camera, the point and the weight.
using Row = std::tuple<Numbers11, Numbers3, double>;

struct Result {
  Numbers2 value;
  std::array<Row, 2> rows;
};

struct Problem {
  std::vector<Numbers11> camera = std::vector<Numbers11>(cameras);
  std::vector<Numbers3> point = std::vector<Numbers3>(points);
  std::vector<double> weight = std::vector<double>(observations);
  std::vector<Numbers2> seen = std::vector<Numbers2>(observations);
  std::vector<int> of_camera, of_point;
  Problem() {
    const RandomStream random(1);
    std::vector<double> x(11 * cameras + 3 * points + 3 * observations);
    random.fill_uniform(std::span<double>(x), 0, -1.0, 1.0);
    const double* next = x.data();
    for (Numbers11& c : camera) {
      for (double& number : c) number = 0.3 * *next++;
      c[5] -= 4;
      c[6] += 1;
    }
    for (Numbers3& p : point)
      for (double& number : p) number = *next++;
    for (int i = 0; i < observations; ++i) {
      weight[static_cast<std::size_t>(i)] = *next++;
      for (double& number : seen[static_cast<std::size_t>(i)]) number = *next++;
      of_camera.push_back(i % cameras);
      of_point.push_back(i % points);
    }
  }
};

/// The same in plain C++, each observation by itself.
[[gnu::noinline]] Numbers2 plain(const Numbers11& r, const Numbers3& p, double weight, const Numbers2& seen) {
  const double x0 = p[0] - r[3], x1 = p[1] - r[4], x2 = p[2] - r[5];
  const double theta = std::sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]), inverse = 1 / theta;
  const double c = math::cos(theta), s = math::sin(theta);
  const double w0 = r[0] * inverse, w1 = r[1] * inverse, w2 = r[2] * inverse;
  const double along = (w0 * x0 + w1 * x1 + w2 * x2) * (1 - c);
  const double y0 = x0 * c + (w1 * x2 - w2 * x1) * s + w0 * along;
  const double y1 = x1 * c + (w2 * x0 - w0 * x2) * s + w1 * along;
  const double y2 = x2 * c + (w0 * x1 - w1 * x0) * s + w2 * along;
  const double depth = 1 / y2, u = y0 * depth, v = y1 * depth, q = u * u + v * v;
  const double distortion = (1 + r[9] * q + r[10] * q * q) * r[6];
  return {weight * (u * distortion + r[7] - seen[0]), weight * (v * distortion + r[8] - seen[1])};
}

/// The derivative of the rotated point by the rotation is that of the formula; by the point it is the rotation.
[[gnu::noinline]] void by_hand(const Numbers11& r, const Numbers3& p, double weight, const Numbers2& seen,
                               Result& result) {
  const double x[3] = {p[0] - r[3], p[1] - r[4], p[2] - r[5]};
  const double theta = std::sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]), inverse = 1 / theta;
  const double c = math::cos(theta), s = math::sin(theta), rest = 1 - c;
  const double w[3] = {r[0] * inverse, r[1] * inverse, r[2] * inverse};
  const double dot = w[0] * x[0] + w[1] * x[1] + w[2] * x[2], along = dot * rest;
  const double cross[3] = {w[1] * x[2] - w[2] * x[1], w[2] * x[0] - w[0] * x[2], w[0] * x[1] - w[1] * x[0]};
  double y[3];
  for (int i = 0; i < 3; ++i) y[i] = x[i] * c + cross[i] * s + w[i] * along;
  const double depth = 1 / y[2], u = y[0] * depth, v = y[1] * depth, q = u * u + v * v;
  const double polynomial = 1 + r[9] * q + r[10] * q * q, distortion = polynomial * r[6];
  const double e[2] = {u * distortion + r[7] - seen[0], v * distortion + r[8] - seen[1]};
  result.value = {weight * e[0], weight * e[1]};
  const double slope = 2 * (r[9] + 2 * r[10] * q) * r[6];
  const double place[2] = {u, v};
  for (std::size_t k = 0; k < 2; ++k) {
    auto& [by_camera, by_point, by_weight] = result.rows[k];
    by_weight = e[k];
    const double by_u = weight * ((k == 0 ? distortion : 0) + place[k] * slope * u);
    const double by_v = weight * ((k == 1 ? distortion : 0) + place[k] * slope * v);
    // By the rotated point, then by the point: the rotation turned round.
    const double g[3] = {by_u * depth, by_v * depth, -(by_u * u + by_v * v) * depth};
    const double g_dot_w = g[0] * w[0] + g[1] * w[1] + g[2] * w[2], g_dot_x = g[0] * x[0] + g[1] * x[1] + g[2] * x[2];
    const double w_cross_g[3] = {w[1] * g[2] - w[2] * g[1], w[2] * g[0] - w[0] * g[2], w[0] * g[1] - w[1] * g[0]};
    const double x_cross_g[3] = {x[1] * g[2] - x[2] * g[1], x[2] * g[0] - x[0] * g[2], x[0] * g[1] - x[1] * g[0]};
    const double g_dot_cross = g[0] * cross[0] + g[1] * cross[1] + g[2] * cross[2];
    // By the axis as a vector of length 1, and by the angle.
    double by_axis[3], along_axis = 0;
    for (int i = 0; i < 3; ++i) {
      by_axis[i] = s * x_cross_g[i] + rest * (g_dot_w * x[i] + dot * g[i]);
      along_axis += by_axis[i] * w[i];
    }
    const double by_angle = -s * g_dot_x + c * g_dot_cross + g_dot_w * dot * s;
    for (std::size_t i = 0; i < 3; ++i) {
      by_point[i] = c * g[i] - s * w_cross_g[i] + rest * g_dot_w * w[i];
      by_camera[3 + i] = -by_point[i];
      by_camera[i] = (by_axis[i] - along_axis * w[i]) * inverse + by_angle * w[i];
    }
    by_camera[6] = weight * place[k] * polynomial;
    by_camera[7] = k == 0 ? weight : 0;
    by_camera[8] = k == 1 ? weight : 0;
    by_camera[9] = weight * place[k] * q * r[6];
    by_camera[10] = by_camera[9] * q;
  }
}

[[gnu::noinline]] void ours(const Numbers11& camera, const Numbers3& point, double weight, const Numbers2& seen,
                            Result& result) {
  compiled(derivatives_of_error).into(std::tie(result.value, result.rows), camera, point, weight, seen);
}

void bundle_adjustment(benchmark::State& state) {
  const Problem p;
  std::vector<Result> g(observations), h(observations);
  std::vector<Numbers2> values(observations);
  const auto for_each = [&](const auto& run) {
    for (std::size_t i = 0; i < observations; ++i)
      run(i, p.camera[static_cast<std::size_t>(p.of_camera[i])], p.point[static_cast<std::size_t>(p.of_point[i])],
          p.weight[i], p.seen[i]);
  };
  const auto run_ours = [&] { for_each([&](std::size_t i, const auto&... x) { ours(x..., g[i]); }); };
  const auto run_by_hand = [&] { for_each([&](std::size_t i, const auto&... x) { by_hand(x..., h[i]); }); };
  run_ours();
  run_by_hand();
  for (std::size_t i = 0; i < observations; i += 97) {
    const auto numbers = [](const Result& r) {
      std::array<double, 2 + 2 * 15> all{};
      double* next = all.data();
      ctgrad::detail::for_each_leaf(r.value, [&](double x) { *next++ = x; });
      ctgrad::detail::for_each_leaf(r.rows, [&](double x) { *next++ = x; });
      return all;
    };
    if (!agree(state, numbers(g[i]), numbers(h[i]), 1e-10)) return;
  }
  hold(
      state, run_ours, [&] { for_each([&](std::size_t i, const auto&... x) { values[i] = plain(x...); }); },
      run_by_hand);
}
BENCHMARK(bundle_adjustment);

}  // namespace

BENCHMARK_MAIN();
