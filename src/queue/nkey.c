#include "queue/nkey.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SEED_LETTERS  58
#define SEED_OCTETS   36
#define KEY_OCTETS    32
#define PUBLIC_OCTETS (1 + KEY_OCTETS + 2)
#define PREFIX_SEED   (18u << 3) /* shows as 'S' */
#define PREFIX_USER   (20u << 3) /* shows as 'U' */
#define FILE_MAX      8192

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* CRC-16 with the polynomial 0x1021, beginning with 0. */
static uint16_t crc16(const uint8_t *p, size_t n)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < n; i++) {
        crc ^= (uint32_t)p[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = ((crc << 1) ^ ((crc & 0x8000u) != 0 ? 0x1021u : 0)) & 0xffffu;
    }
    return (uint16_t)crc;
}

static bool decode(const char *text, uint8_t out[SEED_OCTETS])
{
    uint32_t bits = 0;
    int have = 0;
    size_t n = 0;
    for (size_t i = 0; i < SEED_LETTERS; i++) {
        const char *at = text[i] != '\0' ? strchr(base32, text[i]) : NULL;
        if (at == NULL)
            return false;
        bits = (bits << 5 | (uint32_t)(at - base32)) & 0xfffu;
        have += 5;
        if (have >= 8 && n < SEED_OCTETS) {
            have -= 8;
            out[n++] = (uint8_t)(bits >> have);
        }
    }
    return n == SEED_OCTETS;
}

static void encode(const uint8_t *p, size_t n, char *out)
{
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < n; i++) {
        bits = (bits << 8 | p[i]) & 0xfffu;
        for (have += 8; have >= 5; have -= 5)
            *out++ = base32[bits >> (have - 5) & 31u];
    }
    if (have > 0)
        *out++ = base32[bits << (5 - have) & 31u];
    *out = '\0';
}

static bool public_of(const uint8_t seed[KEY_OCTETS], char out[NKEY_PUBLIC_MAX])
{
    uint8_t raw[PUBLIC_OCTETS] = {PREFIX_USER};
    size_t size = KEY_OCTETS;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, KEY_OCTETS);
    bool good = key != NULL && EVP_PKEY_get_raw_public_key(key, raw + 1, &size) == 1;
    EVP_PKEY_free(key);
    uint16_t crc = crc16(raw, 1 + KEY_OCTETS);
    raw[PUBLIC_OCTETS - 2] = (uint8_t)crc;
    raw[PUBLIC_OCTETS - 1] = (uint8_t)(crc >> 8);
    encode(raw, sizeof raw, out);
    return good;
}

bool nkey_public(const char *text, char out[NKEY_PUBLIC_MAX])
{
    uint8_t raw[SEED_OCTETS];
    bool good = false;
    while (*text != '\0' && strncmp(text, "SU", 2) != 0) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    /* the kind of key lies across the first two octets, five bits each */
    if (strcspn(text, " \t\r\n") == SEED_LETTERS && decode(text, raw)) {
        uint16_t crc = crc16(raw, SEED_OCTETS - 2);
        unsigned kind = (raw[0] & 7u) << 5 | raw[1] >> 3;
        good = (raw[0] & 0xf8u) == PREFIX_SEED && kind == PREFIX_USER &&
               raw[SEED_OCTETS - 2] == (uint8_t)crc && raw[SEED_OCTETS - 1] == crc >> 8 &&
               public_of(raw + 2, out);
    }
    OPENSSL_cleanse(raw, sizeof raw);
    return good;
}

bool nkey_public_of_file(const char *path, char out[NKEY_PUBLIC_MAX])
{
    char text[FILE_MAX];
    FILE *f = fopen(path, "rbe");
    if (f == NULL)
        return false;
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    bool good = nkey_public(text, out);
    OPENSSL_cleanse(text, sizeof text);
    return good;
}
