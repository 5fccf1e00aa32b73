# SPDX-License-Identifier: BSL-1.0
"""Joins the results of run.sh: python3 report.py FOLDER writes FOLDER/results.json and FOLDER/results.md."""
import json
import pathlib
import re
import sys


def load(folder, name):
    """A file's content; nothing where it is missing or was cut off."""
    path = folder / f"{name}.json"
    try:
        return json.loads(path.read_text()) if path.exists() else None
    except ValueError:
        print(f"{path} is not whole and was left out", file=sys.stderr)
        return None


def times(report):
    """Seconds and counters of each benchmark, by name."""
    scale = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
    found = {}
    for row in (report or {}).get("benchmarks", []):
        if row.get("run_type", "iteration") != "iteration" or "error_message" in row:
            continue
        name = re.sub(r"/(manual|real)_time$", "", row["name"])
        found[name] = {"seconds": row["real_time"] * scale[row["time_unit"]],
                       **{k: row[k] for k in ("bytes", "flops") if k in row}}
    return found


def cpu_threads(folder):
    """On how many threads the CPU's part of the benchmarks ran."""
    for name in ("families", "steps"):
        context = (load(folder, name) or {}).get("context", {})
        if "cpu_threads" in context:
            return context["cpu_threads"]
    return "?"


def tests(folder):
    """Passed, failed, skipped and aborted cases of each test program, read off Boost.Test's short report."""
    rows = {}
    for path in [path for kind in ("test_*", "page", "lenet_mnist", "sanitizer_*")
                 for path in sorted(folder.glob(f"{kind}.txt"))]:
        text = path.read_text(errors="replace")
        count = lambda what: sum(int(n) for n in re.findall(rf"(\d+) test cases? out of \d+ {what}", text))
        rows[path.stem] = {"passed": count("passed"), "failed": count("failed") + count("aborted"),
                           "skipped": count("skipped"),
                           "exit": (re.findall(r"^exit status: (\d+)$", text, re.MULTILINE) or [None])[-1],
                           "sanitizer": (re.findall(r"(?:ERROR|RACECHECK) SUMMARY: (.*)", text) or [None])[-1]}
    return rows


