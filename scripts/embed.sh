#!/bin/sh
# Prints a file as C source: scripts/embed.sh FILE NAME defines the octets NAME and their number
# NAME_size. The same file gives the same source.
set -eu
[ $# -eq 2 ] && [ -f "$1" ] || {
    echo "usage: scripts/embed.sh FILE NAME" >&2
    exit 64
}
echo "/* Made of $1 by scripts/embed.sh. */"
echo "#include \"dkim/provider_table.h\""
echo "const unsigned char $2[] = {"
od -An -v -tu1 "$1" | sed -e 's/^ *//' -e 's/  */,/g' -e 's/$/,/'
echo "};"
echo "const size_t $2_size = sizeof $2;"
