#!/bin/sh
# Makes the picture of the README: the page of `check --html` about the demo's broken domain.
# usage: scripts/screenshot.sh PROGRAM PICTURE.png
set -eu
cd "$(dirname "$0")/.."
. scripts/lab.sh
prog=$1
picture=$(realpath "$2")
scenario=demo/internet.scn
command -v chromium >/dev/null || { echo "screenshot: chromium is not installed (make deps)" >&2; exit 1; }
folder=$(mktemp -d)
serve_lab screenshot "$prog" $scenario "$folder"
# it is broken: exit code 2
code=0
"$prog" check --lab $scenario --timeout 0.5,1,2 shop.example --html "$folder/page.html" \
    >/dev/null || code=$?
[ $code -eq 2 ] || { echo "screenshot: check ended with $code" >&2; exit 1; }
# the browser says much on stderr that is of no use here
HOME=$folder chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --hide-scrollbars --user-data-dir="$folder/profile" --window-size=1000,1000 \
    --screenshot="$folder/page.png" "file://$folder/page.html" >"$folder/log" 2>&1 ||
    { cat "$folder/log" >&2; exit 1; }
[ -s "$folder/page.png" ] || { cat "$folder/log" >&2; exit 1; }
cp "$folder/page.png" "$picture"
echo "$2: $(wc -c <"$picture") octets"
