#include "signed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

nsp_name_t signed_name(const char *text)
{
    nsp_name_t n;
    if (nsp_name_from_text(text, strlen(text), NULL, &n, NULL) != NSP_OK)
        abort();
    return n;
}

static void index_reply(signed_reply_t *r)
{
    r->arena = calloc(SIGNED_RRS, sizeof *r->arena);
    if (r->arena == NULL || nsp_msg_index(&r->msg, r->wire, r->size, r->arena, SIGNED_RRS) != 0)
        abort();
}

static void parse_line(signed_reply_t *r, char *line)
{
    char *save = NULL;
    const char *zone = strtok_r(line, " ", &save);
    const char *qname = strtok_r(NULL, " ", &save);
    const char *qtype = strtok_r(NULL, " ", &save);
    const char *base64 = strtok_r(NULL, " \n", &save);
    if (base64 == NULL)
        abort();
    snprintf(r->zone, sizeof r->zone, "%s", zone);
    snprintf(r->qname, sizeof r->qname, "%s", qname);
    snprintf(r->qtype, sizeof r->qtype, "%s", qtype);
    r->zone_name = signed_name(zone);
    r->name = signed_name(qname);
    if (nsp_type_from_text(qtype, strlen(qtype), &r->type) != NSP_OK)
        abort();
    size_t n = strlen(base64);
    uint8_t *room = malloc(n);
    if (room == NULL)
        abort();
    int size = EVP_DecodeBlock(room, (const unsigned char *)base64, (int)n);
    if (size < NSP_HEADER_SIZE)
        abort();
    r->size = (size_t)size - (base64[n - 1] == '=') - (base64[n - 2] == '=');
    r->wire = malloc(r->size);
    if (r->wire == NULL)
        abort();
    memcpy(r->wire, room, r->size);
    free(room);
    index_reply(r);
}

bool signed_read(signed_replies_t *all)
{
    char *line = NULL;
    size_t cap = 0;
    memset(all, 0, sizeof *all);
    FILE *f = fopen(SIGNED_FILE, "r");
    if (f == NULL)
        return false;
    if (getline(&line, &cap, f) < 0 || sscanf(line, "now %" SCNd64, &all->now) != 1)
        abort();
    while (getline(&line, &cap, f) > 0) {
        all->reply = realloc(all->reply, (all->count + 1) * sizeof *all->reply);
        if (all->reply == NULL)
            abort();
        parse_line(&all->reply[all->count++], line);
    }
    free(line);
    fclose(f);
    return all->count > 0;
}

void signed_free(signed_replies_t *all)
{
    for (size_t i = 0; i < all->count; i++)
        signed_drop(&all->reply[i]);
    free(all->reply);
}

signed_replies_t signed_all;

int signed_setup(void **state)
{
    (void)state;
    return signed_read(&signed_all) ? 0 : -1;
}

int signed_teardown(void **state)
{
    (void)state;
    signed_free(&signed_all);
    return 0;
}

const signed_reply_t *signed_find(const signed_replies_t *all, const char *zone, const char *qname,
                                  const char *qtype)
{
    for (size_t i = 0; i < all->count; i++) {
        const signed_reply_t *r = &all->reply[i];
        if (strcmp(r->zone, zone) == 0 && strcmp(r->qname, qname) == 0 &&
            strcmp(r->qtype, qtype) == 0)
            return r;
    }
    return NULL;
}

signed_reply_t signed_copy(const signed_reply_t *r)
{
    signed_reply_t c = *r;
    c.wire = malloc(r->size);
    if (c.wire == NULL)
        abort();
    memcpy(c.wire, r->wire, r->size);
    index_reply(&c);
    return c;
}

void signed_drop(signed_reply_t *r)
{
    free(r->wire);
    free(r->arena);
}

bool signed_from_text(const char *text, uint16_t rcode, signed_built_t *out)
{
    static nsp_zone_rr_t rr;
    nsp_builder_t b;
    size_t size = 0;
    const char *end = strstr(text, "--\n");
    nsp_build_begin(&b, out->wire, sizeof out->wire, 1,
                    (uint16_t)(NSP_FLAG_QR | NSP_FLAG_AA | rcode));
    for (int authority = 0; authority <= 1; authority++) {
        nsp_zone_reader_t z;
        size_t n = end != NULL && !authority ? (size_t)(end - text) : strlen(text);
        nsp_zone_begin(&z, text, n, NULL);
        while (nsp_zone_next(&z, &rr)) {
            if (!nsp_build_rr(&b, authority ? NSP_AUTHORITY : NSP_ANSWER, &rr.owner, rr.type,
                              rr.rclass, rr.ttl, rr.rdata, rr.rdlength))
                return false;
        }
        if (z.err != NSP_OK)
            return false;
        text += n + (end != NULL && !authority ? 3 : 0);
    }
    return nsp_build_end(&b, &size) == NSP_OK &&
           nsp_msg_index(&out->msg, out->wire, size, out->arena, SIGNED_RRS) == NSP_E_QDCOUNT;
}

/* DS records with SHA-256. */
void signed_make_ds(const nsp_msg_t *dnskey, const nsp_name_t *zone, uint16_t flags,
                    signed_built_t *out)
{
    nsp_builder_t b;
    size_t size = 0;
    nsp_build_begin(&b, out->wire, sizeof out->wire, 1, NSP_FLAG_QR);
    for (uint16_t i = 0; i < dnskey->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(dnskey, NSP_ANSWER, i);
        const uint8_t *key = dnskey->wire + rr->rdata;
        uint8_t data[2048];
        uint8_t rdata[36];
        if (rr->type != NSP_TYPE_DNSKEY || (flags != 0 && (key[0] << 8 | key[1]) != flags))
            continue;
        memcpy(data, zone->octets, zone->len);
        memcpy(data + zone->len, key, rr->rdlength);
        uint16_t tag = dnssec_key_tag(key, rr->rdlength);
        rdata[0] = (uint8_t)(tag >> 8);
        rdata[1] = (uint8_t)tag;
        rdata[2] = key[3];
        rdata[3] = 2;
        EVP_Digest(data, (size_t)zone->len + rr->rdlength, rdata + 4, NULL, EVP_sha256(), NULL);
        if (!nsp_build_rr(&b, NSP_ANSWER, zone, NSP_TYPE_DS, NSP_CLASS_IN, 60, rdata, 36))
            break;
    }
    if (nsp_build_end(&b, &size) != NSP_OK)
        abort();
    nsp_msg_index(&out->msg, out->wire, size, out->arena, SIGNED_RRS);
}

bool signed_parent_keys(const signed_replies_t *all, dnssec_keys_t *keys)
{
    const signed_reply_t *r = signed_find(all, "test", "test", "DNSKEY");
    signed_built_t ds;
    if (r == NULL)
        return false;
    signed_make_ds(&r->msg, &r->zone_name, 0, &ds);
    return dnssec_check_keys(&ds.msg, &r->msg, &r->zone_name, all->now, keys).status ==
           DNSSEC_SECURE;
}

dnssec_verdict_t signed_zone_keys(const signed_replies_t *all, const char *zone,
                                  dnssec_keys_t *keys)
{
    const signed_reply_t *ds = signed_find(all, "test", zone, "DS");
    const signed_reply_t *dnskey = signed_find(all, zone, zone, "DNSKEY");
    if (ds == NULL || dnskey == NULL)
        abort();
    return dnssec_check_keys(&ds->msg, &dnskey->msg, &dnskey->zone_name, all->now, keys);
}
