#!/usr/bin/env python3
"""The benchmarks of bench/program in PyTorch: training steps and an elementwise chain, eager and compiled.

    python torch_steps.py [--threads 1] [--cases mlp tiny1] [--modes eager compile] [--repetitions 100]

Prints the median and the best time of a step in microseconds. The ways of a case take turns, so that a noisy
machine disturbs all alike. With --serve, measures what it reads on standard input: compare.py uses that.
"""

import argparse
import json
import statistics
import sys
import time

import torch
import torch._dynamo
import torch.nn.functional as F

# Each network is compiled for its own shapes, however many came before.
torch._dynamo.config.recompile_limit = 256

LEARNING_RATE = 1e-6


def two_layer():
    x, y = torch.randn(64, 1000), torch.randn(64, 10)
    parameters = [torch.randn(1000, 100), torch.randn(100, 10)]

    def loss(p, x, y):
        return (x.mm(p[0]).clamp(min=0).mm(p[1]) - y).pow(2).sum()

    return loss, parameters, (x, y)


def layers(sizes):
    parameters = []
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        layer = torch.nn.Linear(fan_in, fan_out)
        parameters += [layer.weight.detach().clone(), layer.bias.detach().clone()]
    return parameters


def mlp():
    x, y = torch.rand(64, 784), torch.randint(0, 10, (64,))

    def loss(p, x, y):
        return F.cross_entropy(F.linear(F.linear(x, p[0], p[1]).relu(), p[2], p[3]), y)

    return loss, layers([784, 128, 10]), (x, y)


def lenet():
    x, y = torch.rand(64, 1, 28, 28), torch.randint(0, 10, (64,))
    parameters = []
    for layer in (torch.nn.Conv2d(1, 6, 5), torch.nn.Conv2d(6, 16, 5)):
        parameters += [layer.weight.detach().clone(), layer.bias.detach().clone()]

    def loss(p, x, y):
        h = F.max_pool2d(F.conv2d(x, p[0], p[1], padding=2).relu(), 2)
        h = F.max_pool2d(F.conv2d(h, p[2], p[3]).relu(), 2).flatten(1)
        h = F.linear(F.linear(h, p[4], p[5]).relu(), p[6], p[7]).relu()
        return F.cross_entropy(F.linear(h, p[8], p[9]), y)

    return loss, parameters + layers([400, 120, 84, 10]), (x, y)


def tiny(samples):
    x, y = torch.randn(samples, 4), torch.randint(0, 2, (samples,))

    def loss(p, x, y):
        h = torch.tanh(F.linear(x, p[0], p[1]))
        h = torch.tanh(F.linear(h, p[2], p[3]))
        return F.cross_entropy(F.linear(h, p[4], p[5]), y)

    return loss, layers([4, 16, 16, 2]), (x, y)


STEPS = {"two_layer": two_layer, "mlp": mlp, "lenet": lenet, "tiny1": lambda: tiny(1), "tiny32": lambda: tiny(32)}
CHAINS = ("chain_forward", "chain_gradient")
MODES = {
    "step": ("eager_sgd", "eager_foreach", "compile_loss", "compile_step", "max_autotune"),
    "chain": ("eager", "compile", "max_autotune"),
}


def make_step(case, mode):
    """A function of no arguments that runs one training step."""
    loss, parameters, data = STEPS[case]()
    if mode in ("compile_step", "max_autotune"):
        # The whole step, gradients and update, is one compiled function.
        def step(p, x, y):
            gradients, value = torch.func.grad_and_value(loss)(p, x, y)
            torch._foreach_add_(p, gradients, alpha=-LEARNING_RATE)
            return value

        options = {"mode": "max-autotune"} if mode == "max_autotune" else {}
        compiled = torch.compile(step, fullgraph=True, **options)

        def run():
            with torch.no_grad():
                return compiled(parameters, *data)

        return run

    for p in parameters:
        p.requires_grad_(True)
    if mode == "eager_sgd":
        optimizer = torch.optim.SGD(parameters, lr=LEARNING_RATE)

        def run():
            optimizer.zero_grad()
            value = loss(parameters, *data)
            value.backward()
            optimizer.step()
            return value

        return run

    forward = torch.compile(loss, fullgraph=True) if mode == "compile_loss" else loss

    def run():
        value = forward(parameters, *data)
        gradients = torch.autograd.grad(value, parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, gradients, alpha=-LEARNING_RATE)
        return value

    return run


