# shellcheck shell=sh
# To be sourced. Serves a scenario on loopback for as long as the script that sources it runs.

# serve_lab NAME PROGRAM SCENARIO FOLDER: NAME stands in front of what is said when the servers do
# not start. They end, and FOLDER goes, with the script.
serve_lab() {
    : >"$4/ready"
    "$2" serve "$3" >"$4/ready" 2>&1 &
    lab_server=$!
    lab_folder=$4
    trap 'kill $lab_server 2>/dev/null; wait $lab_server 2>/dev/null || true
          rm -rf "$lab_folder"' EXIT INT TERM
    lab_tries=0
    until grep -q '^ready' "$4/ready"; do
        lab_tries=$((lab_tries + 1))
        if [ $lab_tries -gt 100 ] || ! kill -0 $lab_server 2>/dev/null; then
            echo "$1: the servers did not start:" >&2
            cat "$4/ready" >&2
            exit 1
        fi
        sleep 0.1
    done
}
