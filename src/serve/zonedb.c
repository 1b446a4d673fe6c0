#include "serve/zonedb.h"

#include <stdlib.h>

#define CNAMES_MAX 8

static bool zone_add(zone_t *z, const nsp_zone_rr_t *in)
{
    if (z->count == z->cap) {
        size_t cap = z->cap == 0 ? 16 : z->cap * 2;
        zone_rr_t *grown = realloc(z->rr, cap * sizeof *grown);
        if (grown == NULL)
            return false;
        z->rr = grown;
        z->cap = cap;
    }
    zone_rr_t *rr = &z->rr[z->count];
    rr->rdata = malloc(in->rdlength > 0 ? in->rdlength : 1);
    if (rr->rdata == NULL)
        return false;
    memcpy(rr->rdata, in->rdata, in->rdlength);
    rr->owner = in->owner;
    rr->type = in->type;
    rr->rclass = in->rclass;
    rr->ttl = in->ttl_given ? in->ttl : 3600;
    rr->rdlength = in->rdlength;
    z->count++;
    return true;
}

bool zone_load(zone_t *z, const char *text, size_t len, nsp_err_t *err, nsp_place_t *at)
{
    nsp_zone_reader_t *reader = malloc(sizeof *reader);
    nsp_zone_rr_t *rr = malloc(sizeof *rr);
    *err = NSP_E_SPACE;
    if (reader != NULL && rr != NULL) {
        nsp_zone_begin(reader, text, len, &z->apex);
        *err = NSP_OK;
        while (nsp_zone_next(reader, rr) && *err == NSP_OK)
            if (!zone_add(z, rr))
                *err = NSP_E_SPACE;
        if (*err == NSP_OK)
            *err = reader->err;
        *at = reader->err_at;
    }
    free(reader);
    free(rr);
    return *err == NSP_OK;
}

void zone_free(zone_t *z)
{
    for (size_t i = 0; i < z->count; i++)
        free(z->rr[i].rdata);
    free(z->rr);
    memset(z, 0, sizeof *z);
}

static bool put(nsp_builder_t *b, nsp_section_t s, const zone_rr_t *rr, const nsp_name_t *owner)
{
    return nsp_build_rr(b, s, owner, rr->type, rr->rclass, rr->ttl, rr->rdata, rr->rdlength);
}

/* Writes the RRset at name under the owner given (another one for a wildcard). Returns how many
 * records; *fits becomes false when one did not. */
static unsigned put_rrset(const zone_t *z, nsp_builder_t *b, nsp_section_t s,
                          const nsp_name_t *name, uint16_t type, const nsp_name_t *owner,
                          bool *fits)
{
    unsigned n = 0;
    for (size_t i = 0; i < z->count; i++) {
        const zone_rr_t *rr = &z->rr[i];
        bool wanted = rr->type == type || type == NSP_TYPE_ANY;
        if (!wanted || !nsp_name_equal(&rr->owner, name))
            continue;
        n++;
        if (!put(b, s, rr, owner))
            *fits = false;
    }
    return n;
}

static bool has_rrset(const zone_t *z, const nsp_name_t *name, uint16_t type)
{
    for (size_t i = 0; i < z->count; i++)
        if (z->rr[i].type == type && nsp_name_equal(&z->rr[i].owner, name))
            return true;
    return false;
}

/* True when the name owns something or an owner lies below it (RFC 4592 2.2.2). */
static bool name_exists(const zone_t *z, const nsp_name_t *name)
{
    for (size_t i = 0; i < z->count; i++)
        if (nsp_name_is_subdomain(&z->rr[i].owner, name))
            return true;
    return false;
}

/* Addresses of the targets of the NS (and MX, SRV) records at name, as far as the zone has them. */
static void put_addresses(const zone_t *z, nsp_builder_t *b, const nsp_name_t *name, uint16_t type)
{
    bool fits = true;
    for (size_t i = 0; i < z->count && fits; i++) {
        const zone_rr_t *rr = &z->rr[i];
        nsp_name_t target;
        nsp_reader_t r = nsp_reader(rr->rdata, rr->rdlength);
        if (rr->type != type || !nsp_name_equal(&rr->owner, name))
            continue;
        if (nsp_name_read(&r, NSP_NAME_UNCOMPRESSED, &target) != NSP_OK)
            continue;
        put_rrset(z, b, NSP_ADDITIONAL, &target, NSP_TYPE_A, &target, &fits);
        put_rrset(z, b, NSP_ADDITIONAL, &target, NSP_TYPE_AAAA, &target, &fits);
    }
}

/* The zone cut at or above qname and below the apex, nearest the apex first. */
static bool find_cut(const zone_t *z, const nsp_name_t *qname, nsp_name_t *cut)
{
    unsigned below = nsp_name_labels(qname) - nsp_name_labels(&z->apex);
    for (unsigned i = below; i > 0; i--) {
        nsp_name_strip(qname, i - 1, cut);
        if (has_rrset(z, cut, NSP_TYPE_NS))
            return true;
    }
    return false;
}

