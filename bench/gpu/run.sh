#!/usr/bin/env bash
# Runs what build.sh made, on a machine with a GPU:
#   bash run.sh PART RESULTS       PART: tests, sanitizers, benches, peers or all; RESULTS: a folder for the results
# Exit status: 0 all went well, 77 there is no GPU, 1 something failed.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
part=${1:?usage: bash run.sh tests|sanitizers|benches|peers|all RESULTS}
results=$(realpath -m "${2:?usage: bash run.sh tests|sanitizers|benches|peers|all RESULTS}")
mkdir -p "$results"
python=$(command -v python3)

# The libraries of the toolkit where it is, else those that came with PyTorch.
libraries=$here/lib
for folder in /usr/local/cuda/lib64 $("$python" - 2>/dev/null <<'P'
import importlib.util, pathlib
spec = importlib.util.find_spec("nvidia")
if spec:
    for root in spec.submodule_search_locations:
        for folder in sorted(pathlib.Path(root).glob("*/lib")):
            print(folder)
P
); do [ -d "$folder" ] && libraries=$libraries:$folder; done
export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

if ! command -v nvidia-smi >/dev/null || ! nvidia-smi -L 2>/dev/null | grep -q GPU; then
  echo "skipped: there is no GPU on this machine"
  exit 77
fi
{
  echo "commit: $(cat "$here/commit")"
  echo "date: $(date -u +%F)"
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | sed 's/^/gpu: /'
} >"$results/machine.txt"

failed=0
# run NAME SECONDS COMMAND...: with a limit, its output kept
run() {
  local name=$1 limit=$2
  shift 2
  timeout "$limit" "$@" >"$results/$name.txt" 2>&1
  local status=$?
  echo "$name: exit $status"
  [ $status -eq 0 ] || { failed=1; tail -5 "$results/$name.txt"; }
}

tests() {
  run test_cuda 300 "$here/test_cuda" --log_level=test_suite --report_level=short
  run test_cuda_page 60 "$here/test_cuda_page"
  [ -x "$here/test_cuda_suites" ] && run test_cuda_suites 500 "$here/test_cuda_suites" --report_level=short
  run lenet_mnist 120 "$here/lenet_mnist" --device cuda --save "$results/lenet.safetensors"
}
sanitizers() {
  local tool
  for tool in memcheck racecheck initcheck; do
    run "sanitizer_$tool" 180 compute-sanitizer --tool "$tool" --error-exitcode 1 "$here/test_cuda" --run_test=cuda_device
  done
}
benches() {
  local bench
  for bench in elementwise reduction matmul steps convolution; do
    run "bench_$bench" 240 "$here/${bench}_gpu" --benchmark_format=console --benchmark_min_time=0.05 \
      --benchmark_out="$results/$bench.json" --benchmark_out_format=json
  done
}
peers() {
  timeout 550 "$python" "$here/torch_gpu.py" >"$results/torch.json" 2>"$results/torch.txt" || { failed=1; tail -5 "$results/torch.txt"; }
}

case $part in
  tests | sanitizers | benches | peers) "$part" ;;
  all) tests; sanitizers; benches; peers ;;
  *) echo "there is no part \"$part\": tests, sanitizers, benches, peers or all" >&2; exit 1 ;;
esac
"$python" "$here/report.py" "$results" || failed=1
exit $failed
