#!/bin/sh
# Serves the demo's small Internet on loopback, checks a healthy and a broken domain in it, and asks
# why a mail service does not verify a third.
# usage: scripts/demo.sh PROGRAM
set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/lab.sh
prog=$1
scenario=demo/internet.scn
serve_lab demo "$prog" $scenario "$(mktemp -d)"

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
