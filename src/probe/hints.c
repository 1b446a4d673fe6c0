#include "probe/hints.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/zone.h"

static const struct {
    const char *v4;
    const char *v6;
} root_servers[HINTS_BUILTIN_COUNT / 2] = {
    {"198.41.0.4", "2001:503:ba3e::2:30"},   /* a */
    {"170.247.170.2", "2801:1b8:10::b"},     /* b */
    {"192.33.4.12", "2001:500:2::c"},        /* c */
    {"199.7.91.13", "2001:500:2d::d"},       /* d */
    {"192.203.230.10", "2001:500:a8::e"},    /* e */
    {"192.5.5.241", "2001:500:2f::f"},       /* f */
    {"192.112.36.4", "2001:500:12::d0d"},    /* g */
    {"198.97.190.53", "2001:500:1::53"},     /* h */
    {"192.36.148.17", "2001:7fe::53"},       /* i */
    {"192.58.128.30", "2001:503:c27::2:30"}, /* j */
    {"193.0.14.129", "2001:7fd::1"},         /* k */
    {"199.7.83.42", "2001:500:9f::42"},      /* l */
    {"202.12.27.33", "2001:dc3::35"},        /* m */
};

size_t hints_builtin(uint16_t port, given_ns_t out[HINTS_BUILTIN_COUNT])
{
    for (size_t i = 0; i < HINTS_BUILTIN_COUNT; i++) {
        char name[] = "a.root-servers.net.";
        const char *text = i % 2 == 0 ? root_servers[i / 2].v4 : root_servers[i / 2].v6;
        name[0] = (char)('a' + i / 2);
        memset(&out[i], 0, sizeof out[i]);
        nsp_name_from_text(name, sizeof name - 1, NULL, &out[i].name, NULL);
        out[i].has_addr = addr_from_text(text, strlen(text), port, &out[i].addr);
    }
    return HINTS_BUILTIN_COUNT;
}

/* The reader's work. */
typedef struct hints {
    const char *text;
    size_t len;
    uint16_t port;
    given_ns_t *out;
    size_t count;
    size_t names;
    nsp_name_t name[HINTS_MAX]; /* NS of the root */
    size_t begin;               /* of the record at hand, offset */
    char *err;
} hints_t;

/* Steps over blank space and comments to where a record begins. */
static size_t record_begin(const hints_t *h, size_t at)
{
    while (at < h->len) {
        if (h->text[at] == ';') {
            while (at < h->len && h->text[at] != '\n')
                at++;
        } else if (strchr(" \t\r\n", h->text[at]) != NULL && h->text[at] != '\0') {
            at++;
        } else {
            break;
        }
    }
    return at;
}

static bool complain(hints_t *h, const char *what)
{
    unsigned line = 1;
    unsigned column = 1;
    for (size_t i = 0; i < h->begin; i++) {
        column = h->text[i] == '\n' ? 1 : column + 1;
        line += h->text[i] == '\n';
    }
    snprintf(h->err, HINTS_ERROR_MAX, "line %u, column %u: %s", line, column, what);
    return false;
}

static bool take_ns(hints_t *h, const nsp_zone_rr_t *rr)
{
    nsp_reader_t r = nsp_reader(rr->rdata, rr->rdlength);
    if (rr->owner.len != 1)
        return complain(h, "NS record whose owner is not the root; write \".\" as its owner");
    if (h->names == HINTS_MAX)
        return complain(h, "more than 128 NS records; remove some");
    if (nsp_name_read(&r, NSP_NAME_UNCOMPRESSED, &h->name[h->names]) != NSP_OK)
        return complain(h, "NS record without a readable name");
    h->names++;
    return true;
}

static bool take_address(hints_t *h, const nsp_zone_rr_t *rr)
{
    if (h->count == HINTS_MAX)
        return complain(h, "more than 128 addresses; remove some");
    given_ns_t *g = &h->out[h->count++];
    memset(g, 0, sizeof *g);
    g->name = rr->owner;
    g->has_addr = true;
    g->addr = addr_from_octets(rr->rdata, rr->rdlength, h->port);
    return true;
}

static bool take(hints_t *h, const nsp_zone_rr_t *rr)
{
    if (rr->rclass != NSP_CLASS_IN)
        return complain(h, "record of another class than IN; remove it");
    if (rr->type == NSP_TYPE_NS)
        return take_ns(h, rr);
    if (rr->type == NSP_TYPE_A || rr->type == NSP_TYPE_AAAA)
        return take_address(h, rr);
    return complain(h, "only NS, A and AAAA records belong in a hints file; remove this one");
}

static bool read_records(hints_t *h, nsp_zone_rr_t *rr)
{
    nsp_name_t root;
    nsp_zone_reader_t z;
    nsp_name_root(&root);
    nsp_zone_begin(&z, h->text, h->len, &root);
    h->begin = record_begin(h, 0);
    while (nsp_zone_next(&z, rr)) {
        if (!take(h, rr))
            return false;
        h->begin = record_begin(h, z.pos);
    }
    if (z.err == NSP_OK)
        return true;
    snprintf(h->err, HINTS_ERROR_MAX, "line %u, column %u: %s", z.err_at.line, z.err_at.column,
             nsp_err_text(z.err));
    return false;
}

/* Keeps the addresses of root servers alone. */
static size_t keep_root_servers(hints_t *h)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->count; i++) {
        bool known = false;
        for (size_t k = 0; k < h->names && !known; k++)
            known = nsp_name_equal(&h->out[i].name, &h->name[k]);
        if (known)
            h->out[kept++] = h->out[i];
    }
    return kept;
}

size_t hints_parse(const char *text, size_t len, uint16_t port, given_ns_t out[HINTS_MAX],
                   char err[HINTS_ERROR_MAX])
{
    hints_t *h = calloc(1, sizeof *h);
    nsp_zone_rr_t *rr = malloc(sizeof *rr);
    size_t count = 0;
    err[0] = '\0';
    if (h == NULL || rr == NULL) {
        snprintf(err, HINTS_ERROR_MAX, "out of memory");
    } else {
        *h = (hints_t){.text = text, .len = len, .port = port, .out = out, .err = err};
        if (read_records(h, rr)) {
            count = keep_root_servers(h);
            h->begin = len;
            if (count == 0)
                complain(h,
                         "no address of a root server; give \". NS name\" and \"name A address\"");
        }
    }
    free(h);
    free(rr);
    return count;
}
