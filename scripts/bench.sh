#!/bin/sh
# Runs the benches that were built in the given build directory: scripts/bench.sh build/release
#
# Real replies are read in place from NSPROBE_SHARED (default: ../shared beside the checkout).
set -eu
build=${1:?usage: bench.sh BUILD}
replies=${NSPROBE_SHARED:-../shared}/data/real-replies.tcpdns

"$build/bench/decode" "$replies"
echo
bench/replay.py --build "$build" --replies "$replies"
echo
bench/bulk.py --build "$build" || echo "bulk: a bar was not reached"
for bench in "$build"/bench/*; do
    case $bench in
    */decode | */mkpcap | */pcapcount | */stages | */peak | *.o | *.d) continue ;;
    esac
    [ ! -x "$bench" ] || "$bench"
done
