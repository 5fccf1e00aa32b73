// SPDX-License-Identifier: BSL-1.0
/// \file
/// The objective of ADBench's LSTM (F. Srajer, Z. Kukelova and A. Fitzgibbon, 2018): 2 layers of 14 cells whose gates
/// are diagonal, 1024 characters of 14 bits; with its gradient by all weights. A layer is differentiated by ctgrad; the
/// loop over layers and characters goes there and back in C++ and keeps the states, and what vjp_forward says. By hand,
/// the gates are kept.
#include <vector>

#include "derivative_contest.hpp"

namespace {

using namespace derivatives;

constexpr int bits = 14, layers = 2, characters = 1024;
/// Weights and biases of the four gates of each layer, then scale of the input, scale and offset of the output.
constexpr int gates = 8, weights = gates * layers + 3;

/// Arrays of a multiple of a register.
constexpr int padded = (bits + lanes - 1) / lanes * lanes;

using Array = Tensor<double, Shape<bits>>;
using Weights = std::array<Array, weights>;
/// Hidden values and cells of each layer.
using State = std::array<Array, 2 * layers>;

/// A layer's new hidden values and cells.
constexpr auto layer = [](auto v, auto hidden, auto cell, auto input) {
  const auto forget = sigmoid(input * v[0] + v[4]), ingate = sigmoid(hidden * v[1] + v[5]);
  const auto outgate = sigmoid(input * v[2] + v[6]), change = tanh(hidden * v[3] + v[7]);
  const auto next = cell * forget + ingate * change;
  return std::pair{outgate * tanh(next), next};
};
constexpr auto all = wrt<0, 1, 2, 3>;
using Kept = decltype(vjp_forward(layer, all)(std::array<Array, gates>(), Array(), Array(), Array()).second);
/// The adjoints of what a layer reads from those of what it gives: `above` comes from the layer above, `u` from the
/// step after. To those of its weights `so_far` is added.
constexpr auto adjoint_of_layer = [](auto v, auto hidden, auto cell, auto input, auto kept, auto above, auto u,
                                     auto so_far) {
  auto [by_v, by_hidden, by_cell, by_input] =
      vjp_backward(layer, all)(v, hidden, cell, input, kept, std::pair{u.first + above, u.second});
  for (std::size_t i = 0; i < gates; ++i) by_v[i] = so_far[i] + by_v[i];
  return std::tuple{by_v, by_hidden, by_cell, by_input};
};
constexpr auto likelihood = [](auto hidden, auto v, auto offset, auto y) {
  const auto guess = hidden * v + offset;
  return sum(y * (guess - log(sum(exp(guess)) + 2)));
};
constexpr auto slopes_of_likelihood = [](auto hidden, auto v, auto offset, auto y, auto so_far) {
  const auto [value, slopes] = value_and_grad(likelihood, wrt<0, 1, 2>)(hidden, v, offset, y);
  const auto [by_hidden, by_v, by_offset] = slopes;
  return std::tuple{value, by_hidden, std::pair{so_far.first + by_v, so_far.second + by_offset}};
};
constexpr auto sum_of_products = [](auto so_far, auto a, auto b) { return so_far + a * b; };
constexpr auto product = [](auto a, auto b) { return a * b; };

struct Problem {
  Weights w;
  State start;
  std::vector<Array> text;
  Problem() {
    for (std::size_t i = 0; i < weights; ++i) w[i] = Array::normal(i + 1, 0, 0.5);
    for (std::size_t i = 0; i < start.size(); ++i) start[i] = Array::normal(i + 50, 0, 0.5);
    for (std::size_t t = 0; t < characters; ++t) {
      text.push_back(Array::uniform(t + 100));
      for (double& bit : text.back()) bit = bit < 0.5 ? 0 : 1;
    }
  }
};
constexpr double scale = -1.0 / (static_cast<double>(bits) * (characters - 1));

struct Ours {
  struct Layer {
    Array hidden, cell;
    Kept kept;
  };
  struct Slopes {
    std::array<Array, gates> by_v;
    std::pair<Array, Array> by_state;
    Array by_input;
  };
  std::vector<std::array<Layer, layers>> states = std::vector<std::array<Layer, layers>>(characters);
  std::vector<Array> inputs = std::vector<Array>(characters);
  /// What goes back from step to step: the one before and the one that is being written.
  struct Back {
    Slopes layer[layers];
    Array by_hidden, by_scale;
    std::pair<Array, Array> by_output;
  };
  Back back[2];
  Weights g;

