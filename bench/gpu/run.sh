#!/usr/bin/env bash
# Runs what build.sh made, on a machine with a GPU:
#   bash run.sh PART RESULTS
# PART: tests, suites, sanitizers, peers, benches (families, elementwise, reduction, matmul, steps, convolution, pooling,
# batch_norm, or one of them), or all. RESULTS: a folder for the results; parts run one after the other add to it. Each
# part but benches and all takes less than ten minutes. Exit status: 0 all went well, 77 there is no GPU, 2 wrong usage,
# 1 something failed.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
benches=(families elementwise reduction matmul steps convolution pooling batch_norm)
parts=(tests suites sanitizers peers benches "${benches[@]}" all)
if [ $# -ne 2 ] || [[ " ${parts[*]} " != *" $1 "* ]]; then
  echo "usage: bash run.sh PART RESULTS    (PART: ${parts[*]})" >&2
  exit 2
fi
part=$1
mkdir -p "$2" || exit 2
results=$(realpath "$2")
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
own_libraries=${LD_LIBRARY_PATH:-}  # PyTorch is to find those it came with
export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
PATH=$PATH:/usr/local/cuda/bin

if ! command -v nvidia-smi >/dev/null || [[ $(nvidia-smi -L 2>/dev/null) != *GPU* ]]; then
  echo "skipped: there is no GPU on this machine"
  exit 77
fi
missing=$(ldd "$here"/*_gpu | grep 'not found' | awk '{print $1}' | sort -u | tr '\n' ' ')
if [ -n "$missing" ]; then
  echo "the programs were not run: this machine lacks ${missing}(cuBLAS and cuDNN come with CUDA 13, or with a PyTorch for it)" >&2
  exit 1
fi
{
  echo "commit: $(cat "$here/commit")"
  echo "date: $(date -u +%F)"
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | sed 's/^/gpu: /'
  nvidia-smi | grep -o 'CUDA Version: [0-9.]*' | sed 's/^/driver for /'
  for library in cublas cudnn; do ldd "$here/steps_gpu" | grep -o "/[^ ]*lib$library\.so[^ ]*" | xargs -r readlink -f | sed "s/^/$library: /"; done
} >"$results/machine.txt"

failed=0
# run NAME SECONDS COMMAND...: with a limit, its output kept
run() {
  local name=$1 limit=$2
  shift 2
  timeout "$limit" "$@" >"$results/$name.txt" 2>&1
  local status=$?
  echo "$name: exit $status"
  echo "exit status: $status" >>"$results/$name.txt"
  [ $status -eq 0 ] || { failed=1; tail -5 "$results/$name.txt"; }
}

tests() {
  run test_cuda 300 "$here/test_cuda" --log_level=test_suite --report_level=short
  run page 60 "$here/test_cuda_page"
  cd "$here" && run lenet_mnist 120 ./lenet_mnist --device cuda --save "$results/lenet.safetensors"
}
suites() {
  if [ ! -x "$here/test_cuda_suites" ]; then
    echo "skipped: the suites were not built (SUITES=1 bash bench/gpu/build.sh)"
    return
  fi
  run test_cuda_suites 560 "$here/test_cuda_suites" --report_level=short
}
sanitizers() {
  local tool
  if ! command -v compute-sanitizer >/dev/null; then
    echo "skipped: there is no compute-sanitizer on this machine"
    return
  fi
  for tool in memcheck racecheck initcheck; do
    run "sanitizer_$tool" 180 compute-sanitizer --tool "$tool" --error-exitcode 1 "$here/test_cuda" --run_test=cuda_device \
      --report_level=short
  done
}
bench() {
  run "bench_$1" 300 "$here/${1}_gpu" --benchmark_format=console --benchmark_min_time=0.05 \
    --benchmark_out="$results/$1.json" --benchmark_out_format=json
}
peers() {
  LD_LIBRARY_PATH=$own_libraries timeout 550 "$python" "$here/torch_gpu.py" "$results/torch.json" >"$results/torch.txt" 2>&1
  local status=$?
  if [ $status -eq 77 ]; then
    cat "$results/torch.txt"
  elif [ $status -ne 0 ]; then
    failed=1
    tail -5 "$results/torch.txt"
  fi
}

# What a call that is cut off has done so far is reported too.
report() { "$python" "$here/report.py" "$results" || failed=1; }
trap report EXIT

case $part in
  tests | suites | sanitizers | peers) "$part" ;;
  benches) for name in "${benches[@]}"; do bench "$name"; done ;;
  all)
    tests
    suites
    sanitizers
    for name in "${benches[@]}"; do bench "$name"; done
    peers
    ;;
  *) bench "$part" ;;
esac
trap - EXIT
report
exit $failed
