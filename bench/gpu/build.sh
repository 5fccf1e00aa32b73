#!/usr/bin/env bash
# Builds the GPU's tests and benchmarks for another machine, into one folder:
#   bash bench/gpu/build.sh FOLDER [ARCHITECTURES]       (default: 90; several as '80;90')
# With SUITES=1 also the suites of operations, layers and optimizers, which takes about 10 minutes more on two cores;
# with LEVELS=1 these for CudaPlain and CudaDnn too, wherever they differ from Cuda, and what is compared with PyTorch's
# numbers, which takes longer. Needs the CUDA toolkit, no GPU.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(realpath -m "${1:?usage: bash bench/gpu/build.sh FOLDER [ARCHITECTURES]}")
architectures=${2:-90}
nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
[ -x "$nvcc" ] || { echo "there is no CUDA toolkit on this machine: nvcc was not found" >&2; exit 1; }
build=build/gpu
generator=()
command -v ninja >/dev/null && generator=(-G Ninja)

# Not for this machine's processor, and with the C++ library inside: the other machine may have neither.
# libstdc++ asks for arc4random, which came with glibc 2.36; nothing else needs one later than 2.35.
mkdir -p "$build"
g++ -O2 -c -x c++ -o "$build/arc4random.o" - <<'CODE'
#include <sys/random.h>
extern "C" __attribute__((visibility("hidden"))) unsigned arc4random() noexcept {
  unsigned bits = 0;
  while (getrandom(&bits, sizeof bits, 0) != sizeof bits) {
  }
  return bits;
}
CODE
cmake -S . -B "$build" "${generator[@]}" -D CMAKE_BUILD_TYPE=Release -D CTGRAD_CUDA=ON -D CTGRAD_CUDA_SUITES="${SUITES:-0}" -D CTGRAD_CUDA_ALL_LEVELS="${LEVELS:-0}" \
  -D CMAKE_CUDA_COMPILER="$nvcc" -D CMAKE_CUDA_ARCHITECTURES="$architectures" -D CTGRAD_NATIVE=OFF -D MNIST_DATA=mnist_data \
  -D CTGRAD_OPENMP=on -D CTGRAD_BLAS=off -D CTGRAD_NCCL=off -D CMAKE_CXX_FLAGS=-march=x86-64-v3 \
  -D CMAKE_CUDA_FLAGS=-Xcompiler=-march=x86-64-v3 -D CMAKE_EXE_LINKER_FLAGS="-static-libstdc++ -static-libgcc $PWD/$build/arc4random.o"
targets=(test_cuda test_cuda_page lenet_mnist families_gpu elementwise_gpu reduction_gpu matmul_gpu steps_gpu
  convolution_gpu pooling_gpu batch_norm_gpu)
[ "${SUITES:-0}" = 1 ] && targets+=(test_cuda_suites)
cmake --build "$build" -j "$(nproc)" --target "${targets[@]}"

mkdir -p "$folder/lib"
for target in "${targets[@]}"; do
  cp "$(find "$build" -type f -name "$target" -perm -u+x | head -1)" "$folder/"
  strip "$folder/$target"
done
# What another machine is least likely to have; cuBLAS and cuDNN come with CUDA or with PyTorch there.
for library in libbenchmark libboost_unit_test_framework libgomp; do
  cp "$(ldd "$folder"/* 2>/dev/null | grep -o "/[^ ]*$library[^ ]*" | head -1)" "$folder/lib/" 2>/dev/null || true
done
newest=$(objdump -T "$folder"/*_gpu "$folder"/test_cuda* 2>/dev/null | grep -o 'GLIBC_2\.[0-9]*' | sort -uV | tail -1)
if [ "$(printf '%s\nGLIBC_2.35\n' "$newest" | sort -V | tail -1)" != GLIBC_2.35 ]; then
  echo "the programs need $newest, which many machines with a GPU do not have" >&2
  exit 1
fi
cp bench/gpu/run.sh bench/gpu/torch_gpu.py bench/gpu/report.py "$folder/"
cp -r examples/mnist/data "$folder/mnist_data"
git rev-parse --short HEAD >"$folder/commit"
du -sh "$folder"
