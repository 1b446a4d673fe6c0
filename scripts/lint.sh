#!/bin/sh
# Format, dependency arrows, a clang build with all warnings, cppcheck and clang-tidy.
# Prints one line for each check and everything a failed one had to say.
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=$(nproc)
failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

check() {
    name=$1
    shift
    if "$@" >"$out" 2>&1; then
        echo "lint ok      $name"
    else
        echo "lint FAILED  $name"
        cat "$out"
        failed=1
    fi
}

sources=$(git ls-files -- '*.c' '*.h')
units=$(git ls-files -- 'proto/*.c' 'capture/*.c' 'src/*.c' 'src/*/*.c')
flags="-std=c17 -D_GNU_SOURCE -DNSPROBE_VERSION=\\\"0\\\" -I. -Isrc"

# clang-tidy says "N warnings generated" about system headers too: only its findings count.
tidy() {
    # shellcheck disable=SC2086
    printf '%s\n' $units | xargs -P "$jobs" -n 3 sh -c \
        'clang-tidy-14 --quiet "$@" -- '"$flags"' 2>&1' tidy >"$out.tidy"
    if grep -qE '(warning|error):' "$out.tidy"; then
        grep -vE 'warnings? generated|^Suppressed' "$out.tidy"
        rm -f "$out.tidy"
        return 1
    fi
    rm -f "$out.tidy"
}

lint_cppcheck() {
    # shellcheck disable=SC2086
    cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability \
        --inline-suppr --suppressions-list=.cppcheck --error-exitcode=1 -j "$jobs" \
        -D_GNU_SOURCE '-DNSPROBE_VERSION="0"' -I. -Isrc $units
}

# shellcheck disable=SC2086
check "clang-format" clang-format-14 --dry-run -Werror $sources
check "dependency arrows" scripts/arrows.py
check "clang build" make -j "$jobs" CC=clang-14 BUILD=build/clang all units
check "cppcheck" lint_cppcheck
check "clang-tidy" tidy
[ ! -x scripts/findings-doc.sh ] || check "docs up to date" make check-docs
exit $failed
