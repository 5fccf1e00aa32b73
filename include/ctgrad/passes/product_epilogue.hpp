// SPDX-License-Identifier: BSL-1.0
/// \file
/// Finds matrix products whose result the next loop takes alone, to add a row to it, to apply relu, or both. A library
/// may do that before it stores the product, which saves a pass over it; whether it is faster, only a device can tell.
#pragma once

#include "ctgrad/passes/row_chain.hpp"

namespace ctgrad {

/// What is done to the elements of a product before they are stored. The bias has an element for each column of it.
enum class ProductEpilogue : std::uint8_t { none, bias, relu, bias_relu };

constexpr bool adds_bias(ProductEpilogue epilogue) {
  return epilogue == ProductEpilogue::bias || epilogue == ProductEpilogue::bias_relu;
}

/// The epilogues of a schedule's products.
template <int Steps>
struct ProductEpilogues {
  struct Entry {
    /// What the step after this one does to the product of this one, which nobody else reads; none for other steps.
    ProductEpilogue epilogue = ProductEpilogue::none;
    /// The position of the bias among the loop's operands.
    std::int8_t bias = -1;
  };
  Entry of[Steps + 1] = {};
  /// How many there are.
  int count = 0;
};

namespace detail {

class ProductEpilogueFinder {
public:
  constexpr explicit ProductEpilogueFinder(const ScheduleView& schedule)
      : schedule_(schedule), last_read_(node_count(), -1) {
    for (int s = 0; s < schedule.step_count; ++s)
      for (int k = 0; k < schedule.steps[s].input_count; ++k) note_read(operand(schedule.steps[s], k), s);
    for (int i = 0; i < schedule.result_count; ++i) note_read(schedule.results[i].place, schedule.step_count);
  }

  /// What step i + 1 does to the product of step i, if it is one, and the place of the bias among what that step reads.
  constexpr ProductEpilogue find(int i, std::int8_t& bias) const {
    bias = -1;
    if (i + 1 >= schedule_.step_count) return ProductEpilogue::none;
    const Step& product = schedule_.steps[i];
    const Step& loop = schedule_.steps[i + 1];
    if (product.kind != StepKind::matmul || loop.kind != StepKind::kernel) return ProductEpilogue::none;
    const ProductEpilogue epilogue = operation_of(schedule_.kernels[loop.kernel]);
    if (epilogue == ProductEpilogue::none) return epilogue;
    const StepOperand& c = operand(product, product.input_count);
    const int own = operand(loop, 0).node == c.node ? 0 : loop.input_count - 1;
    const StepOperand& result = operand(loop, loop.input_count);
    if (last_read_.at[c.node] != i + 1 || c.array != c.node || !is_whole(loop, operand(loop, own), c) ||
        !is_whole(loop, result, c))
      return ProductEpilogue::none;
    if (adds_bias(epilogue)) {
      bias = static_cast<std::int8_t>(1 - own);
      if (!is_row(loop, operand(loop, bias), c)) return ProductEpilogue::none;
    }
    return may_be_written(product, loop, c, result) ? epilogue : ProductEpilogue::none;
  }

private:
  constexpr const StepOperand& operand(const Step& step, int k) const {
    return schedule_.operands[step.first_operand + k];
  }

  constexpr int node_count() const {
    int count = 0;
    for (int i = 0; i < schedule_.operand_count; ++i)
      for (const int node : {schedule_.operands[i].node, schedule_.operands[i].array})
        if (node >= count) count = node + 1;
    return count;
  }
  constexpr void note_read(const StepOperand& x, int step) {
    // A result may be what no step touches, such as an argument.
    if (x.node < last_read_.count) last_read_.at[x.node] = step;
    if (x.array < last_read_.count) last_read_.at[x.array] = step;
  }