static void put_soa(const zone_t *z, nsp_builder_t *b)
{
    bool fits = true;
    put_rrset(z, b, NSP_AUTHORITY, &z->apex, NSP_TYPE_SOA, &z->apex, &fits);
}

/* "*.closest-encloser" when the zone has it (RFC 4592 3.3). */
static bool find_wildcard(const zone_t *z, const nsp_name_t *qname, nsp_name_t *source)
{
    nsp_name_t star;
    nsp_name_t encloser = *qname;
    nsp_name_root(&star);
    star.len = 3;
    star.octets[0] = 1;
    star.octets[1] = '*';
    star.octets[2] = 0;
    do {
        nsp_name_strip(&encloser, 1, &encloser);
    } while (!name_exists(z, &encloser) && !nsp_name_equal(&encloser, &z->apex));
    return nsp_name_join(&star, &encloser, source) == NSP_OK && name_exists(z, source);
}

/* Answers from the data at source under the name asked for; follows CNAMEs inside the zone. */
static bool answer_at(const zone_t *z, nsp_builder_t *b, const nsp_name_t *qname,
                      const nsp_name_t *source, uint16_t qtype, zone_answer_t *out)
{
    bool fits = true;
    nsp_name_t owner = *qname;
    nsp_name_t from = *source;
    for (int i = 0; i < CNAMES_MAX; i++) {
        if (put_rrset(z, b, NSP_ANSWER, &from, qtype, &owner, &fits) > 0)
            break;
        if (qtype == NSP_TYPE_CNAME || !has_rrset(z, &from, NSP_TYPE_CNAME)) {
            out->negative = true;
            put_soa(z, b);
            break;
        }
        put_rrset(z, b, NSP_ANSWER, &from, NSP_TYPE_CNAME, &owner, &fits);
        for (size_t k = 0; k < z->count; k++) {
            if (z->rr[k].type == NSP_TYPE_CNAME && nsp_name_equal(&z->rr[k].owner, &from)) {
                nsp_reader_t r = nsp_reader(z->rr[k].rdata, z->rr[k].rdlength);
                nsp_name_read(&r, NSP_NAME_UNCOMPRESSED, &owner);
                break;
            }
        }
        from = owner;
        if (!nsp_name_is_subdomain(&from, &z->apex) || !name_exists(z, &from))
            break;
    }
    if (qtype == NSP_TYPE_NS)
        put_addresses(z, b, source, NSP_TYPE_NS);
    return fits;
}

/* The DNAME above a name, nearest the apex first; NULL when there is none. */
static const zone_rr_t *find_dname(const zone_t *z, const nsp_name_t *qname)
{
    for (size_t i = 0; i < z->count; i++)
        if (z->rr[i].type == NSP_TYPE_DNAME && !nsp_name_equal(&z->rr[i].owner, qname) &&
            nsp_name_is_subdomain(qname, &z->rr[i].owner))
            return &z->rr[i];
    return NULL;
}

/* The DNAME and the CNAME that is made of it (RFC 6672 3.1). */
static bool answer_dname(nsp_builder_t *b, const nsp_name_t *qname, const zone_rr_t *dname,
                         zone_answer_t *out)
{
    nsp_name_t front = *qname;
    nsp_name_t target;
    nsp_name_t made;
    nsp_reader_t r = nsp_reader(dname->rdata, dname->rdlength);
    front.len = (uint8_t)(qname->len - dname->owner.len + 1);
    front.octets[front.len - 1] = 0;
    bool fits = put(b, NSP_ANSWER, dname, &dname->owner);
    if (nsp_name_read(&r, NSP_NAME_UNCOMPRESSED, &target) != NSP_OK ||
        nsp_name_join(&front, &target, &made) != NSP_OK) {
        out->rcode = NSP_RCODE_YXDOMAIN;
        return fits;
    }
    return nsp_build_rr(b, NSP_ANSWER, qname, NSP_TYPE_CNAME, NSP_CLASS_IN, dname->ttl, made.octets,
                        made.len) &&
           fits;
}

bool zone_respond(const zone_t *z, nsp_builder_t *b, const nsp_name_t *qname, uint16_t qtype,
                  zone_answer_t *out)
{
    nsp_name_t cut;
    bool fits = true;
    memset(out, 0, sizeof *out);
    if (find_cut(z, qname, &cut) && !(qtype == NSP_TYPE_DS && nsp_name_equal(&cut, qname))) {
        out->referral = true;
        put_rrset(z, b, NSP_AUTHORITY, &cut, NSP_TYPE_NS, &cut, &fits);
        put_addresses(z, b, &cut, NSP_TYPE_NS);
        return fits;
    }
    out->aa = true;
    const zone_rr_t *dname = find_dname(z, qname);
    if (dname != NULL)
        return answer_dname(b, qname, dname, out);
    if (name_exists(z, qname))
        return answer_at(z, b, qname, qname, qtype, out);
    nsp_name_t source;
    if (find_wildcard(z, qname, &source))
        return answer_at(z, b, qname, &source, qtype, out);
    out->rcode = NSP_RCODE_NXDOMAIN;
    out->negative = true;
    put_soa(z, b);
    return true;
}
