#!/bin/sh
# Fuzzes our own code with ASan and UBSan.
#   scripts/fuzz.sh fuzz-smoke            every target for a fixed number of runs (libFuzzer)
#   scripts/fuzz.sh fuzz TARGET [RUNS]    one target; without RUNS until interrupted
# ENGINE chooses libfuzzer (default) or afl. The checked-in corpus is only read; what is found goes
# to build/fuzz-found/TARGET (libFuzzer) or build/afl-found/TARGET (AFL++).
set -u
cd "$(dirname "$0")/.." || exit 1
mode=$1
target=${2:-}
runs=${3:-}
engine=${ENGINE:-libfuzzer}
mkdir -p build

build() { # directory, make's arguments
    dir=$1
    shift
    make -j"$(nproc)" BUILD="$dir" "$@" >"$dir.log" 2>&1 || {
        grep -E "error|warning" -A 4 "$dir.log"
        echo "0 passed, 1 failed"
        exit 1
    }
}

known_target() {
    [ -f "fuzz/fuzz_$target.c" ] && return 0
    echo "make fuzz TARGET=...; targets:" >&2
    for f in fuzz/fuzz_*.c; do basename "$f" .c | sed 's/^fuzz_/  /'; done >&2
    exit 64
}

dict() {
    scripts/fuzz-dict.sh >build/fuzz.dict && echo build/fuzz.dict
}

fuzz_libfuzzer() {
    build build/fuzz CC=clang-14 FUZZER=1 "build/fuzz/fuzz_$target"
    mkdir -p "build/fuzz-found/$target"
    exec "build/fuzz/fuzz_$target" ${runs:+-runs="$runs"} -max_len=4096 -dict="$(dict)" \
        -artifact_prefix="build/fuzz-found/" "build/fuzz-found/$target" "fuzz/corpus/$target"
}

# AFL++ counts executions, and its options are environment variables.
fuzz_afl() {
    command -v afl-fuzz >/dev/null || {
        echo "ENGINE=afl needs the Debian package afl++" >&2
        exit 64
    }
    build build/afl CC=afl-clang-fast AFL=1 "build/afl/fuzz_$target"
    kind=$(sed -n "s/^MUTATOR_$target := //p" Makefile)
    if [ -n "$kind" ]; then
        build build/afl AFL=1 "build/afl/mutator_$kind.so"
        export AFL_CUSTOM_MUTATOR_LIBRARY="$PWD/build/afl/mutator_$kind.so"
    fi
    export AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1
    mkdir -p "build/afl-found/$target"
    exec afl-fuzz -i "fuzz/corpus/$target" -o "build/afl-found/$target" -x "$(dict)" -m none \
        ${runs:+-E "$runs"} -- "build/afl/fuzz_$target"
}

# The same inputs each time and on each machine (nearly so for fuzz_replay, which has threads): no
# addresses that differ, nor an environment that moves the stack, no rereading of the corpus by the
# clock, and the corpus in the order of its names, not in that of the directory.
smoke_one() {
    name=$target
    found=$(mktemp -d /tmp/fuzz.XXXXXXXXXX)
    n=15000
    case "$name" in
    filter) n=2000 ;; # libpcap compiles each
    replay | signed) n=5000 ;; # a whole report or diagnosis each
    dkim) n=300 ;;        # a whole walk each
    config) n=5000 ;;
    checkpoint | history) n=3000 ;; # files are written and synchronised
    esac
    seeds=$(find "fuzz/corpus/$name" -type f | LC_ALL=C sort | paste -s -d ,)
    if env -i PATH=/usr/bin:/bin setarch -R "build/fuzz/fuzz_$name" -runs=$n -seed=1 -reload=0 \
        -max_len=1024 -dict=build/fuzz.dict -artifact_prefix="$found/" -seed_inputs="$seeds" \
        "$found" >"$found.log" 2>&1; then
        echo "ok - fuzz $name"
    else
        echo "not ok - fuzz $name"
        tail -40 "$found.log"
    fi
    rm -rf "$found" "$found.log"
}

# As many targets at once as there are processors.
smoke() {
    build build/fuzz CC=clang-14 FUZZER=1 fuzzers
    dict >/dev/null
    log=$(mktemp)
    for source in fuzz/fuzz_*.c; do basename "$source" .c | sed 's/^fuzz_//'; done |
        xargs -P "$(nproc)" -n 1 scripts/fuzz.sh smoke-one | tee "$log"
    wanted=$(find fuzz -maxdepth 1 -name 'fuzz_*.c' | wc -l)
    passed=$(grep -c '^ok - fuzz' "$log")
    rm -f "$log"
    echo "$passed passed, $((wanted - passed)) failed"
    [ "$passed" -eq "$wanted" ] && [ "$passed" -gt 0 ]
}

case "$mode $engine" in
"fuzz libfuzzer") known_target && fuzz_libfuzzer ;;
"fuzz afl") known_target && fuzz_afl ;;
"fuzz-smoke "*) smoke ;;
"smoke-one "*) smoke_one ;;
*)
    echo "ENGINE is libfuzzer or afl" >&2
    exit 64
    ;;
esac