  static std::array<Array, gates> gates_of(const Problem& p, std::size_t l) {
    std::array<Array, gates> v;
    for (std::size_t i = 0; i < gates; ++i) v[i] = p.w[gates * l + i];
    return v;
  }

  [[gnu::noinline]] double run(const Problem& p) {
    const std::array<Array, gates> v[layers] = {gates_of(p, 0), gates_of(p, 1)};
    const Array& output = p.w[gates * layers + 1];
    const Array& offset = p.w[gates * layers + 2];
    double total = 0, term = 0;
    for (std::size_t l = 0; l < layers; ++l) states[0][l] = {p.start[2 * l], p.start[2 * l + 1], {}};
    for (std::size_t t = 0; t + 1 < characters; ++t) {
      compiled(product).into(inputs[t], p.text[t], p.w[gates * layers]);
      const Array* input = &inputs[t];
      for (std::size_t l = 0; l < layers; ++l) {
        const Layer& from = states[t][l];
        Layer& to = states[t + 1][l];
        vjp_forward(layer, all).into(std::tie(to.hidden, to.cell, to.kept), v[l], from.hidden, from.cell, *input);
        input = &to.hidden;
      }
    }
    back[(characters - 1) % 2] = Back();
    for (std::size_t t = characters - 1; t-- > 0;) {
      const Back& from = back[(t + 1) % 2];
      Back& to = back[t % 2];
      compiled(slopes_of_likelihood)
          .into(std::tie(term, to.by_hidden, to.by_output), states[t + 1][layers - 1].hidden, output, offset,
                p.text[t + 1], from.by_output);
      total += term;
      const Array* above = &to.by_hidden;
      for (std::size_t l = layers; l-- > 0;) {
        const Array& input = l == 0 ? inputs[t] : states[t + 1][l - 1].hidden;
        Slopes& s = to.layer[l];
        compiled(adjoint_of_layer)
            .into(std::tie(s.by_v, s.by_state.first, s.by_state.second, s.by_input), v[l], states[t][l].hidden,
                  states[t][l].cell, input, states[t + 1][l].kept, *above, from.layer[l].by_state, from.layer[l].by_v);
        above = &s.by_input;
      }
      compiled(sum_of_products).into(to.by_scale, from.by_scale, *above, p.text[t]);
    }
    for (std::size_t i = 0; i < weights; ++i)
      for (std::size_t k = 0; k < bits; ++k) {
        const Array& sum = i < gates * layers        ? back[0].layer[i / gates].by_v[i % gates]
                           : i == gates * layers     ? back[0].by_scale
                           : i == gates * layers + 1 ? back[0].by_output.first
                                                     : back[0].by_output.second;
        g[i].data()[k] = sum.data()[k] * scale;
      }
    return total * scale;
  }
};

/// The numbers of an array in registers, with zeros behind.
struct Row {
  alignas(64) double at[padded] = {};
  Row() = default;
  explicit Row(const Array& x) { std::copy(x.begin(), x.end(), at); }
  V operator[](int i) const { return V::load(at + i); }
  void set(int i, V x) { x.store(at + i); }
  void add(int i, V x) { (V::load(at + i) + x).store(at + i); }
};

struct ByHand {
  struct Gates {
    Row forget, ingate, outgate, change, cell, tanh_of_cell, hidden;
  };
  std::vector<std::array<Gates, layers>> kept = std::vector<std::array<Gates, layers>>(characters);
  std::vector<Row> slope = std::vector<Row>(characters), text;
  Row w[weights], g[weights];

  explicit ByHand(const Problem& p) {
    for (std::size_t i = 0; i < weights; ++i) w[i] = Row(p.w[i]);
    for (const Array& x : p.text) text.emplace_back(x);
    for (std::size_t l = 0; l < layers; ++l) {
      kept[0][l].hidden = Row(p.start[2 * l]);
      kept[0][l].cell = Row(p.start[2 * l + 1]);
    }
  }

