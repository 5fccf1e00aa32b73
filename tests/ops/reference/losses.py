# SPDX-License-Identifier: BSL-1.0
"""Writes the numbers in ../loss_test.cpp: PyTorch's values and gradients, in double precision.

Run: python losses.py > losses.hpp
"""
import torch

torch.set_default_dtype(torch.float64)


def show(name, tensor):
    numbers = ", ".join(repr(float(x)) for x in tensor.detach().flatten())
    print(f"constexpr double {name}[] = {{{numbers}}};")


def gradient(y, x):
    return torch.autograd.grad(y, x, retain_graph=True)[0]


# The same inputs as in the test: multiples of 1/8, so that they are exact in every type.
x = (torch.tensor([(7 * i) % 33 - 16 for i in range(12)]) / 8.0).reshape(3, 4).requires_grad_()
y = (torch.tensor([(5 * i) % 17 - 8 for i in range(12)]) / 8.0).reshape(3, 4).requires_grad_()
w = (torch.tensor([(11 * i) % 19 - 9 for i in range(20)]) / 8.0).reshape(4, 5).requires_grad_()
target = torch.tensor([3, 0, 2])

print("// SPDX-License-Identifier: BSL-1.0")
print("/// \\file")
print(f"/// Values and gradients by PyTorch {torch.__version__.split('+')[0]}, written by losses.py.")
print("#pragma once\n")
print("namespace reference {\n")
softmax = torch.softmax(x, 1)
show("softmax", softmax)
show("softmax_gradient", gradient((softmax * y).sum(), x))
log_softmax = torch.log_softmax(x, 0)
show("log_softmax", log_softmax)
show("log_softmax_gradient", gradient((log_softmax * y).sum(), x))
cross_entropy = torch.nn.functional.cross_entropy(x, target)
show("cross_entropy", cross_entropy)
show("cross_entropy_gradient", gradient(cross_entropy, x))
# Scores so far apart that exp of one overflows and of another is 0.
far = torch.nn.functional.cross_entropy(x * 1000, target)
show("far_cross_entropy", far)
show("far_cross_entropy_gradient", gradient(far, x))
mse = torch.nn.functional.mse_loss(x, y)
show("mse", mse)
show("mse_gradient", gradient(mse, x))
product = x @ w
show("product", product)
loss = (product**2).mean()
show("product_gradient_x", gradient(loss, x))
show("product_gradient_w", gradient(loss, w))
values = torch.cat([x.detach().flatten(), torch.tensor([0.0, 30.0, -30.0])]).requires_grad_()
show("sigmoid", torch.sigmoid(values))
show("sigmoid_gradient", gradient(torch.sigmoid(values).sum(), values))
show("tanh", torch.tanh(values))
show("tanh_gradient", gradient(torch.tanh(values).sum(), values))
largest = x.detach().clone()
largest[0, 1] = largest[0, 3]
largest.requires_grad_()
show("amax_gradient", gradient(torch.amax(largest * 1.0, 1).sum(), largest))
print("\n}  // namespace reference")
