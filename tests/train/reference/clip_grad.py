# SPDX-License-Identifier: BSL-1.0
"""Writes clip_grad.hpp: what PyTorch's clip_grad_norm_ and clip_grad_value_ make of training.

python3 clip_grad.py > clip_grad.hpp     (written by PyTorch 2.15)
"""
import torch

torch.manual_seed(0)
print("// SPDX-License-Identifier: BSL-1.0")
print("/// \\file")
print("/// What PyTorch computes for tests/train/clip_grad_test.cpp: written by clip_grad.py.")
print("#pragma once\n\nnamespace reference {\n")


def array(name, values, kind="double"):
    numbers = ", ".join(repr(float(v)) for v in torch.as_tensor(values, dtype=torch.float64).flatten().tolist())
    print(f"inline constexpr {kind} {name}[] = {{{numbers}}};")


def make_net(dtype):
    """Parameters 0.1, -0.2, 0.3, -0.4, 0.5, -0.6, 0.1, ..."""
    net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 4)).to(dtype)
    i = 0
    with torch.no_grad():
        for p in net.parameters():
            for k in range(p.numel()):
                p.view(-1)[k] = (1 if i % 2 == 0 else -1) * (i % 6 + 1) / 10
                i += 1
    return net


def data(dtype):
    x = torch.tensor([0.25 * (i % 7 - 3) for i in range(6 * 3)], dtype=dtype).reshape(6, 3)
    return x, torch.tensor([i % 4 for i in range(6)])


def parameters_of(net):
    return torch.cat([p.detach().view(-1) for p in net.parameters()])


def by_norm(max_norm):
    return lambda p: torch.nn.utils.clip_grad_norm_(p, max_norm)


def by_value(clip_value):
    return lambda p: torch.nn.utils.clip_grad_value_(p, clip_value)


def train(name, make, *clips):
    """Six steps: the losses, and the parameters after the last."""
    net = make_net(torch.float64)
    x, label = data(torch.float64)
    optimizer = make(net.parameters())
    losses = []
    for _ in range(6):
        loss = torch.nn.functional.cross_entropy(net(x), label)
        optimizer.zero_grad()
        loss.backward()
        for clip in clips:
            clip(net.parameters())
        optimizer.step()
        losses.append(loss.item())
    array(f"{name}_losses", losses)
    array(f"{name}_parameters", parameters_of(net))


o = torch.optim
train("sgd_norm", lambda p: o.SGD(p, lr=0.5), by_norm(0.25))
train("sgd_norm_zero", lambda p: o.SGD(p, lr=0.5, weight_decay=0.1), by_norm(0.0))
train("sgd_value", lambda p: o.SGD(p, lr=0.5), by_value(0.03))
train("momentum_value", lambda p: o.SGD(p, lr=0.2, momentum=0.8, weight_decay=0.01), by_value(0.05))
train("adam_norm", lambda p: o.Adam(p, lr=0.02, weight_decay=0.1), by_norm(0.3))
train("sgd_value_norm", lambda p: o.SGD(p, lr=0.5), by_value(0.06), by_norm(0.15))
train("sgd_norm_value", lambda p: o.SGD(p, lr=0.5), by_norm(0.15), by_value(0.06))

# Eight steps of Adam with a scaler, in float; the input of the first and the fourth overflows.
net = make_net(torch.float32)
x, label = data(torch.float32)
optimizer = o.Adam(net.parameters(), lr=0.05)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_factor=4.0, backoff_factor=0.25, growth_interval=3)
losses, scales = [], []
for step in range(8):
    optimizer.zero_grad()
    overflows = step in (0, 3)
    loss = torch.nn.functional.cross_entropy(net(x * float("inf") if overflows else x), label)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    torch.nn.utils.clip_grad_value_(net.parameters(), 0.2)
    torch.nn.utils.clip_grad_norm_(net.parameters(), 0.3)
    scaler.step(optimizer)
    scaler.update()
    losses.append(0.0 if overflows else loss.item())
    scales.append(scaler.get_scale())
print("/// Steps with a GradScaler, of which the first and the fourth overflow: the losses (0 there), the scales after")
print("/// each, and the parameters after the last.")
array("clipped_scaler_losses", losses, "float")
array("clipped_scaler_scales", scales)
array("clipped_scaler_parameters", parameters_of(net), "float")
print("\n}  // namespace reference")
