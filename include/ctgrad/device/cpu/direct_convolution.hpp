// SPDX-License-Identifier: BSL-1.0
/// \file
/// Convolution without a matrix of windows, where windows are neighbours: stride 1.
///
/// The image is copied once, with its padding around it. In that copy, read row after row as one line, element
/// (c, k, l) of all windows is the same line moved by a fixed distance. So a product of D terms at a time runs over the
/// line with vectors, as a matrix product does whose right operand repeats itself. The positions at the ends of rows,
/// where a window would reach round to the next row, are computed too and left out.
#pragma once

#include "ctgrad/core/simd.hpp"
#include "ctgrad/device/cpu/im2col.hpp"

namespace ctgrad::cpu::detail {

/// Images as lines: `channels` planes of rows with padding around them.
template <class T>
struct Lines {
  static constexpr std::int64_t slack = 128;

  std::int64_t channels, height, width, top, left, padded_height, padded_width;

  Lines(std::int64_t count, std::int64_t rows, std::int64_t columns, std::int64_t pad_rows, std::int64_t pad_columns)
      : channels(count),
        height(rows),
        width(columns),
        top(pad_rows),
        left(pad_columns),
        padded_height(rows + 2 * pad_rows),
        padded_width(columns + 2 * pad_columns) {}

  std::int64_t plane() const { return padded_height * padded_width; }
  /// Elements of one image, with room to read a few registers beyond its end.
  std::int64_t size() const { return (channels * plane() + slack + 15) / 16 * 16; }

  void clear(T* lines) const { std::fill_n(lines, size(), T(0)); }
  /// Copies an image into lines that were cleared once.
  void fill(T* lines, const T* image) const {
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t i = 0; i < height; ++i)
        copy_part(lines + c * plane() + (i + top) * padded_width + left, image + (c * height + i) * width, width);
  }
};

/// One convolution with stride 1: the lines, and where the elements of a window lie in them.
template <class T>
struct DirectPlan {
  static constexpr int lanes = native_lanes<T>;

  std::int64_t groups, out, out_height, out_width, kernel_height, kernel_width, step_rows, step_columns;
  Lines<T> lines;

  std::int64_t depth() const { return lines.channels * kernel_height * kernel_width; }
  std::int64_t positions() const { return out_height * out_width; }
  /// Positions along the line, up to the last one that counts, in whole registers.
  std::int64_t line_positions() const {
    return ((out_height - 1) * lines.padded_width + out_width + lanes - 1) / lanes * lanes;
  }
  /// The distance of element (c, k, l) of a window from its first.
  std::int64_t offset(std::int64_t d) const {
    const std::int64_t taps = kernel_height * kernel_width;
    return d / taps * lines.plane() + d % taps / kernel_width * step_rows * lines.padded_width +
           d % kernel_width * step_columns;
  }
};

/// How many rows of sums are computed together: `Rows` times `vectors` registers.
#if defined(__AVX512F__)
inline constexpr int direct_rows[] = {8, 6, 4, 2, 1};
inline constexpr int direct_registers = 24;
#else
inline constexpr int direct_rows[] = {6, 6, 4, 2, 1};
inline constexpr int direct_registers = 12;
#endif

/// sums[r, p] = sum over d of weights[d, r] * line[p + offset[d]] for `count` positions, a multiple of a register.
template <class T, int Rows>
void convolve_lines(std::int64_t depth, const std::int64_t* offset, const T* weights, const T* line, T* sums,
                    std::int64_t count) {
  constexpr int most = direct_registers / Rows < 4 ? direct_registers / Rows : 4;
  const std::int64_t length = count;
  const auto run = [&]<int Vectors>(std::integral_constant<int, Vectors>, std::int64_t p) {
    Tile<T, Rows, Vectors> tile;
    tile.clear();
    for (std::int64_t d = 0; d < depth; ++d) tile.add_step(weights + d * Rows, 1, line + p + offset[d]);
    tile.store(sums + p, length);
  };
  std::int64_t p = 0;
  for (; p + most * native_lanes<T> <= count; p += most * native_lanes<T>) run(std::integral_constant<int, most>{}, p);
  if constexpr (most > 2)
    for (; p + 2 * native_lanes<T> <= count; p += 2 * native_lanes<T>) run(std::integral_constant<int, 2>{}, p);
  for (; p < count; p += native_lanes<T>) run(std::integral_constant<int, 1>{}, p);
}

/// The number of rows of the block that begins where `left` rows are left.
constexpr int block_rows(std::int64_t left) {
  for (const int rows : direct_rows)
    if (rows <= left) return rows;
  return 1;
}

