# SPDX-License-Identifier: BSL-1.0
"""Writes precision.hpp: what PyTorch's autocast and GradScaler compute on the CPU.

python3 precision.py > precision.hpp     (written by PyTorch 2.15)
"""
import torch

torch.manual_seed(0)
print("// SPDX-License-Identifier: BSL-1.0")
print("/// \\file")
print("/// What PyTorch computes for tests/train/precision_test.cpp: written by precision.py.")
print("#pragma once\n\nnamespace reference {\n")


def array(name, values, kind="float"):
    numbers = ", ".join(repr(float(v)) for v in torch.as_tensor(values).flatten().tolist())
    print(f"inline constexpr {kind} {name}[] = {{{numbers}}};")


def number(i):
    """0.1, -0.2, 0.3, -0.4, 0.5, -0.6, 0.1, ..."""
    return (1 if i % 2 == 0 else -1) * (i % 6 + 1) / 10


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = torch.nn.Linear(3, 8)
        self.output = torch.nn.Linear(8, 4)
        i = 0
        for p in self.parameters():
            with torch.no_grad():
                for k in range(p.numel()):
                    p.view(-1)[k] = number(i)
                    i += 1

    def forward(self, x):
        return self.output(torch.tanh(self.hidden(x)))


x = torch.tensor([0.25 * (i % 7 - 3) for i in range(6 * 3)]).reshape(6, 3)
label = torch.tensor([i % 4 for i in range(6)])

# The loss and the gradients of one step in 16 bits.
for name, dtype, scale in (("bfloat16", torch.bfloat16, 1.0), ("float16", torch.float16, 1024.0)):
    net = Net()
    with torch.autocast("cpu", dtype=dtype):
        logits = net(x)
    loss = torch.nn.functional.cross_entropy(logits.float(), label)
    (loss * scale).backward()
    gradient = torch.cat([p.grad.view(-1) for p in net.parameters()]) / scale
    print(f"/// One step in {name}: the loss, and the gradients of all parameters.")
    print(f"inline constexpr float {name}_loss = {loss.item()!r};")
    array(f"{name}_gradient", gradient)

# Ten steps of Adam with a scaler; the input of the first, the fourth and the fifth overflows.
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_factor=4.0, backoff_factor=0.25, growth_interval=3)
losses, scales = [], []
for step in range(10):
    optimizer.zero_grad()
    data = x * float("inf") if step in (0, 3, 4) else x
    loss = torch.nn.functional.cross_entropy(net(data), label)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    scales.append(scaler.get_scale())
    losses.append(loss.item() if step not in (0, 3, 4) else 0.0)
print("/// Ten steps with a GradScaler, of which the first, the fourth and the fifth overflow: the losses (0 there), the")
print("/// scales after each, and the parameters after the last.")
array("scaler_losses", losses)
array("scaler_scales", scales, "double")
array("scaler_parameters", torch.cat([p.detach().view(-1) for p in net.parameters()]))
print("\n}  // namespace reference")