def make_chain(case, mode):
    """A function of no arguments that runs the chain, or the gradient of its sum, over 1,048,576 floats."""
    x = torch.randn(1 << 20)

    def chain(x, a, b):
        return torch.tanh(a * x + b) * torch.exp(-x * x)

    def with_gradient(x, a, b):
        gradient, value = torch.func.grad_and_value(lambda x: chain(x, a, b).sum())(x)
        return value, gradient

    options = {"mode": "max-autotune"} if mode == "max_autotune" else {}
    if case == "chain_forward":
        function = chain if mode == "eager" else torch.compile(chain, fullgraph=True, **options)
    elif mode == "eager":
        x.requires_grad_(True)

        def run():
            value = chain(x, 1.5, 0.5).sum()
            return value, torch.autograd.grad(value, x)[0]

        return run
    else:
        function = torch.compile(with_gradient, fullgraph=True, **options)

    def run():
        with torch.no_grad():
            return function(x, 1.5, 0.5)

    return run


def modes_of(case):
    return MODES["chain" if case in CHAINS else "step"]


class Contestant:
    """A way of running a case, made when it is first measured."""

    def __init__(self, case, mode):
        self.case, self.mode, self.run = case, mode, None

    def prepare(self):
        if self.run is not None:
            return
        torch.manual_seed(0)
        self.run = (make_chain if self.case in CHAINS else make_step)(self.case, self.mode)
        for _ in range(5):
            self.run()
        # About 2 ms a turn: short against the slow spells of a shared machine.
        start = time.perf_counter()
        for _ in range(20):
            self.run()
        self.calls = max(1, int(0.002 / ((time.perf_counter() - start) / 20)))

    def turn(self):
        """Microseconds of one call."""
        self.prepare()
        self.run()
        start = time.perf_counter()
        for _ in range(self.calls):
            self.run()
        return (time.perf_counter() - start) / self.calls * 1e6


def measure(contestants, turns):
    """For each mode, its times; a mode that does not work here gives its error instead."""
    times, errors = {c.mode: [] for c in contestants}, {}
    for _ in range(turns):
        for c in contestants:
            if c.mode in errors:
                continue
            try:
                times[c.mode].append(c.turn())
            except Exception as error:  # torch.compile fails in many ways
                errors[c.mode] = f"{type(error).__name__}: {error}".splitlines()[0]
    return {"times": times, "errors": errors}


def serve(all_contestants):
    """Reads lines of JSON, {"case": ..., "modes": [...], "turns": ...}, and answers each with one of times."""
    output = sys.stdout
    sys.stdout = sys.stderr  # the autotuner prints
    modes = {c: modes_of(c) for c in {contestant.case for contestant in all_contestants}}
    print(json.dumps({"torch": torch.__version__, "modes": modes}), file=output, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        chosen = [c for c in all_contestants if c.case == request["case"] and c.mode in request["modes"]]
        print(json.dumps(measure(chosen, request["turns"])), file=output, flush=True)


def main():
    cases = list(STEPS) + list(CHAINS)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cases", nargs="+", default=cases, choices=cases)
    parser.add_argument("--modes", nargs="+", default=None, help="default: all that the case has")
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--serve", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)
    contestants = [Contestant(case, mode) for case in arguments.cases for mode in modes_of(case)]
    if arguments.serve:
        return serve(contestants)
    print(f"PyTorch {torch.__version__}, {arguments.threads} threads, microseconds")
    for case in arguments.cases:
        chosen = [
            c for c in contestants if c.case == case and (arguments.modes is None or c.mode in arguments.modes)
        ]
        answer = measure(chosen, arguments.repetitions)
        for mode, times in answer["times"].items():
            if times:
                print(f"{case:16} {mode:14} median {statistics.median(times):10.1f}  best {min(times):10.1f}", flush=True)
            elif mode in answer["errors"]:
                print(f"{case:16} {mode:14} {answer['errors'][mode]}", flush=True)


if __name__ == "__main__":
    main()