  /// What a loop of one result does to one of its operands, if that is all that it does.
  constexpr ProductEpilogue operation_of(const KernelDescription& kernel) const {
    const KernelInstruction* instruction = schedule_.instructions + kernel.first_instruction;
    const KernelOutput& output = schedule_.outputs[kernel.first_output];
    const int inputs = kernel.input_count;
    const int count = kernel.instruction_count;
    if (kernel.output_count != 1 || output.reduction >= 0 || count < 1 || count > 2 ||
        output.value != inputs + count - 1)
      return ProductEpilogue::none;
    const bool ends_in_relu = instruction[count - 1].op == opcode<ops::Relu>;
    if (inputs == 1) return count == 1 && ends_in_relu ? ProductEpilogue::relu : ProductEpilogue::none;
    const KernelInstruction& first = instruction[0];
    if (inputs != 2 || first.op != opcode<ops::Add> || first.operand[0] + first.operand[1] != 1)
      return ProductEpilogue::none;
    if (count == 1) return ProductEpilogue::bias;
    return ends_in_relu && instruction[1].operand[0] == inputs ? ProductEpilogue::bias_relu : ProductEpilogue::none;
  }

  /// True for a loop's operand whose elements are as many as those of the product `c`, of its type and in its order.
  static constexpr bool is_whole(const Step& loop, const StepOperand& x, const StepOperand& c) {
    Extent size = 1;
    for (int axis = 0; axis < c.rank; ++axis) size = multiply(size, c.stride[axis]);
    Extent stride = 1;
    for (int axis = loop.space.rank - 1; axis >= 0; --axis) {
      if (x.stride[axis] != stride) return false;
      stride = multiply(stride, loop.space[axis]);
    }
    return x.dtype == c.dtype && x.offset == 0 && stride == size;
  }

  /// True for an array with one element for each column of `c`.
  static constexpr bool is_row(const Step& loop, const StepOperand& x, const StepOperand& c) {
    const Extent columns = c.stride[c.rank - 1];
    const int last = loop.space.rank - 1;
    // A loop has no axes of length 1.
    bool good = x.dtype == c.dtype && x.stride[last] == (columns == 1 ? 0 : 1);
    for (int axis = 0; axis < last; ++axis) good = good && x.stride[axis] == 0;
    return good && (columns == 1 || loop.space[last] == columns);
  }

  /// True when the result may be written while the product's operands are read, and nobody looks at the product's own
  /// place. Where the result overwrites the product this is so; elsewhere memory may have been given back in between.
  constexpr bool may_be_written(const Step& product, const Step& loop, const StepOperand& c,
                                const StepOperand& result) const {
    if (result.region == c.region && result.byte_offset == c.byte_offset) return true;
    if (c.region >= schedule_.regions.arenas) return false;
    for (int k = 0; k < product.input_count; ++k)
      if (operand(product, k).region == result.region) return false;
    for (int k = 0; k < loop.input_count; ++k)
      if (operand(loop, k).node != c.node && operand(loop, k).region == result.region) return false;
    return true;
  }

  ScheduleView schedule_;
  /// For each node the last step that reads it, or the number of steps where it is a result.
  Vector<int> last_read_;
};

}  // namespace detail

/// The epilogues of the products of `Source::view()`. A loop that begins a chain of row loops stays there: it takes the
/// product through the caches anyway.
template <class Source>
constexpr auto find_product_epilogues() {
  constexpr ScheduleView schedule = Source::view();
  ProductEpilogues<schedule.step_count> epilogues;
  const detail::ProductEpilogueFinder finder(schedule);
  for (int i = 0; i + 1 < schedule.step_count; ++i)
    if (row_chains<Source>.kind_of[i + 1] < 0) {
      epilogues.of[i].epilogue = finder.find(i, epilogues.of[i].bias);
      if (epilogues.of[i].epilogue != ProductEpilogue::none) ++epilogues.count;
    }
  return epilogues;
}
template <class Source>
inline constexpr auto product_epilogues = find_product_epilogues<Source>();

}  // namespace ctgrad
