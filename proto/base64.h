/* The alphabet of base64. Internal to proto/, and to readers of text with base64 in it. */
#ifndef NSPROTO_BASE64_H
#define NSPROTO_BASE64_H

/* What a character stands for, 0 to 63; -1 for '=', blanks and all else (RFC 4648 4). */
static inline int nsp_base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

#endif
