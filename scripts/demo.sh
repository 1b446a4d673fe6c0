#!/bin/sh
# Serves the demo's small Internet on loopback, checks a healthy and a broken domain in it, and asks
# why a mail service does not verify a third.
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
ask() { # exit code that the scenario deserves, command, arguments
    wanted=$1
    command=$2
    shift 2
    echo
    echo "\$ nsprobe $command --lab $scenario $*"
    "$prog" "$command" --lab $scenario --timeout 0.5,1,2 "$@"
    code=$?
    echo "(exit code $code)"
    [ $code -eq "$wanted" ] || status=1
}

echo "A small Internet on loopback: root, top-level domains, a healthy domain and a broken one, and"
echo "one whose records a mail service does not verify."
ask 0 check bakery.example
ask 2 check shop.example
ask 2 dkim florist.example bq7k2vw4 m5xw7d3p zt4c6yqh
if [ $status -ne 0 ]; then
    echo "demo: an exit code is not the one that the scenario deserves" >&2
fi
exit $status
