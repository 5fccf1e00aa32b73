# SPDX-License-Identifier: BSL-1.0
"""Writes the numbers in ../image_reference_test.cpp: PyTorch's values and gradients, in double precision.

Run: python images.py > images.hpp
"""
import textwrap

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def show(name, tensor):
    numbers = ", ".join(repr(float(x)) for x in tensor.detach().flatten())
    lines = textwrap.fill(numbers, 116, initial_indent="    ", subsequent_indent="    ")
    print(f"constexpr double {name}[] = {{\n{lines}}};")


def eighths(factor, modulus, shift, *shape):
    """The same inputs as in the test: multiples of 1/8, so that they are exact in every type."""
    size = torch.Size(shape).numel()
    return (torch.tensor([(factor * i) % modulus - shift for i in range(size)]) / 8.0).reshape(shape).requires_grad_()


def value_and_gradients(name, y, *inputs):
    show(name, y)
    for i, gradient in enumerate(torch.autograd.grad((y**2).sum(), inputs)):
        show(f"{name}_gradient_{i}", gradient)


print("// SPDX-License-Identifier: BSL-1.0")
print("/// \\file")
print(f"/// Values and gradients by PyTorch {torch.__version__.split('+')[0]}, written by images.py.")
print("#pragma once\n")
print("// It would put some of the numbers one to a line.\n// clang-format off\n")
print("namespace reference {\n")
x = eighths(7, 33, 16, 2, 4, 5, 6)
w = eighths(5, 17, 8, 3, 4, 3, 2)
grouped = eighths(11, 19, 9, 4, 2, 2, 2)
value_and_gradients("conv", F.conv2d(x, w), x, w)
value_and_gradients("conv_padded", F.conv2d(x, w, stride=(2, 1), padding=(1, 2), dilation=(1, 3)), x, w)
value_and_gradients("conv_grouped", F.conv2d(x, grouped, stride=2, padding=1, groups=2), x, grouped)
# Elements repeat in x, so that windows have equal largest elements.
ties = (x.detach() * 0.25).round().requires_grad_()
value_and_gradients("max_pool", F.max_pool2d(ties, 2), ties)
value_and_gradients("max_pool_padded", F.max_pool2d(ties, 3, stride=(2, 1), padding=1), ties)
value_and_gradients("avg_pool", F.avg_pool2d(x, (2, 3)), x)
value_and_gradients("avg_pool_padded", F.avg_pool2d(x, 3, stride=2, padding=1), x)
scale, shift = eighths(3, 11, 4, 4), eighths(5, 7, 3, 4)
value_and_gradients("norm", F.batch_norm(x, None, None, scale, shift, training=True), x, scale, shift)
layer = torch.nn.BatchNorm2d(4)
layer(x)
layer(ties)
show("running_mean", layer.running_mean)
show("running_var", layer.running_var)
layer.eval()
show("norm_evaluated", layer(x))
print("\n}  // namespace reference")
