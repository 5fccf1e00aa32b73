#!/usr/bin/env python3
"""Runs the compiled programs of bench/program and their PyTorch peers in turns and prints a table of ratios.

    python3 -m venv peers && peers/bin/pip install -r bench/peers/requirements.txt
    cmake -S . -B build && cmake --build build --target two_layer_step_bench mlp_step_bench lenet_step_bench tiny_step_bench chain_bench
    peers/bin/python bench/peers/compare.py build/bench

Both sides get the same number of threads; with one thread both are bound to one processor. The C library's allocator
returns large arrays to the system when they are freed and has them cleared when they are asked for again, at each step
of PyTorch; the settings below stop that, in PyTorch's favour.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# PyTorch's case: our program, its benchmark, its contestant, the contestant that is its limit.
CASES = {
    "two_layer": ("two_layer_step_bench", "two_layer_step/real_time", "step", "products"),
    "mlp": ("mlp_step_bench", "mlp_step/real_time", "step", "products"),
    "lenet": ("lenet_step_bench", "lenet_step/real_time", "step", "products"),
    "tiny1": ("tiny_step_bench", "tiny_step<1>/real_time", "step", "by_hand"),
    "tiny32": ("tiny_step_bench", "tiny_step<32>/real_time", "step", "by_hand"),
    "chain_forward": ("chain_bench", "chain_forward/real_time", "program", "by_hand"),
    "chain_gradient": ("chain_bench", "chain_gradient_of_sum/real_time", "program", "by_hand"),
}
TITLES = {
    "two_layer": "two-layer net 1000-100-10, batch 64",
    "mlp": "MLP 784-128-10, batch 64",
    "lenet": "LeNet-5, batch 64",
    "tiny1": "tiny MLP 4-16-16-2, batch 1",
    "tiny32": "tiny MLP 4-16-16-2, batch 32",
    "chain_forward": "chain of 1M floats, forward",
    "chain_gradient": "chain of 1M floats, forward and backward",
}


def environment(threads):
    result = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        result[name] = str(threads)
    result.update(MALLOC_MMAP_THRESHOLD_=str(1 << 25), MALLOC_TRIM_THRESHOLD_=str(1 << 32), MALLOC_TOP_PAD_=str(1 << 26))
    return result


class Torch:
    """A PyTorch process that measures when asked."""

    def __init__(self, python, threads, cases):
        self.process = subprocess.Popen(
            [python, str(HERE / "torch_steps.py"), "--serve", "--threads", str(threads), "--cases", *cases],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=environment(threads))
        greeting = self.answer()
        self.version, self.modes = greeting["torch"], greeting["modes"]

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("compare.py: the PyTorch process ended; run torch_steps.py by itself to see why")
        return json.loads(line)

    def ask(self, case, modes, turns):
        self.process.stdin.write(json.dumps({"case": case, "modes": modes, "turns": turns}) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def run_ours(folder, case, threads, seconds):
    """Median and best of our contestants, from one run of a benchmark program."""
    program, benchmark, ours, limit = CASES[case]
    command = [str(folder / program), "--benchmark_filter=^" + benchmark + "$", "--benchmark_format=json",
               f"--benchmark_min_time={seconds}"]
    result = subprocess.run(command, capture_output=True, text=True, env=environment(threads))
    if result.returncode != 0 or not result.stdout:
        sys.exit(f"compare.py: {' '.join(command)} failed:\n{result.stderr}")
    record = json.loads(result.stdout)["benchmarks"][0]
    if record.get("error_occurred"):
        sys.exit(f"compare.py: {benchmark}: {record['error_message']}")
    return {name: (record[name], record[name + "_best"]) for name in (ours, limit)}


def compare(folder, python, threads, cases, rounds, modes_wanted):
    torch = Torch(python, threads, cases)
    rows = []
    for case in cases:
        modes = [m for m in torch.modes[case] if modes_wanted is None or m in modes_wanted]
        if not modes:
            sys.exit(f"compare.py: {case} has no such mode; it has {', '.join(torch.modes[case])}")
        _, _, ours, limit = CASES[case]
        peer_times = {mode: [] for mode in modes}
        errors = {}
        our_runs = []
        torch.ask(case, modes, 1)  # compiles
        for _ in range(rounds):
            our_runs.append(run_ours(folder, case, threads, 0.1))
            answer = torch.ask(case, modes, 20)
            errors.update(answer["errors"])
            for mode, times in answer["times"].items():
                peer_times[mode] += times
        row = {
            "case": case, "threads": threads,
            "ours": statistics.median(r[ours][0] for r in our_runs), "ours_best": min(r[ours][1] for r in our_runs),
            "limit": statistics.median(r[limit][0] for r in our_runs), "limit_best": min(r[limit][1] for r in our_runs),
            "peers": {m: (statistics.median(t), min(t)) for m, t in peer_times.items() if t}, "errors": errors,
        }
        rows.append(row)
        print(".", end="", file=sys.stderr, flush=True)
    torch.close()
    print(file=sys.stderr)
    return torch.version, rows


def print_table(version, rows):
    print(f"PyTorch {version}. Microseconds: median (best). The last two columns are ratios of medians (of bests).\n")
    print("| case | threads | ctgrad | limit | best of PyTorch | its mode | PyTorch / ctgrad | ctgrad / limit |")
    print("|---|---|---|---|---|---|---|---|")

    def pair(a, b):
        return f"{a:.4g} ({b:.4g})"

    for row in rows:
        mode, (median, best) = min(row["peers"].items(), key=lambda item: item[1][0])
        print(f"| {TITLES[row['case']]} | {row['threads']} | {pair(row['ours'], row['ours_best'])} "
              f"| {pair(row['limit'], row['limit_best'])} | {pair(median, best)} | {mode} "
              f"| {median / row['ours']:.2f} ({best / row['ours_best']:.2f}) "
              f"| {row['ours'] / row['limit']:.2f} ({row['ours_best'] / row['limit_best']:.2f}) |")
    print("\nAll of PyTorch's modes, median (best):\n")
    print("| case | threads | " + "times |\n|---|---|---|")
    for row in rows:
        times = ", ".join(f"{mode} {pair(*t)}" for mode, t in row["peers"].items())
        failed = "".join(f"; {mode} failed: {error}" for mode, error in row["errors"].items())
        print(f"| {row['case']} | {row['threads']} | {times}{failed} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="where the benchmark programs are, such as build/bench")
    parser.add_argument("--python", default=sys.executable, help="a Python that has PyTorch; default: this one")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--modes", nargs="+", default=None, help="leave out the other modes of PyTorch")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=pathlib.Path, default=None, help="also write the numbers there")
    arguments = parser.parse_args()
    processors = sorted(os.sched_getaffinity(0))
    rows = []
    for threads in arguments.threads:
        if threads > len(processors):
            print(f"compare.py: {threads} threads want as many processors; left out", file=sys.stderr)
            continue
        os.sched_setaffinity(0, set(processors[-threads:]))
        version, part = compare(arguments.folder, arguments.python, threads, arguments.cases, arguments.rounds,
                                arguments.modes)
        rows += part
        os.sched_setaffinity(0, set(processors))
    if not rows:
        sys.exit("compare.py: nothing was measured")
    print_table(version, rows)
    if arguments.json:
        arguments.json.write_text(json.dumps({"torch": version, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
