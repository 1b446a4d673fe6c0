/* Whether the delegation and the zone name the same servers (RFC 1034 4.2.2). */
#include <stdio.h>

#include "diagnose/copies.h"
#include "diagnose/host.h"

/* What a server is good for, which decides where it belongs. */
typedef enum state { STATE_GOOD, STATE_BAD, STATE_DOUBLED } state_t;

static bool server_serves(const diag_t *d, uint16_t server, bool *silent, bool *tested)
{
    *silent = true;
    *tested = false;
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        if (!model_address_serves(s->a, server))
            continue;
        if (s->serves || s->pending)
            return true;
        *tested = *tested || s->udp > REACH_NOT_SENT || s->tcp > REACH_NOT_SENT;
        *silent = *silent && s->udp < REACH_MISMATCHED && s->tcp < REACH_MISMATCHED;
    }
    return false;
}

/* Why a server is of no use, in words; NULL for one that is, or of which nothing is known. */
static const char *server_fault(const diag_t *d, uint16_t server)
{
    bool silent;
    bool tested;
    switch (d->m->server[server].state) {
    case HOST_NXDOMAIN:
        return "does not exist";
    case HOST_NODATA:
        return "has no address";
    case HOST_CNAME:
        return "is an alias";
    case HOST_FAILED:
    case HOST_LOOP:
        return "cannot be resolved";
    case HOST_UNKNOWN:
    case HOST_FOUND:
        break;
    }
    if (server_serves(d, server, &silent, &tested) || !tested)
        return NULL;
    return silent ? "does not answer" : "does not serve the zone";
}

static state_t server_state(const diag_t *d, uint16_t server)
{
    nsp_name_t meant;
    const model_server_t *s = &d->m->server[server];
    if (s->state == HOST_NXDOMAIN && host_doubled(d, &s->name, &meant))
        return STATE_DOUBLED;
    return server_fault(d, server) != NULL ? STATE_BAD : STATE_GOOD;
}

/* --- lists in sentences --- */

typedef struct name_list {
    unsigned count;
    size_t len;
    char text[1024];
} name_list_t;

static void list_text(name_list_t *l, const char *text)
{
    l->count++;
    if (l->len + strlen(text) + 3 < sizeof l->text)
        l->len += (size_t)snprintf(l->text + l->len, sizeof l->text - l->len, "%s%s",
                                   l->len > 0 ? ", " : "", text);
}

static void list_name(name_list_t *l, const nsp_name_t *name)
{
    char text[NSP_NAME_TEXT_MAX];
    list_text(l, name_label(name, text));
}

/* The name, and what is wrong with it. */
static void list_server(diag_t *d, name_list_t *l, uint16_t server)
{
    char name[NSP_NAME_TEXT_MAX];
    char text[2 * NSP_NAME_TEXT_MAX + 128];
    char gone[NSP_NAME_TEXT_MAX + 96];
    nsp_name_t domain;
    const char *fault = server_fault(d, server);
    name_label(&d->m->server[server].name, name);
    if (server_state(d, server) == STATE_DOUBLED)
        fault = "written without its final dot";
    else if (d->m->server[server].state == HOST_NXDOMAIN &&
             host_unregistered(d, &d->m->server[server].name, &domain)) {
        snprintf(gone, sizeof gone,
                 "does not exist, nor does %s: whoever registers it can answer for the zone",
                 name_label(&domain, text));
        fault = gone;
    }
    snprintf(text, sizeof text, "%s%s%s%s", name, fault != NULL ? " (" : "",
             fault != NULL ? fault : "", fault != NULL ? ")" : "");
    list_text(l, text);
}

/* --- the difference --- */

typedef struct mismatch {
    bool parent[MODEL_SERVERS_MAX]; /* names that only the parent has */
    bool zone[MODEL_SERVERS_MAX];   /* names that only the zone has */
    unsigned parent_count;
    unsigned zone_count;
} mismatch_t;

static bool find_mismatch(diag_t *d, mismatch_t *out)
{
    bool any_parent = false;
    bool any_zone = false;
    memset(out, 0, sizeof *out);
    for (uint16_t i = 0; i < d->m->server_count; i++) {
        const model_server_t *s = &d->m->server[i];
        bool own = copies_name(d, &s->name);
        any_parent = any_parent || s->in_parent;
        any_zone = any_zone || own;
        out->parent[i] = s->in_parent && !own;
        out->zone[i] = own && !s->in_parent;
        out->parent_count += out->parent[i];
        out->zone_count += out->zone[i];
    }
    return d->m->parent_known && any_parent && any_zone && out->parent_count + out->zone_count > 0;
}

/* True when the reference of each primary names the server. */
static bool all_name(diag_t *d, const nsp_name_t *name)
{
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        const subject_t *ref = copy_is_first(d, s) ? copy_ns_reference(d, s) : NULL;
        if (ref != NULL && copy_names(d, ref, name) == COPY_NO)
            return false;
    }
    return true;
}

