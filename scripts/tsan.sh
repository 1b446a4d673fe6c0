#!/bin/sh
# Runs what has threads of its own in a build with ThreadSanitizer: scripts/tsan.sh build/tsan
#
# setarch -R: gcc 12's ThreadSanitizer does not know how far kernels of today spread addresses.
set -eu
build=${1:?usage: tsan.sh BUILD}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"

setarch -R "$build/tests/test_flow_pipe"
setarch -R "$build/tests/test_input"
for kind in traffic names ids; do
    "$build/bench/mkpcap" $kind 40000 >"$folder/$kind.pcap"
    for threads in 1 2 3; do
        status=0
        TSAN_OPTIONS=exitcode=66 setarch -R "$build/nsprobe" replay --json --threads $threads \
            "$folder/$kind.pcap" >"$folder/$threads" || status=$?
        [ $status -le 3 ]
    done
    cmp "$folder/1" "$folder/2"
    cmp "$folder/1" "$folder/3"
done
echo "tsan: no race, and the same with one thread, two and three"
