#!/bin/sh
# Fuzzes our own code with libFuzzer, ASan and UBSan.
#   scripts/fuzz.sh fuzz-smoke            every target for a fixed number of runs
#   scripts/fuzz.sh fuzz TARGET [RUNS]    one target; without RUNS until interrupted
# The checked-in corpus is only read; what is found goes to build/fuzz-found/TARGET.
set -u
cd "$(dirname "$0")/.." || exit 1
mode=$1
target=${2:-}
runs=${3:-}

make -j"$(nproc)" CC=clang-14 BUILD=build/fuzz FUZZER=1 fuzzers >build/fuzz.log 2>&1 || {
    grep -E "error|warning" -A 4 build/fuzz.log
    echo "0 passed, 1 failed"
    exit 1
}
if [ "$mode" = fuzz ]; then
    if [ ! -x "build/fuzz/fuzz_$target" ]; then
        echo "make fuzz TARGET=...; targets:" fuzz/fuzz_*.c >&2
        exit 64
    fi
    mkdir -p "build/fuzz-found/$target"
    exec "build/fuzz/fuzz_$target" ${runs:+-runs="$runs"} -max_len=4096 \
        "build/fuzz-found/$target" "fuzz/corpus/$target"
fi

passed=0
failed=0
for program in build/fuzz/fuzz_*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    name=$(basename "$program" | sed 's/^fuzz_//')
    found=$(mktemp -d)
    if "$program" -runs=20000 -seed=1 -max_len=1024 -artifact_prefix="$found/" "$found" \
        "fuzz/corpus/$name" >"$found.log" 2>&1; then
        echo "ok - fuzz $name"
        passed=$((passed + 1))
    else
        echo "not ok - fuzz $name"
        tail -40 "$found.log"
        failed=$((failed + 1))
    fi
    rm -rf "$found" "$found.log"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