template <class T>
void convolve_block(int rows, std::int64_t depth, const std::int64_t* offset, const T* weights, const T* line, T* sums,
                    std::int64_t count) {
  switch (rows) {
#if defined(__AVX512F__)
    case 8:
      return convolve_lines<T, 8>(depth, offset, weights, line, sums, count);
#endif
    case 6:
      return convolve_lines<T, 6>(depth, offset, weights, line, sums, count);
    case 4:
      return convolve_lines<T, 4>(depth, offset, weights, line, sums, count);
    case 2:
      return convolve_lines<T, 2>(depth, offset, weights, line, sums, count);
    default:
      return convolve_lines<T, 1>(depth, offset, weights, line, sums, count);
  }
}

/// y = the convolution of x for all images. weight(g, o, d) is the factor of element d of a window in output o.
template <class T, class Weight>
void run_direct(const DirectPlan<T>& plan, std::int64_t images, const T* x, T* y, MatmulWorkspace<T>& workspace,
                const Weight& weight) {
  const std::int64_t depth = plan.depth();
  const std::int64_t count = plan.line_positions();
  const int threads = threads_for(images, images * plan.groups * plan.out * plan.positions() * depth);
  const std::int64_t packed = (plan.groups * plan.out * depth + 15) / 16 * 16;
  const std::int64_t offsets = (depth * static_cast<std::int64_t>(sizeof(std::int64_t) / sizeof(T)) + 15) / 16 * 16;
  const std::int64_t own = plan.lines.size() + 8 * count;
  T* memory = workspace.scratch(packed + offsets + threads * own);
  auto* offset = reinterpret_cast<std::int64_t*>(memory + packed);
  for (std::int64_t d = 0; d < depth; ++d) offset[d] = plan.offset(d);
  T* to = memory;
  for (std::int64_t g = 0; g < plan.groups; ++g)
    for (std::int64_t o = 0; o < plan.out;) {
      const int rows = block_rows(plan.out - o);
      for (std::int64_t d = 0; d < depth; ++d)
        for (int r = 0; r < rows; ++r) *to++ = weight(g, o + r, d);
      o += rows;
    }
  for (int thread = 0; thread < threads; ++thread) plan.lines.clear(memory + packed + offsets + thread * own);

  for_each_part(images, threads, [&](std::int64_t n, std::int64_t thread) {
    T* line = memory + packed + offsets + thread * own;
    T* sums = line + plan.lines.size();
    for (std::int64_t g = 0; g < plan.groups; ++g) {
      plan.lines.fill(line, x + (n * plan.groups + g) * plan.lines.channels * plan.lines.height * plan.lines.width);
      for (std::int64_t o = 0; o < plan.out;) {
        const int rows = block_rows(plan.out - o);
        convolve_block(rows, depth, offset, memory + (g * plan.out + o) * depth, line, sums, count);
        T* result = y + ((n * plan.groups + g) * plan.out + o) * plan.positions();
        for (int r = 0; r < rows; ++r)
          for (std::int64_t i = 0; i < plan.out_height; ++i, result += plan.out_width)
            copy_part(result, sums + r * count + i * plan.lines.padded_width, plan.out_width);
        o += rows;
      }
    }
  });
}

template <class T>
DirectPlan<T> forward_plan(const ConvolutionShape& s) {
  const Window& w = s.window;
  return {s.groups,      s.out,         s.out_height,
          s.out_width,   w.kernel[0],   w.kernel[1],
          w.dilation[0], w.dilation[1], Lines<T>(s.in, s.height, s.width, w.padding[0], w.padding[1])};
}

/// The adjoint of x is the convolution of the adjoint of y with the kernels turned over, padded so that every window
/// that touches it is there.
template <class T>
DirectPlan<T> input_gradient_plan(const ConvolutionShape& s) {
  const Window& w = s.window;
  return {s.groups,
          s.in,
          s.height,
          s.width,
          w.kernel[0],
          w.kernel[1],
          w.dilation[0],
          w.dilation[1],
          Lines<T>(s.out, s.out_height, s.out_width, w.span(0) - 1 - w.padding[0], w.span(1) - 1 - w.padding[1])};
}

template <class T>
void convolve_directly(const ConvolutionShape& s, const T* x, const T* w, T* y, MatmulWorkspace<T>& workspace) {
  run_direct(forward_plan<T>(s), s.images, x, y, workspace,
             [&](std::int64_t g, std::int64_t o, std::int64_t d) { return w[(g * s.out + o) * s.depth() + d]; });
}

template <class T>
void input_gradient_directly(const ConvolutionShape& s, const T* t, const T* w, T* dx, MatmulWorkspace<T>& workspace) {
  run_direct(input_gradient_plan<T>(s), s.images, t, dx, workspace,
             [&](std::int64_t g, std::int64_t c, std::int64_t d) {
               const std::int64_t taps = s.taps();
               return w[((g * s.out + d / taps) * s.in + c) * taps + taps - 1 - d % taps];
             });
}

