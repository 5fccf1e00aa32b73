#!/usr/bin/env python3
"""Runs the benchmarks of derivatives and the same functions in JAX, CasADi and ADOL-C by turns, and prints a table.

    python3 -m venv peers && peers/bin/pip install -r bench/autodiff/requirements.txt
    cmake -S . -B build && cmake --build build
    peers/bin/python bench/autodiff/compare.py build/bench

What is not installed is left out. Everything runs on one processor. The times are of value and gradient together, in
nanoseconds; "plain" is the function alone, vectorised like the derivative by hand. ADOL-C and CasADi record once and
are replayed.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = ["sum", "sum_long", "product", "product_long", "log_sum_exp", "log_sum_exp_long", "normal_log_pdf",
            "normal_log_pdf_long", "matrix_product", "matrix_product_large", "regression", "regression_large",
            "volatility", "volatility_long", "volatility_scan", "black_scholes", "formulas", "deviations", "determinant",
            "polynomial", "matrix_square", "ode", "advection", "mixture", "lstm", "bundle_adjustment",
            "multivariate_normal", "multivariate_normal_50", "multivariate_normal_100"]
# Of a benchmark: medians, and medians of ratios. "write" is the writing of the gradient alone, of large arrays only.
COLUMNS = ("ours", "plain", "by_hand", "write", "ours/by_hand", "ours/plain")
# What cases end in that are other cases with sums and products in another order than the function says.
REASSOCIATED = "_reassociated"
# Bound by memory: value and gradient should take at most twice what the function takes. On some processors writing the
# gradient alone takes longer than that.
MEMORY_BOUND = ["sum_of<16384>", "normal_log_pdf_of<16384>"]


def run_program(folder, name, seconds):
    """Medians and ratios of each benchmark of a program."""
    command = [str(folder / f"{name}_bench"), "--benchmark_format=json", f"--benchmark_min_time={seconds}"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"compare.py: {' '.join(command)} failed:\n{result.stderr}")
    rows = {}
    for record in json.loads(result.stdout)["benchmarks"]:
        if record.get("error_occurred"):
            sys.exit(f"compare.py: {record['name']}: {record['error_message']}")
        rows[record["name"]] = {k: record[k] for k in COLUMNS if k != "write" or k in record}
    return rows


def run_adolc(program, case):
    # Its cost grows with the largest tape that a process ever had, so each case has a process, in a folder for its files.
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run([str(program), case], capture_output=True, text=True, cwd=folder)
    if result.returncode != 0:
        sys.exit(f"compare.py: {program} {case} failed:\n{result.stderr}")
    return float(result.stdout.split()[-1]) if result.stdout.strip() else None


def same(case, names, results):
    """Peers that disagree are compared with nobody."""
    import numpy

    for a, b in zip(results[0], results[-1]):
        a, b = numpy.asarray(a), numpy.asarray(b)
        if numpy.max(numpy.abs(a - b)) > 1e-9 * numpy.max(numpy.abs(a)):
            sys.exit(f"compare.py: {' and '.join(names)} disagree on {case}")


def prepare_peers(wanted):
    """For each peer: its version, and for each case the call to time."""
    sys.path.insert(0, str(HERE / "peers"))
    try:
        import cases
    except ImportError:
        return {}, None
    peers = {}
    for name, kind in (("jax", cases.Jax), ("casadi", cases.Casadi)):
        try:
            peers[name] = kind()
        except ImportError:
            print(f"compare.py: no {name}; left out", file=sys.stderr)
    table = {case: entry for case, entry in cases.cases().items() if case in wanted}
    return peers, (cases, table)


def time_peers(peers, cases, entry, case):
    times, results = {}, []
    for name, peer in peers.items():
        if case in getattr(peer, "without", ()):
            continue
        run, result = peer.prepare(*entry)
        results.append(result)
        times[name] = cases.nanoseconds(run)
    if len(results) > 1:
        same(case, list(peers), results)
    return times


def geometric_mean(values):
    return math.exp(sum(math.log(v) for v in values) / len(values))


def short(nanoseconds):
    if nanoseconds is None:
        return ""
    for size, unit in ((1e6, "ms"), (1e3, "us")):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def print_table(rows, versions):
    print("ADOL-C of the system; " + ", ".join(f"{n} {v}" for n, v in versions.items()) + ". Medians.\n")
    names = ["adolc", "casadi", "jax"]
    print("| case | function | by hand | ctgrad | / by hand | / function | ADOL-C | CasADi | JAX | best / ctgrad |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    best = []
    for case, row in rows.items():
        found = [row[n] for n in names if row.get(n)]
        ratio = min(found) / row["ours"] if found else None
        if ratio:
            best.append(ratio)
        print(f"| {case} | {short(row['plain'])} | {short(row['by_hand'])} | {short(row['ours'])} "
              f"| {row['ours/by_hand']:.2f} | {row['ours/plain']:.2f} | "
              + " | ".join(short(row.get(n)) for n in names) + f" | {'' if ratio is None else f'{ratio:.1f}'} |")
    # A function that was also reassociated counts once, as it was written.
    counted = {case: row["ours/by_hand"] for case, row in rows.items() if not case.endswith(REASSOCIATED)}
    worst = max(counted, key=counted.get)
    print(f"\n{len(counted)} cases. ctgrad / by hand: geometric mean {geometric_mean(counted.values()):.2f}, "
          f"worst {counted[worst]:.2f} ({worst}).")
    better = {case: rows.get(case + REASSOCIATED, row)["ours/by_hand"] for case, row in rows.items() if case in counted}
    worst = max(better, key=better.get)
    if len(rows) > len(counted):
        print(f"With {len(rows) - len(counted)} of them reassociated, as they are by hand: worst {better[worst]:.2f} "
              f"({worst}).")
    if best:
        print(f"Best peer / ctgrad: geometric mean {geometric_mean(best):.1f}, least {min(best):.1f}.")
    print("ctgrad / function where memory is the bound, and memset of the gradient / function: " +
          ", ".join(f"{case} {rows[case]['ours/plain']:.2f}, {rows[case]['write'] / rows[case]['plain']:.2f}"
                    for case in MEMORY_BOUND if case in rows) + ".")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="where the benchmark programs are, such as build/bench")
    parser.add_argument("--programs", nargs="+", default=PROGRAMS, choices=PROGRAMS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.1, help="of each benchmark in each round")
    parser.add_argument("--json", type=pathlib.Path, default=None, help="also write the numbers there")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    rounds, peer_rounds = [], []
    peers, loaded = None, None
    adolc = arguments.folder.resolve() / "adolc_peer"
    for _ in range(arguments.rounds):
        rows = {}
        for name in arguments.programs:
            rows.update(run_program(arguments.folder, name, arguments.seconds))
            print(".", end="", file=sys.stderr, flush=True)
        rounds.append(rows)
        if peers is None:
            peers, loaded = prepare_peers(rows)
        times = {case: {} for case in rows}
        for case in rows:
            if adolc.exists():
                times[case]["adolc"] = run_adolc(adolc, case)
            if loaded and case in loaded[1]:
                times[case].update(time_peers(peers, loaded[0], loaded[1][case], case))
        peer_rounds.append(times)
    print(file=sys.stderr)
    result = {}
    for case in rounds[0]:
        result[case] = {k: statistics.median(r[case][k] for r in rounds) for k in rounds[0][case]}
        for name in peer_rounds[0][case]:
            found = [t[case][name] for t in peer_rounds if t[case].get(name)]
            result[case][name] = statistics.median(found) if found else None
    versions = {name: peer.version for name, peer in (peers or {}).items()}
    print_table(result, versions)
    if arguments.json:
        arguments.json.write_text(json.dumps({"versions": versions, "rows": result}, indent=1) + "\n")


if __name__ == "__main__":
    main()