def main():
    folder = pathlib.Path(sys.argv[1])
    benches = {name: times(load(folder, name)) for name in
               ("families", "elementwise", "reduction", "matmul", "steps", "convolution", "pooling", "batch_norm")}
    torch = load(folder, "torch")
    machine = (folder / "machine.txt").read_text().strip().splitlines() if (folder / "machine.txt").exists() else []
    results = {"machine": machine, "tests": tests(folder), "benches": benches, "torch": torch}
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")

    lines = ["# Results on a GPU", ""] + [f"- {line}" for line in machine] + [""]
    if results["tests"]:
        lines += ["| Tests | passed | failed | skipped | exit status | |", "|---|---|---|---|---|---|"]
        lines += [f"| {n} | {t['passed']} | {t['failed']} | {t['skipped']} | {t['exit'] or ''} | {t['sanitizer'] or ''} |"
                  for n, t in results["tests"].items()] + [""]
    threads = cpu_threads(folder)
    if benches["families"]:
        lines += [f"| Operations (0 forward, 1 backward) | GPU, us | CPU ({threads} threads), us | CPU / GPU | without cuDNN / GPU |",
                  "|---|---|---|---|---|"]
        for n, t in benches["families"].items():
            if "_cuda/" not in n:
                continue
            cpu, plain = (benches["families"].get(n.replace("_cuda/", other)) for other in ("_cpu/", "_cuda_plain/"))
            lines.append(f"| {n.replace('_cuda/', '/')} | {t['seconds'] * 1e6:.1f} | "
                         + (f"{cpu['seconds'] * 1e6:.0f} | {cpu['seconds'] / t['seconds']:.1f}" if cpu else " | ") + " | "
                         + (f"{plain['seconds'] / t['seconds']:.1f}" if plain else "") + " |")
        lines.append("")
    copies = {n.split("/")[1]: t["bytes"] for n, t in benches["elementwise"].items() if n.startswith("copy/")}
    best_copy = max(copies.values(), default=0)
    peers = (torch or {}).get("seconds", {})
    moving = {**benches["elementwise"], **benches["reduction"]}
    if moving:
        lines += ["| Memory-bound | time, us | GB/s | of the GPU's own copy | PyTorch eager / ours | compile / ours |",
                  "|---|---|---|---|---|---|"]
        for n, t in moving.items():
            rate = t.get("bytes", 0)
            share = f"{rate / best_copy:.0%}" if best_copy else ""
            eager, compiled = (f"{peers[f'{n}/{mode}'] / t['seconds']:.2f}" if f"{n}/{mode}" in peers else ""
                               for mode in ("eager", "compile"))
            lines.append(f"| {n} | {t['seconds'] * 1e6:.1f} | {rate / 1e9:.0f} | {share} | {eager} | {compiled} |")
        lines.append("")
    if benches["matmul"]:
        lines += ["| Product | TFLOP/s | of cuBLAS called directly |", "|---|---|---|"]
        for n, t in benches["matmul"].items():
            if "_program" not in n:
                continue
            direct = benches["matmul"].get(n.replace("_program", "_cublas"))
            share = f"{direct['seconds'] / t['seconds']:.0%}" if direct else ""
            lines.append(f"| {n} | {t['flops'] / 1e12:.1f} | {share} |")
        lines.append("")
    layers = {n: t for n, t in benches["matmul"].items() if "_layer_two_steps/" in n}
    if layers:
        lines += ["| Layer relu(x w + b) | two steps, us | one call of cuBLASLt, us | with autotune, us |", "|---|---|---|---|"]
        for n, t in layers.items():
            others = [benches["matmul"].get(n.replace("two_steps", other)) for other in ("one_call", "measuring")]
            lines.append(f"| {n.replace('_layer_two_steps', '')} | {t['seconds'] * 1e6:.1f} | "
                         + " | ".join(f"{o['seconds'] * 1e6:.1f}" if o else "" for o in others) + " |")
        lines.append("")
    if benches["convolution"]:
        lines += ["| Convolution (0 forward, 1 by input, 2 by weights) | us | TFLOP/s | of cuDNN called directly | without cuDNN, us |",
                  "|---|---|---|---|---|"]
        for n, t in benches["convolution"].items():
            if "_cuda/" not in n:
                continue
            plain = benches["convolution"].get(n.replace("_cuda/", "_cuda_plain/"))
            direct = benches["convolution"].get(n.replace("_cuda/", "_cudnn/"))
            lines.append(f"| {n.replace('_cuda', '')} | {t['seconds'] * 1e6:.1f} | {t.get('flops', 0) / 1e12:.1f} | "
                         + (f"{direct['seconds'] / t['seconds']:.0%}" if direct else "") + " | "
                         + (f"{plain['seconds'] * 1e6:.1f}" if plain else "") + " |")
        lines.append("")
    for bench, title, own, by_cudnn in (
            ("pooling", "Pooling (0 maximum, 1 its adjoint, 2 average, 3 its adjoint)", "_cuda_plain/", "_cuda_dnn/"),
            ("batch_norm", "Batch norm (0 forward, 1 reverse, 2 and 3 with relu)", "_cuda/", "_cudnn/")):
        if not benches[bench]:
            continue
        lines += [f"| {title} | us | least GB/s | by cuDNN, us | cuDNN / ours |", "|---|---|---|---|---|"]
        for n, t in benches[bench].items():
            if own not in n:
                continue
            other = benches[bench].get(n.replace(own, by_cudnn))
            lines.append(f"| {n.replace(own, '/')} | {t['seconds'] * 1e6:.1f} | {t.get('bytes', 0) / 1e9:.0f} | "
                         + (f"{other['seconds'] * 1e6:.1f} | {other['seconds'] / t['seconds']:.2f} |" if other else " | |"))
        lines.append("")
    blocks = {n: t for n, t in benches["batch_norm"].items() if n.startswith("residual_block") and n.endswith("_cuda")}
    if blocks:
        lines += ["| Training step | batch norm in our loops, us | by cuDNN, us | cuDNN / ours |", "|---|---|---|---|"]
        for n, t in blocks.items():
            other = benches["batch_norm"].get(n + "_dnn")
            lines.append(f"| {n.removesuffix('_cuda')} | {t['seconds'] * 1e6:.1f} | "
                         + (f"{other['seconds'] * 1e6:.1f} | {other['seconds'] / t['seconds']:.2f} |" if other else " | |"))
        lines.append("")
    if benches["steps"]:
        lines += [f"| Step/batch | GPU, us | CPU ({threads} threads) / GPU | PyTorch eager / ours | PyTorch compile / ours |", "|---|---|---|---|---|"]
        for n, t in benches["steps"].items():
            name, size = n.split("/")
            if not name.endswith("_cuda"):
                continue
            base = name[: -len("_cuda")]
            ratio = lambda s: f"{s / t['seconds']:.2f}" if s else ""
            cpu = benches["steps"].get(f"{base}_cpu/{size}", {}).get("seconds")
            lines.append(f"| {base}/{size} | {t['seconds'] * 1e6:.1f} | {ratio(cpu)} | "
                         f"{ratio(peers.get(f'{base}/{size}/eager'))} | {ratio(peers.get(f'{base}/{size}/compile'))} |")
        lines.append("")
    (folder / "results.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
