#!/usr/bin/env bash
# Compiles the sources here and prints a Markdown table: seconds, the compiler's peak memory, the object's size.
#   measure.sh                    all cases, g++ and clang++, -O2 and -O0 -g; nvcc -O2 where it is installed
#   measure.sh --budget FILE      only the cases of the budget, and fails when one is exceeded
#   measure.sh --large            adds the 512-block network
# CXX_GNU, CXX_CLANG and CUDACXX name other compilers.
set -euo pipefail
cd "$(dirname "$0")"
gnu=${CXX_GNU:-g++}
clang=${CXX_CLANG:-$(command -v clang++-16 || command -v clang++ || true)}
nvcc=${CUDACXX:-$(command -v nvcc || true)}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${CC:-cc}" -O1 -o "$scratch/usage" usage.c

declare -A seconds megabytes bytes

# measure CASE COMPILER FLAGS: fills the tables; prints a row.
measure() {
  local name=$1 compiler=$2 flags=$3 source define=() path arguments
  source=$name.cpp
  if [[ $name == residual* ]]; then
    source=residual.cpp
    define=(-DBLOCKS="${name#residual}")
  fi
  if [ "$compiler" = g++ ]; then
    path=$gnu
    arguments=(-fconstexpr-ops-limit=1000000000 -fconstexpr-loop-limit=10000000)
  elif [ "$compiler" = nvcc ]; then
    path=$nvcc
    arguments=(-x cu -arch=sm_90 -Xcudafe=--max_cost_constexpr_call=1000000000
      -Xcompiler=-fconstexpr-ops-limit=1000000000 -Xcompiler=-fconstexpr-loop-limit=10000000)
  else
    path=$clang
    arguments=(-fconstexpr-steps=100000000 -fbracket-depth=2048)
  fi
  local level=(-O2)
  [ "$flags" = -O0-g ] && level=(-O0 -g)
  local key="$name $compiler $flags"
  if ! "$scratch/usage" "$scratch/result" "$path" -std=c++20 "${level[@]}" "${arguments[@]}" "${define[@]}" \
    -I../../include -c "$source" -o "$scratch/object.o"; then
    echo "measure.sh: $key does not compile" >&2
    exit 1
  fi
  read -r "seconds[$key]" "megabytes[$key]" <"$scratch/result"
  bytes[$key]=$(stat -c %s "$scratch/object.o")
  printf '| %s | %s %s | %s | %s | %s |\n' "$name" "$compiler" "${level[*]}" "${seconds[$key]}" "${megabytes[$key]}" \
    "$((bytes[$key] / 1024))"
}

printf '| case | compiler | seconds | MB of memory | object, kB |\n|---|---|---|---|---|\n'
if [ "${1:-}" != --budget ]; then
  cases=(hello mnist residual16 residual128)
  [ "${1:-}" = --large ] && cases+=(residual512)
  for compiler in g++ clang++ nvcc; do
    [ "$compiler" = clang++ ] && [ -z "$clang" ] && continue
    [ "$compiler" = nvcc ] && [ -z "$nvcc" ] && continue
    for flags in -O2 -O0-g; do
      [ "$compiler $flags" = "nvcc -O0-g" ] && continue
      for name in "${cases[@]}"; do measure "$name" "$compiler" "$flags"; done
    done
  done
  exit 0
fi

exceeded=0
# check WHAT VALUE LIMIT
check() {
  if ! awk -v value="$2" -v limit="$3" 'BEGIN { exit !(value <= limit) }'; then
    echo "over budget: $1 is $2, allowed are $3" >&2
    exceeded=1
  fi
}
while read -r name compiler flags a b c d; do
  case $name in
  '#'* | '') ;;
  ratio)
    for x in "$a" "$b"; do [ -n "${seconds["$x $compiler $flags"]:-}" ] || measure "$x" "$compiler" "$flags"; done
    check "time($a) / time($b)" "$(awk -v x="${seconds["$a $compiler $flags"]}" -v y="${seconds["$b $compiler $flags"]}" 'BEGIN { print x / y }')" "$c"
    ;;
  growth)
    for x in "$a" "$b"; do [ -n "${bytes["$x $compiler $flags"]:-}" ] || measure "$x" "$compiler" "$flags"; done
    check "size($a) / size($b) / $c" "$(awk -v x="${bytes["$a $compiler $flags"]}" -v y="${bytes["$b $compiler $flags"]}" -v n="$c" 'BEGIN { print x / y / n }')" "$d"
    ;;
  *)
    measure "$name" "$compiler" "$flags"
    check "$name $compiler $flags: seconds" "${seconds["$name $compiler $flags"]}" "$a"
    check "$name $compiler $flags: megabytes" "${megabytes["$name $compiler $flags"]}" "$b"
    ;;
  esac
done < <(cd - >/dev/null && cat "$2")
exit $exceeded
