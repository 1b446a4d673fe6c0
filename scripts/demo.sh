#!/bin/sh
# Serves the demo's small Internet on loopback and checks a healthy and a broken domain in it.
# usage: scripts/demo.sh PROGRAM
set -u
cd "$(dirname "$0")/.." || exit 1
prog=$1
scenario=demo/internet.scn
ready=$(mktemp)
"$prog" serve $scenario >"$ready" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -f "$ready"' EXIT INT TERM

i=0
until grep -q '^ready' "$ready"; do
    i=$((i + 1))
    if [ $i -gt 100 ] || ! kill -0 $server 2>/dev/null; then
        echo "demo: the servers did not start:" >&2
        cat "$ready" >&2
        exit 1
    fi
    sleep 0.1
done

status=0
ask() { # domain, exit code that the scenario deserves
    echo
    echo "\$ nsprobe check --lab $scenario $1"
    "$prog" check --lab $scenario --timeout 0.5,1,2 "$1"
    code=$?
    echo "(exit code $code)"
    [ $code -eq "$2" ] || status=1
}

echo "A small Internet on loopback: root, example., a healthy domain and a broken one."
ask bakery.example 0
ask shop.example 2
if [ $status -ne 0 ]; then
    echo "demo: an exit code is not the one that the scenario deserves" >&2
fi
exit $status
