#!/usr/bin/env bash
# Counts the instructions that g++ -O2 takes to compile the sources here, under valgrind, and prints a Markdown table,
# in billions. Unlike seconds they are the same in every run, whatever else the machine does, so that small changes show.
# Takes 30 to 50 times as long as compiling.
#   instructions.sh            with the headers of this tree
#   instructions.sh INCLUDE    with those of another one, to compare with
# CXX_GNU names another compiler.
set -euo pipefail
cd "$(dirname "$0")"
gnu=${CXX_GNU:-g++}
include=${1:-../../include}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo '#include <ctgrad/ctgrad.hpp>' >"$scratch/headers.cpp"

printf '| case | billions of instructions |\n|---|---|\n'
for name in headers hello mnist residual16 residual128; do
  source=$name.cpp define=()
  [ "$name" = headers ] && source=$scratch/headers.cpp
  [[ $name == residual* ]] && source=residual.cpp define=(-DBLOCKS="${name#residual}")
  "$gnu" -std=c++20 -O2 "${define[@]}" -I "$include" -E "$source" -o "$scratch/source.ii"
  valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null --log-file="$scratch/log" \
    "$("$gnu" -print-prog-name=cc1plus)" -fpreprocessed "$scratch/source.ii" -quiet -std=c++20 -O2 \
    -fconstexpr-ops-limit=1000000000 -fconstexpr-loop-limit=10000000 -o /dev/null
  awk -v name="$name" '/I *refs/ { gsub(",", ""); printf "| %s | %.2f |\n", name, $NF / 1e9 }' "$scratch/log"
done