/// products[r, d] = sum over images n of the chunk and positions p of t[n, r, p] * line[n, p + offset[d]], for `Rows`
/// rows and `Taps` elements of the window; added to what is there or stored.
template <class T, int Rows, int Taps>
void correlate_lines(std::int64_t images, std::int64_t count, const T* t, std::int64_t t_row, std::int64_t t_image,
                     const T* line, std::int64_t line_image, const std::int64_t* offset, T* products, std::int64_t row,
                     bool add) {
  constexpr int width = native_lanes<T>;
  Vector<T> sum[Rows * Taps];
  for_each_number<Rows * Taps>([&](auto i) __attribute__((always_inline)) { sum[i.value] = Vector<T>{}; });
  for (std::int64_t n = 0; n < images; ++n, t += t_image, line += line_image) {
    const T* from[Taps];
    for (int d = 0; d < Taps; ++d) from[d] = line + offset[d];
    for (std::int64_t p = 0; p < count; p += width) {
      Vector<T> left[Rows];
      for_each_number<Rows>([&](auto r) __attribute__((always_inline)) {
        load_vector(left[r.value], t + r.value * t_row + p);
      });
      for_each_number<Taps>([&](auto d) __attribute__((always_inline)) {
        Vector<T> right;
        load_vector(right, from[d.value] + p);
        stay_in_register(right);
        for_each_number<Rows>([&](auto r) __attribute__((always_inline)) {
          sum[r.value * Taps + d.value] += left[r.value] * right;
        });
      });
    }
  }
  for (int r = 0; r < Rows; ++r)
    for (int d = 0; d < Taps; ++d) {
      T& to = products[r * row + d];
      T lanes[width];
      store_vector(lanes, sum[r * Taps + d]);
      const T value = reduce_add(Simd<T, width>::load(lanes));
      to = add ? to + value : value;
    }
}

/// How many elements of a window are summed together.
#if defined(__AVX512F__)
inline constexpr int direct_taps = 5;
#else
inline constexpr int direct_taps = 2;
#endif

/// The images of a chunk of the weight gradient: lines of x, and the adjoint of y on the same lines, zero between rows.
template <class T>
class WeightGradientChunk {
public:
  WeightGradientChunk(const DirectPlan<T>& plan, T* memory) : plan_(plan), lines_(memory) {
    count_ = plan.line_positions();
    t_ = lines_ + images(plan) * plan.lines.size();
  }
  /// The elements of one image, and how many images a chunk has: many, since the registers are summed up once for a
  /// chunk, but not more than the caches hold.
  static std::int64_t elements(const DirectPlan<T>& plan) {
    return plan.lines.size() + plan.out * plan.line_positions();
  }
  static std::int64_t images(const DirectPlan<T>& plan) {
    constexpr std::int64_t most_bytes = std::int64_t{1} << 21;
    return std::clamp<std::int64_t>(most_bytes / (elements(plan) * static_cast<std::int64_t>(sizeof(T))), 1, 8);
  }
  static std::int64_t size(const DirectPlan<T>& plan) { return images(plan) * elements(plan); }
  void clear() { std::fill_n(lines_, size(plan_), T(0)); }

  /// Fills the chunk with group g of images first to first + images.
  void fill(const T* x, const T* t, std::int64_t first, std::int64_t images, std::int64_t g) {
    images_ = images;
    for (std::int64_t n = 0; n < images; ++n) {
      const std::int64_t group = (first + n) * plan_.groups + g;
      plan_.lines.fill(lines_ + n * plan_.lines.size(),
                       x + group * plan_.lines.channels * plan_.lines.height * plan_.lines.width);
      const T* from = t + group * plan_.out * plan_.positions();
      for (std::int64_t o = 0; o < plan_.out; ++o)
        for (std::int64_t i = 0; i < plan_.out_height; ++i, from += plan_.out_width)
          copy_part(t_ + (n * plan_.out + o) * count_ + i * plan_.lines.padded_width, from, plan_.out_width);
    }
  }

