#!/bin/sh
# Prints docs/DIFFERENCES.md from the table of differences, fuzz/differences.def.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/doc.c" <<'END'
#include <stdio.h>

int main(void)
{
#define DIFFERENCE(ident, id, who, what, right, rfc) \
    printf("\n## %s\n\n%s: %s.\n\n- Who is right: %s\n- Source: %s\n", id, who, what, right, rfc);
#include "fuzz/differences.def"
    return 0;
}
END
${HOSTCC:-gcc} -std=c17 -I. -o "$dir/doc" "$dir/doc.c"
cat <<'END'
# Differences

<!-- Made by scripts/differences-doc.sh from fuzz/differences.def; `make check-docs` compares. -->

Messages are given to this project's parser, to libknot 3.2 and to ldns 1.8, mutated along their
structure: `make fuzz TARGET=differ`. All three must accept or refuse alike, and print records that
mean the same (what another program prints is read here, and must give the same RDATA). What
follows is every difference that is known; a new one ends the fuzzer.
END
"$dir/doc"
