#!/bin/sh
# Prints a dictionary for libFuzzer and AFL++, made from the table of RR types, the kinds of
# malformed messages, and the words of zone text.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/dict.c" <<'END'
#include <stdio.h>

#include "proto/nsproto.h"

static void word(const char *text)
{
    printf("\"");
    for (; *text != '\0'; text++)
        printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    printf("\"\n");
}

int main(void)
{
    static const char *const words[] = {"$ORIGIN ", "$TTL ", "$INCLUDE ", " IN ", " CH ", "\\# ",
                                        "\\000", "@", "(", ")", ";", "\"", "v=DKIM1;", "k=rsa;",
                                        "p=", "t=y", "behave ", "when ", "zone ", "address ",
                                        "serves ", "Name,Type,Value", "1:2:3:4:5:6:7:8",
                                        "::192.0.2.1", "/128", "\\255", "65535", "4294967295",
                                        "999999999999999999"};
    for (size_t i = 0; i < nsp_rrtype_count(); i++) {
        const nsp_rrtype_t *t = nsp_rrtype_at(i);
        word(t->mnemonic);
        /* type and class IN as on the wire */
        printf("\"\\x%02x\\x%02x\\x00\\x01\"\n", t->number >> 8, t->number & 255);
    }
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        word(words[i]);
    for (unsigned i = 0; i < NSP_MANGLE_COUNT; i++)
        word(nsp_mangle_name((nsp_mangle_t)i));
    puts("\"\\xc0\\x0c\"\n\"\\xc0\\xff\"\n\"\\xff\\xff\"\n\"\\x00\\x00\\x29\\x04\\xd0\"");
    return 0;
}
END
${HOSTCC:-gcc} -std=c17 -I. -o "$dir/dict" "$dir/dict.c" proto/*.c
"$dir/dict"
