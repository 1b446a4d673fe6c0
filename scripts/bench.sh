#!/bin/sh
# Runs the benches that were built in the given build directory: scripts/bench.sh build/release
#
# Real replies are read in place from NSPROBE_SHARED (default: ../shared beside the checkout).
set -eu
build=${1:?usage: bench.sh BUILD}
shared=${NSPROBE_SHARED:-../shared}

if [ -x "$build/bench/decode" ]; then
    "$build/bench/decode" "$shared/data/real-replies.tcpdns"
fi
for bench in "$build"/bench/*; do
    case $bench in
    */decode | *.o | *.d) continue ;;
    esac
    [ ! -x "$bench" ] || "$bench"
done
