# SPDX-License-Identifier: BSL-1.0
"""The work of the *_gpu.cu benchmarks in PyTorch, eager and compiled with CUDA graphs: torch_gpu.py FILE writes JSON,
name -> seconds, anew with every figure, so that what is cut off has given what it had."""
import json
import pathlib
import sys

try:
    import torch
except ImportError:
    print("skipped: PyTorch is not installed", file=sys.stderr)
    sys.exit(77)
if not torch.cuda.is_available():
    print("skipped: PyTorch finds no GPU", file=sys.stderr)
    sys.exit(77)

nn = torch.nn
F = nn.functional
# As our programs have it: no float is rounded to 10 bits.
torch.backends.cudnn.allow_tf32 = False
results = {}


def note(name, seconds):
    results[name] = seconds
    content = {"torch": torch.__version__, "gpu": torch.cuda.get_device_name(), "seconds": results}
    pathlib.Path(sys.argv[1]).write_text(json.dumps(content, indent=1) + "\n")


def note_compiled(name, function, run):
    """Each function and size is compiled for itself: otherwise the second size would make the first one's code general,
    and after eight of them there would be no compiled code at all."""
    torch._dynamo.reset()
    try:
        compiled = torch.compile(function, mode="max-autotune", dynamic=False)
        note(name, measure(lambda: run(compiled)))
    except Exception as error:  # where there is no C compiler, say
        print(f"{name}: {error}", file=sys.stderr)


def measure(run, calls=20, rounds=10):
    """The best round's seconds a call, measured by the GPU."""
    for _ in range(8):
        run()
    torch.cuda.synchronize()
    best = float("inf")
    for _ in range(rounds):
        start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(calls):
            run()
        stop.record()
        stop.synchronize()
        best = min(best, start.elapsed_time(stop) / 1e3 / calls)
    return best


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(256, 256), nn.Linear(256, 256)

    def forward(self, x):
        return x + self.second(torch.tanh(self.first(x)))


def networks():
    yield "two_layer", 1000, nn.Sequential(nn.Linear(1000, 100, bias=False), nn.ReLU(), nn.Linear(100, 10, bias=False))
    yield "mlp", 784, nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    yield "residual", 256, nn.Sequential(nn.Linear(256, 256), nn.Tanh(), *[Block() for _ in range(8)], nn.Linear(256, 10))
    yield "lenet", 784, nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5),
        nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, 10))


def steps():
    for name, inputs, network in networks():
        network = network.cuda()
        optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, fused=True)
        for size in (1, 64, 1024):
            x = torch.rand(size, inputs, device="cuda") * 2 - 1
            y = torch.arange(size, device="cuda") % 10

            def step(loss):
                optimizer.zero_grad(set_to_none=True)
                loss(x, y).backward()
                optimizer.step()

            def loss_of(a, b):
                return F.cross_entropy(network(a), b)

            note(f"{name}/{size}/eager", measure(lambda: step(loss_of)))
            note_compiled(f"{name}/{size}/compile", loss_of, step)


def chains():
    for size in (1 << 24, 1 << 28):
        x = (torch.rand(size, device="cuda") * 2 - 1).requires_grad_()

        def chain(v):
            return (torch.tanh(v * 2 + 1) * torch.exp(-v * v)).sum()

        def run(f):
            x.grad = None
            f(x).backward()

        note(f"chain_with_gradient/{size}/eager", measure(lambda: run(chain)))
        note_compiled(f"chain_with_gradient/{size}/compile", chain, run)


chains()
steps()
