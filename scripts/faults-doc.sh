#!/bin/sh
# Prints docs/FAULTS.md from the catalogue of faults, src/serve/faults.def.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/doc.c" <<'END'
#include <stdio.h>

enum { UDP = 1, TCP = 2, BOTH = 3, NO = 0, YES = 1 };

int main(void)
{
    static const char *const where[] = {"", "UDP", "TCP", "both"};
    printf("| fault | over | a lie | what is sent | source |\n|---|---|---|---|---|\n");
#define FAULT(ident, name, transport, lie, what, source) \
    printf("| %s | %s | %s | %s | %s |\n", name, where[transport], lie ? "yes" : "", what, source);
#include "serve/faults.def"
    return 0;
}
END
${HOSTCC:-gcc} -std=c17 -Isrc -o "$dir/doc" "$dir/doc.c"
cat <<'END'
# Faults

<!-- Made by scripts/faults-doc.sh from src/serve/faults.def; `make check-docs` compares. -->

What `nsprobe serve --fuzz SEED` answers with, and what `nsprobe torture` shows a client, one after
another. A fault that is a lie carries the address 203.0.113.66, 2001:db8:bad::66 or the text
nsprobe-lie, which a client must not take for an answer.

END
"$dir/doc"