  [[gnu::noinline]] double value() {
    double total = 0;
    for (std::size_t t = 0; t + 1 < characters; ++t) {
      V guess[padded / lanes];
      V exponentials(0.0), sum_of_bits(0.0), dot(0.0);
      for (int i = 0; i < padded; i += lanes) {
        V input = text[t][i] * w[gates * layers][i];
        for (std::size_t l = 0; l < layers; ++l) {
          const Row* v = w + gates * l;
          const Gates& from = kept[t][l];
          Gates& to = kept[t + 1][l];
          const V hidden = from.hidden[i];
          const V forget = ops::Sigmoid::value(input * v[0][i] + v[4][i]);
          const V ingate = ops::Sigmoid::value(hidden * v[1][i] + v[5][i]);
          const V outgate = ops::Sigmoid::value(input * v[2][i] + v[6][i]);
          const V change = math::tanh(hidden * v[3][i] + v[7][i]);
          const V cell = from.cell[i] * forget + ingate * change, tanh_of_cell = math::tanh(cell);
          input = outgate * tanh_of_cell;
          to.forget.set(i, forget);
          to.ingate.set(i, ingate);
          to.outgate.set(i, outgate);
          to.change.set(i, change);
          to.cell.set(i, cell);
          to.tanh_of_cell.set(i, tanh_of_cell);
          to.hidden.set(i, input);
        }
        const V y = text[t + 1][i];
        guess[i / lanes] = input * w[gates * layers + 1][i] + w[gates * layers + 2][i];
        V e = math::exp(guess[i / lanes]);
        if (i + lanes > bits) e = select(V::iota() < V(static_cast<double>(bits - i)), e, V(0.0));
        slope[t].set(i, e);
        exponentials += e;
        sum_of_bits += y;
        dot += y * guess[i / lanes];
      }
      const double sum = reduce_add(exponentials) + 2, set = reduce_add(sum_of_bits);
      for (int i = 0; i < padded; i += lanes) slope[t].set(i, (text[t + 1][i] - slope[t][i] * V(set / sum)) * V(scale));
      total += reduce_add(dot) - set * math::log(sum);
    }
    return total * scale;
  }

  [[gnu::noinline]] double run() {
    const double result = value();
    for (Row& row : g) row = Row();
    for (int i = 0; i < padded; i += lanes) {
      V by_hidden[layers] = {}, by_cell[layers] = {};
      for (std::size_t t = characters - 1; t-- > 0;) {
        const V u = slope[t][i];
        g[gates * layers + 1].add(i, u * kept[t + 1][layers - 1].hidden[i]);
        g[gates * layers + 2].add(i, u);
        V by_output = u * w[gates * layers + 1][i];
        for (std::size_t l = layers; l-- > 0;) {
          const Row* v = w + gates * l;
          Row* to = g + gates * l;
          const Gates& k = kept[t + 1][l];
          const V input = l == 0 ? text[t][i] * w[gates * layers][i] : kept[t + 1][l - 1].hidden[i];
          const V hidden = kept[t][l].hidden[i], one(1.0);
          const V uh = by_output + by_hidden[l], tc = k.tanh_of_cell[i], o = k.outgate[i], f = k.forget[i];
          const V in = k.ingate[i], c = k.change[i];
          const V uc = by_cell[l] + uh * o * (one - tc * tc), uo = uh * tc * o * (one - o);
          const V uf = uc * kept[t][l].cell[i] * f * (one - f), ui = uc * c * in * (one - in);
          const V ug = uc * in * (one - c * c);
          by_cell[l] = uc * f;
          by_hidden[l] = ui * v[1][i] + ug * v[3][i];
          by_output = uf * v[0][i] + uo * v[2][i];
          to[0].add(i, uf * input);
          to[1].add(i, ui * hidden);
          to[2].add(i, uo * input);
          to[3].add(i, ug * hidden);
          to[4].add(i, uf);
          to[5].add(i, ui);
          to[6].add(i, uo);
          to[7].add(i, ug);
        }
        g[gates * layers].add(i, by_output * text[t][i]);
      }
    }
    return result;
  }
};

void lstm(benchmark::State& state) {
  const Problem p;
  Ours ours;
  ByHand by_hand(p);
  const double value = ours.run(p);
  if (!agree(state, by_hand.run(), value)) return;
  for (std::size_t i = 0; i < weights; ++i)
    if (!agree(state, ours.g[i].span(), std::span<const double>(by_hand.g[i].at, bits), 1e-9)) return;
  hold(
      state, [&] { benchmark::DoNotOptimize(ours.run(p)); }, [&] { benchmark::DoNotOptimize(by_hand.value()); },
      [&] { benchmark::DoNotOptimize(by_hand.run()); });
}
BENCHMARK(lstm);

}  // namespace

BENCHMARK_MAIN();