  /// Adds the products of the chunk to dw [out, depth], or stores them.
  void multiply(const std::int64_t* offset, T* dw, bool add) const {
    for (std::int64_t o = 0; o < plan_.out;) {
      const std::int64_t left = plan_.out - o;
      const int rows = left >= 4 ? 4 : left >= 2 ? 2 : 1;
      if (rows == 4) {
        rows_of<4>(o, offset, dw, add);
      } else if (rows == 2) {
        rows_of<2>(o, offset, dw, add);
      } else {
        rows_of<1>(o, offset, dw, add);
      }
      o += rows;
    }
  }

private:
  template <int Rows>
  void rows_of(std::int64_t o, const std::int64_t* offset, T* dw, bool add) const {
    const std::int64_t depth = plan_.depth();
    const auto run = [&]<int Taps>(std::integral_constant<int, Taps>, std::int64_t d) {
      correlate_lines<T, Rows, Taps>(images_, count_, t_ + o * count_, count_, plan_.out * count_, lines_,
                                     plan_.lines.size(), offset + d, dw + o * depth + d, depth, add);
    };
    std::int64_t d = 0;
    for (; d + direct_taps <= depth; d += direct_taps) run(std::integral_constant<int, direct_taps>{}, d);
    if constexpr (direct_taps > 2)
      for (; d + 2 <= depth; d += 2) run(std::integral_constant<int, 2>{}, d);
    for (; d < depth; ++d) run(std::integral_constant<int, 1>{}, d);
  }

  const DirectPlan<T>& plan_;
  T* lines_;
  T* t_;
  std::int64_t count_;
  std::int64_t images_ = 0;
};

template <class T>
void weight_gradient_directly(const ConvolutionShape& s, const T* x, const T* t, T* dw, MatmulWorkspace<T>& workspace) {
  if (s.images == 0) return static_cast<void>(std::fill_n(dw, s.weights(), T(0)));
  using Chunk = WeightGradientChunk<T>;
  const DirectPlan<T> plan = forward_plan<T>(s);
  const std::int64_t depth = plan.depth();
  const std::int64_t images = Chunk::images(plan);
  const std::int64_t parts = sum_parts(s, images);
  const int threads = threads_for(parts, s.operations());
  const std::int64_t offsets = (depth * static_cast<std::int64_t>(sizeof(std::int64_t) / sizeof(T)) + 15) / 16 * 16;
  const std::int64_t own = Chunk::size(plan);
  T* memory = workspace.scratch(offsets + threads * own + (parts - 1) * s.weights());
  auto* offset = reinterpret_cast<std::int64_t*>(memory);
  for (std::int64_t d = 0; d < depth; ++d) offset[d] = plan.offset(d);
  T* others = memory + offsets + threads * own;
  for (int thread = 0; thread < threads; ++thread) Chunk(plan, memory + offsets + thread * own).clear();

  for_each_part(parts, threads, [&](std::int64_t part, std::int64_t thread) {
    Chunk chunk(plan, memory + offsets + thread * own);
    T* sum = part == 0 ? dw : others + (part - 1) * s.weights();
    const std::int64_t begin = first_of_part(s.images, part, parts);
    const std::int64_t end = first_of_part(s.images, part + 1, parts);
    for (std::int64_t n = begin; n < end; n += images)
      for (std::int64_t g = 0; g < s.groups; ++g) {
        chunk.fill(x, t, n, std::min(images, end - n), g);
        chunk.multiply(offset, sum + g * s.out * depth, n > begin);
      }
  });
  add_parts(dw, others, parts, s.weights());
}

/// Whether lines are the quicker way. Measured on Zen 4 (AVX-512) against columns and OpenBLAS, with 3 by 3 kernels on
/// images of 16 to 512 channels, they are ahead: 75 to 108 against 33 to 89 GFLOP/s, and alike at 512 channels. The
/// code is compiled for the target's registers only; where those are narrow, the matrix product, which has wider ones
/// at run time, is ahead. Threads share the images, so few large images are left to the matrix product, which shares
/// each one.
template <class T>
bool lines_are_quicker(const DirectPlan<T>& plan, std::int64_t images) {
  constexpr std::int64_t small_image = (std::int64_t{1} << 18) / static_cast<std::int64_t>(sizeof(T));
  return native_lanes<T> * sizeof(T) >= 32 && (images >= 8 || WeightGradientChunk<T>::elements(plan) <= small_image);
}

inline bool has_stride_1(const ConvolutionShape& s) {
  return s.window.stride[0] == 1 && s.window.stride[1] == 1 && !s.is_pointwise();
}

template <class T>
bool forward_is_direct(const ConvolutionShape& s) {
  return has_stride_1(s) && lines_are_quicker(forward_plan<T>(s), s.images);
}

template <class T>
bool input_gradient_is_direct(const ConvolutionShape& s) {
  return has_stride_1(s) && s.window.span(0) > s.window.padding[0] && s.window.span(1) > s.window.padding[1] &&
         lines_are_quicker(input_gradient_plan<T>(s), s.images);
}

/// For many weights a matrix product is ahead: it reads what it has packed more often.
template <class T>
bool weight_gradient_is_direct(const ConvolutionShape& s) {
#if defined(__AVX512F__)
  constexpr std::int64_t most_weights = 1 << 16;
#else
  constexpr std::int64_t most_weights = 1 << 14;
#endif
  return forward_is_direct<T>(s) && s.out * s.depth() <= most_weights;
}

}  // namespace ctgrad::cpu::detail