/* "Only the parent names a; only the zone itself names b". */
static void mismatch_text(diag_t *d, const mismatch_t *n, char *buf, size_t cap)
{
    name_list_t parent = {0, 0, ""};
    name_list_t zone = {0, 0, ""};
    size_t len = 0;
    for (uint16_t i = 0; i < d->m->server_count; i++) {
        if (n->parent[i])
            list_server(d, &parent, i);
        else if (n->zone[i] && all_name(d, &d->m->server[i].name))
            list_server(d, &zone, i);
    }
    if (parent.count > 0)
        len += (size_t)snprintf(buf, cap, "Only the parent names %s", parent.text);
    if (zone.count > 0 && len < cap)
        len += (size_t)snprintf(buf + len, cap - len, "%snly the zone itself names %s",
                                len > 0 ? "; o" : "O", zone.text);
    /* the servers of one of several primaries have names that the others do not have */
    for (size_t k = 0; k < d->subject_count && len < cap; k++) {
        const subject_t *s = &d->subject[k];
        const subject_t *ref = copy_is_first(d, s) ? copy_ns_reference(d, s) : NULL;
        name_list_t some = {0, 0, ""};
        char label[LABEL_MAX];
        for (uint16_t i = 0; ref != NULL && i < d->m->server_count; i++)
            if (n->zone[i] && !all_name(d, &d->m->server[i].name) &&
                copy_names(d, ref, &d->m->server[i].name) == COPY_YES)
                list_server(d, &some, i);
        if (some.count > 0)
            len += (size_t)snprintf(buf + len, cap - len, "%snly the copy at %s names %s",
                                    len > 0 ? "; o" : "O", subject_label(d, ref, label), some.text);
    }
}

/* --- what to do --- */

static size_t add_fix(char *buf, size_t cap, size_t len, const char *before, const name_list_t *l,
                      const char *behind)
{
    if (l->count == 0 || len >= cap)
        return len;
    int n = snprintf(buf + len, cap - len, "%s%s%s%s", len > 0 ? " " : "", before, l->text, behind);
    return n > 0 ? len + (size_t)n : len;
}

/* A name in the delegation that a name without its final dot stands for: it is in both. */
static bool is_meant(const diag_t *d, const mismatch_t *n, const nsp_name_t *name)
{
    nsp_name_t meant;
    for (uint16_t i = 0; i < d->m->server_count; i++)
        if (n->zone[i] && server_state(d, i) == STATE_DOUBLED &&
            host_doubled(d, &d->m->server[i].name, &meant) && nsp_name_equal(&meant, name))
            return true;
    return false;
}

/* True when a server that both sides name serves the zone: then either side may give way. */
static bool any_common(diag_t *d, const mismatch_t *n)
{
    bool silent;
    bool tested;
    for (uint16_t i = 0; i < d->m->server_count; i++)
        if (!n->parent[i] && !n->zone[i] && server_serves(d, i, &silent, &tested))
            return true;
    return false;
}

/* A server that is of no use is taken out of where it is named; one that is goes into both. */
static void mismatch_fix(diag_t *d, const mismatch_t *n, finding_t *f)
{
    char fix[4096] = "";
    size_t len = 0;
    name_list_t to_zone = {0, 0, ""};
    name_list_t from_parent = {0, 0, ""};
    name_list_t to_parent = {0, 0, ""};
    name_list_t from_zone = {0, 0, ""};
    name_list_t dot = {0, 0, ""};
    for (uint16_t i = 0; i < d->m->server_count; i++) {
        const nsp_name_t *name = &d->m->server[i].name;
        state_t state = server_state(d, i);
        nsp_name_t meant;
        if (n->parent[i] && !is_meant(d, n, name))
            list_name(state == STATE_GOOD ? &to_zone : &from_parent, name);
        else if (n->zone[i] && state == STATE_DOUBLED && host_doubled(d, name, &meant))
            list_name(&dot, &meant);
        else if (n->zone[i])
            list_name(state == STATE_GOOD ? &to_parent : &from_zone, name);
    }
    len = add_fix(fix, sizeof fix, len, "Write ", &dot,
                  " with the final dot in the NS records of the zone.");
    len = add_fix(fix, sizeof fix, len, "Remove ", &from_zone,
                  " from the NS records of the zone, or put it right first and add it to the "
                  "delegation then.");
    len = add_fix(fix, sizeof fix, len, "Remove ", &from_parent,
                  " from the delegation at the registrar.");
    if (to_zone.count > 0 && to_parent.count > 1 && !any_common(d, n)) {
        /* all serve the zone, and the sets have nothing in common: half of a move */
        add_fix(fix, sizeof fix, len, "If the zone is moving to ", &to_parent,
                ": have the registrar delegate to these alone");
        finding_set_fix(f,
                        "%s, in place of %s. If all are to serve it: name all of them at the "
                        "registrar and in the NS records of the zone.",
                        fix, to_zone.text);
        return;
    }
    len =
        add_fix(fix, sizeof fix, len, "Add ", &to_zone,
                any_common(d, n) ? " to the NS records of the zone, or remove it at the registrar."
                                 : " to the NS records of the zone.");
    len =
        add_fix(fix, sizeof fix, len, "Add ", &to_parent,
                any_common(d, n) ? " to the delegation at the registrar, or remove it from the NS "
                                   "records of the zone."
                                 : " to the delegation at the registrar.");
    if (len > 0)
        finding_set_fix(f, "%s", fix);
}

void rules_ns(diag_t *d)
{
    mismatch_t n;
    char text[4096] = "";
    if (!find_mismatch(d, &n))
        return;
    mismatch_text(d, &n, text, sizeof text);
    finding_t *f = finding_add(d->list, FINDING_NS_MISMATCH, "%s.", text);
    for (uint16_t i = 0; i < d->m->parent_count; i++)
        if (d->m->parent_addr[i].referral) {
            finding_add_evidence(f, d->m->parent_addr[i].asked);
            break;
        }
    for (size_t i = 0; i < d->subject_count; i++) {
        const subject_t *s = &d->subject[i];
        const subject_t *newest = copy_usable(s) ? copy_newest(d, s) : NULL;
        const fact_t *k = newest != NULL && newest->serial == s->serial ? copy_ns(d, s) : NULL;
        finding_add_evidence(f, k != NULL ? k->x : NULL);
    }
    mismatch_fix(d, &n, f);
}
