/* The names of the servers and their addresses: as the parent gives them, and as they are. */
#include <stdio.h>

#include "diagnose/copies.h"
#include "diagnose/host.h"

/* A list of addresses in a sentence. */
typedef struct addr_list {
    unsigned count;
    unsigned dead; /* of these, those that do not serve the zone */
    size_t len;
    char text[512];
} addr_list_t;

static void addr_list_add(addr_list_t *l, const addr_t *a)
{
    char addr[ADDR_TEXT_MAX];
    addr_text(a, addr);
    l->count++;
    if (l->len + strlen(addr) + 3 < sizeof l->text)
        l->len += (size_t)snprintf(l->text + l->len, sizeof l->text - l->len, "%s%s",
                                   l->len > 0 ? ", " : "", addr);
}

static unsigned addresses_from(const model_server_t *s, unsigned from)
{
    unsigned n = 0;
    for (uint16_t i = 0; i < s->addr_count; i++)
        n += (s->addr[i].from & from) != 0;
    return n;
}

static finding_t *host_bad(diag_t *d, const model_server_t *s, finding_id_t id, const char *what)
{
    char name[NSP_NAME_TEXT_MAX];
    name_label(&s->name, name);
    finding_t *f = finding_add(d->list, id, "%s %s.", name, what);
    finding_set_server(f, &s->name);
    for (uint32_t i = 0; i < d->set->count; i++)
        if (host_asks(d->set->item[i], &s->name))
            finding_add_evidence(f, d->set->item[i]);
    return f;
}

/* A server in a domain that nobody has (any more): whoever registers it has the server's name, and
 * with it the say over the zone. */
static void host_expired(diag_t *d, const model_server_t *s, const nsp_name_t *domain)
{
    char what[NSP_NAME_TEXT_MAX + 64];
    char text[NSP_NAME_TEXT_MAX];
    char name[NSP_NAME_TEXT_MAX];
    char zone[NSP_NAME_TEXT_MAX];
    name_label(domain, text);
    snprintf(what, sizeof what, "does not exist, and neither does the domain %s", text);
    finding_t *f = host_bad(d, s, FINDING_NS_NO_ADDRESS, what);
    finding_add_likely(f,
                       "The domain of the server's name has expired, was given up, or is mistyped.",
                       "The zone above it says that there is nothing of that name.");
    finding_set_fix(f,
                    "Remove %s from the delegation and from the NS records, or register %s again "
                    "(or renew it) at once: whoever registers it can answer for %s.",
                    name_label(&s->name, name), text, name_label(&d->m->zone, zone));
}

/* A name in a top-level domain that does not exist: nobody can publish an address for it. */
static void host_mistyped(diag_t *d, const model_server_t *s, const nsp_name_t *tld)
{
    char what[NSP_NAME_TEXT_MAX + 64];
    char name[NSP_NAME_TEXT_MAX];
    snprintf(what, sizeof what, "does not exist: there is no top-level domain %s",
             name_label(tld, name));
    finding_t *f = host_bad(d, s, FINDING_NS_NO_ADDRESS, what);
    finding_add_likely(f, "A typing error in the NS record or at the registrar.",
                       "The root says that there is nothing of that name.");
    finding_set_fix(
        f,
        "Correct the name %s in the NS records of the zone and in the delegation at the "
        "registrar, or take it out there.",
        name_label(&s->name, name));
}

/* Names that lead in a circle: which zone's servers the name needs. */
static void host_loop(diag_t *d, const model_server_t *s)
{
    char zone[NSP_NAME_TEXT_MAX];
    char own[NSP_NAME_TEXT_MAX];
    char name[NSP_NAME_TEXT_MAX];
    char servers[1024] = "";
    char what[sizeof zone + sizeof servers + 128];
    nsp_name_t cut;
    if (host_zone(d, &s->name, &cut))
        host_zone_servers(d, &cut, servers, sizeof servers);
    if (servers[0] == '\0') {
        host_bad(d, s, FINDING_NS_LOOP, "needs its own address to be resolved");
        return;
    }
    name_label(&cut, zone);
    snprintf(what, sizeof what,
             "needs its own address to be resolved: its zone %s is delegated to %s without glue, "
             "and that way leads back to it",
             zone, servers);
    finding_t *f = host_bad(d, s, FINDING_NS_LOOP, what);
    finding_set_fix(f,
                    "Delegate %s to a server whose name needs neither %s nor %s, or to one in "
                    "itself with glue; or use another server than %s.",
                    zone, zone, name_label(&d->m->zone, own), name_label(&s->name, name));
}

/* A name that does not exist, or has no address. */
static void host_none(diag_t *d, const model_server_t *s, bool glue)
{
    char meant[NSP_NAME_TEXT_MAX];
    nsp_name_t name;
    const char *what = glue ? "has glue in the parent, but neither A nor AAAA records"
                            : "has neither A nor AAAA records";
    if (s->state == HOST_NXDOMAIN && !glue && host_doubled(d, &s->name, &name)) {
        finding_t *f = host_bad(d, s, FINDING_NS_NO_ADDRESS,
                                "does not exist: the name was written without its final dot, so "
                                "that the zone's name was put behind it");
        finding_set_fix(f, "Write %s. with its final dot in the NS record of the zone.",
                        name_label(&name, meant));
        return;
    }
    if (s->state == HOST_NXDOMAIN && !glue && host_unregistered(d, &s->name, &name)) {
        host_expired(d, s, &name);
        return;
    }
    if (s->state == HOST_NXDOMAIN && !glue && host_without_tld(d, &s->name, &name)) {
        host_mistyped(d, s, &name);
        return;
    }
    if (s->state == HOST_NXDOMAIN)
        what = glue ? "has glue in the parent, but does not exist" : "does not exist";
    host_bad(d, s, FINDING_NS_NO_ADDRESS, what);
}

/* Who was asked for the name's addresses, and how that failed: each address once. */
static void list_failures(diag_t *d, const nsp_name_t *name, char *buf, size_t cap)
{
    size_t len = 0;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        char one[ADDR_TEXT_MAX + 64];
        bool known = false;
        if (!host_asks(x, name) || !host_failure(d, x, one, sizeof one))
            continue;
        for (uint32_t k = 0; k < i && !known; k++)
            known = host_asks(d->set->item[k], name) &&
                    addr_equal(&d->set->item[k]->server, &x->server);
        if (!known && len + strlen(one) + 3 < cap)
            len += (size_t)snprintf(buf + len, cap - len, "%s%s", len > 0 ? ", " : "", one);
    }
}

/* The zone that holds the name does not answer. With glue the server is found all the same, by
 * those who trust it (RFC 2181 5.4.1: glue is no answer). */
static void host_unresolvable(diag_t *d, const model_server_t *s, bool glue)
{
    char what[NSP_NAME_TEXT_MAX + 1024];
    char who[NSP_NAME_TEXT_MAX + 32] = "the servers of its zone";
    char zone[NSP_NAME_TEXT_MAX];
    char failures[768] = "";
    nsp_name_t cut;
    bool known = host_zone(d, &s->name, &cut);
    if (known)
        snprintf(who, sizeof who, "the servers of %s", name_label(&cut, zone));
    list_failures(d, &s->name, failures, sizeof failures);
    snprintf(what, sizeof what, "%s: %s gave no usable answer%s%s%s",
             glue ? "is found by glue alone" : "could not be resolved", who,
             failures[0] != '\0' ? " (" : "", failures, failures[0] != '\0' ? ")" : "");
    finding_t *f = host_bad(d, s, FINDING_NS_UNRESOLVABLE, what);
    if (f != NULL && glue)
        f->severity = SEVERITY_WARNING;
    if (known && cut.len > 1)
        finding_set_fix(f,
                        "Repair %s (\"nsprobe check %s\" says what is wrong), or use a server "
                        "whose name lies elsewhere.",
                        zone, zone);
}

/* True when the parent's glue is all there is: whoever should have the name was asked, and nobody
 * had a word on it. */
static bool glue_alone(diag_t *d, const model_server_t *s)
{
    if (!d->m->finished || s->addr_count == 0 || addresses_from(s, ~FROM_GLUE) > 0)
        return false;
    host_word_t word = host_word(d, &s->name);
    return word.told == 0 && word.pending == 0 && word.failed > 0;
}

/* True when a server of the parent gave a referral, so that glue could have been seen; or when the
 * delegation is one to be published, whose glue is what was given. */
static bool referral_seen(const diag_t *d)
{
    if (d->m->parent_known && d->m->parent_count == 0 && d->m->finished)
        return true;
    for (uint16_t i = 0; i < d->m->parent_count; i++)
        if (d->m->parent_addr[i].referral)
            return true;
    return false;
}

/* What the parent's servers gave is evidence. */
static void add_referrals(const diag_t *d, finding_t *f)
{
    for (uint16_t i = 0; i < d->m->parent_count; i++)
        if (d->m->parent_addr[i].referral)
            finding_add_evidence(f, d->m->parent_addr[i].asked);
}

static bool lacks_glue(const diag_t *d, const model_server_t *s)
{
    return s->in_parent && s->in_zone && referral_seen(d) && addresses_from(s, FROM_GLUE) == 0;
}

static void glue_missing(diag_t *d, const model_server_t *s)
{
    char name[NSP_NAME_TEXT_MAX];
    char parent[NSP_NAME_TEXT_MAX];
    name_label(&s->name, name);
    name_label(&d->m->parent, parent);
    finding_t *f = finding_add(d->list, FINDING_GLUE_MISSING,
                               "%s is in the zone, but %s gives no address for it.", name, parent);
    finding_set_server(f, &s->name);
    add_referrals(d, f);
    finding_set_fix(f, "Give the registrar the addresses of %s, so that %s publishes them.", name,
                    parent);
}

static void host_rule(diag_t *d, const model_server_t *s)
{
    bool glue = addresses_from(s, FROM_GLUE) > 0;
    /* a name that its own zone gives no address to cannot have glue: that is the cause */
    bool none = s->state == HOST_NODATA || s->state == HOST_NXDOMAIN || s->state == HOST_CNAME;
    if (!none && lacks_glue(d, s)) {
        glue_missing(d, s);
        return;
    }
    switch (s->state) {
    case HOST_NODATA:
    case HOST_NXDOMAIN:
        host_none(d, s, glue);
        break;
    case HOST_CNAME:
        host_bad(d, s, FINDING_NS_IS_CNAME, "is an alias (CNAME)");
        break;
    case HOST_FAILED:
        if (!s->in_zone && s->addr_count == 0)
            host_unresolvable(d, s, false);
        break;
    case HOST_LOOP:
        if (s->addr_count == 0)
            host_loop(d, s);
        break;
    case HOST_FOUND:
        if (glue_alone(d, s))
            host_unresolvable(d, s, true);
        break;
    case HOST_UNKNOWN:
        break;
    }
}

/* An authoritative answer about the addresses of one family of a server's name, or NULL. */
static const exchange_t *authority_about(diag_t *d, const model_server_t *s, unsigned family)
{
    uint16_t type = family == 4 ? NSP_TYPE_A : NSP_TYPE_AAAA;
    for (uint32_t i = 0; i < d->set->count; i++) {
        const exchange_t *x = d->set->item[i];
        outcome_t o;
        if (x->qtype != type || !nsp_name_equal(&x->qname, &s->name))
            continue;
        outcome_of(x, &o, d->scratch);
        if (o.kind == OUTCOME_ANSWERED && nsp_msg_has(&d->scratch->msg, NSP_FLAG_AA) &&
            nsp_msg_rcode(&d->scratch->msg) == NSP_RCODE_NOERROR)
            return x;
    }
    return NULL;
}

static subject_t *subject_of(diag_t *d, const addr_t *a)
{
    for (size_t i = 0; i < d->subject_count; i++)
        if (addr_same_host(&d->subject[i].a->addr, a))
            return &d->subject[i];
    return NULL;
}

/* True when an address serves the zone, or was not seen not to. */
static bool serves_at(diag_t *d, const addr_t *a)
{
    const subject_t *s = subject_of(d, a);
    return s == NULL || s->serves || s->pending ||
           (s->udp <= REACH_NOT_SENT && s->tcp <= REACH_NOT_SENT);
}

/* Glue that the zone does not have, at an address that does not serve the zone: whatever else is
 * wrong with the address follows from that. */
static void glue_dead(diag_t *d, const model_server_t *server, subject_t *s, const exchange_t *own)
{
    char addr[ADDR_TEXT_MAX];
    char name[NSP_NAME_TEXT_MAX];
    addr_text(&s->a->addr, addr);
    name_label(&server->name, name);
    const char *what = s->udp >= REACH_MISMATCHED || s->tcp >= REACH_MISMATCHED
                           ? "it does not serve the zone"
                           : "nothing answers there";
    finding_t *f = subject_finding(d, s, FINDING_GLUE_DEAD,
                                   "The parent gives %s for %s, which does not have that address, "
                                   "and %s.",
                                   addr, name, what);
    finding_set_server(f, &server->name);
    finding_add_evidence(f, own);
    for (size_t i = 0; i < s->count; i++)
        finding_add_evidence(f, subject_at(d, s, i)->x);
    finding_set_fix(f, "Have %s removed from the glue of %s at the registrar.", addr, name);
    s->folded = true;
}

/* Sorts the addresses of one family into those that only one side has. */
static void compare_family(diag_t *d, const model_server_t *server, unsigned family,
                           const exchange_t *own, addr_list_t *only_parent, addr_list_t *only_zone)
{
    for (uint16_t i = 0; i < server->addr_count; i++) {
        const model_addr_t *a = &server->addr[i];
        bool glue = (a->from & FROM_GLUE) != 0;
        bool zone = copies_have_addr(d, server, a);
        if (a->addr.family != family || glue == zone)
            continue;
        if (zone) {
            only_zone->dead += !serves_at(d, &a->addr);
            addr_list_add(only_zone, &a->addr);
            continue;
        }
        subject_t *s = subject_of(d, &a->addr);
        bool tested = s != NULL && (s->udp > REACH_NOT_SENT || s->tcp > REACH_NOT_SENT);
        if (glue && tested && !s->serves && !s->pending && s->a->server_count <= 1)
            glue_dead(d, server, s, own);
        else if (glue)
            addr_list_add(only_parent, &a->addr);
    }
}

/* An address that the server only has because a wildcard gives it to any name. */
static void wildcard_address(diag_t *d, const model_server_t *s, finding_t *f)
{
    char addr[ADDR_TEXT_MAX];
    char name[NSP_NAME_TEXT_MAX];
    char text[NSP_NAME_TEXT_MAX + 256];
    for (uint16_t i = 0; i < s->addr_count; i++) {
        const model_addr_t *a = &s->addr[i];
        if ((a->from & FROM_GLUE) != 0 || !host_by_wildcard(d, &a->addr))
            continue;
        addr_text(&a->addr, addr);
        name_label(&s->name, name);
        snprintf(text, sizeof text,
                 " %s is what the zone's wildcard gives to any name: %s has no record of its own.",
                 addr, name);
        finding_add_text(f, text);
        finding_set_fix(f, "Publish the address of %s in the zone, beside the wildcard.", name);
        return;
    }
}

/* True when the glue that the zone does not have leads to old copies, and the server's own
 * addresses to the newest: the server has moved. */
static bool glue_is_old(diag_t *d, const model_server_t *server)
{
    bool moved = false;
    for (uint16_t i = 0; i < server->addr_count; i++) {
        const model_addr_t *a = &server->addr[i];
        const subject_t *s = subject_of(d, &a->addr);
        bool own = copies_have_addr(d, server, a);
        if (s == NULL || !copy_usable(s) || (own && (a->from & FROM_GLUE) != 0))
            continue;
        bool newest = copy_newest(d, s)->serial == s->serial;
        if (newest != own)
            return false;
        moved = moved || own;
    }
    return moved;
}

static void glue_mismatch(diag_t *d, const model_server_t *s, const addr_list_t *only_parent,
                          const addr_list_t *only_zone, const exchange_t *own)
{
    char name[NSP_NAME_TEXT_MAX];
    name_label(&s->name, name);
    finding_t *f;
    if (only_zone->count == 0)
        f = finding_add(d->list, FINDING_GLUE_MISMATCH, "%s: only the parent has %s.", name,
                        only_parent->text);
    else if (only_parent->count == 0)
        f = finding_add(d->list, FINDING_GLUE_MISMATCH, "%s: only its own records have %s.", name,
                        only_zone->text);
    else
        f = finding_add(d->list, FINDING_GLUE_MISMATCH,
                        "%s: only the parent has %s; only its own records have %s.", name,
                        only_parent->text, only_zone->text);
    if (f == NULL)
        return;
    if (only_parent->count == 0)
        f->severity = SEVERITY_NOTICE; /* what the parent gives is right, if not all */
    finding_set_server(f, &s->name);
    finding_add_evidence(f, own);
    add_referrals(d, f);
    if (only_parent->count == 0 && only_zone->dead > 0)
        finding_set_fix(
            f,
            "Have %s answer for the zone, or remove it from the records of %s; only what "
            "answers belongs into the glue.",
            only_zone->text, name);
    else if (only_parent->count == 0)
        finding_set_fix(f, "Add %s to the glue of %s at the registrar.", only_zone->text, name);
    else if (only_zone->count > 0 && glue_is_old(d, s))
        finding_set_fix(f,
                        "Have %s in the glue of %s replaced by %s at the registrar: what answers "
                        "there has an old copy of the zone.",
                        only_parent->text, name, only_zone->text);
    else
        finding_set_fix(f,
                        "Find out which addresses of %s are right; change the glue at the "
                        "registrar or the records accordingly.",
                        name);
    if (only_zone->count > 0)
        wildcard_address(d, s, f);
}

/* The first address that the parent gives to one server and that is another's own; NULL for none.
 */
static const addr_t *glue_of_other(diag_t *d, const model_server_t *s, const model_server_t *other)
{
    for (uint16_t i = 0; i < s->addr_count; i++) {
        const model_addr_t *a = &s->addr[i];
        if ((a->from & FROM_GLUE) == 0 || copies_have_addr(d, s, a))
            continue;
        for (uint16_t k = 0; k < other->addr_count; k++)
            if (addr_equal(&other->addr[k].addr, &a->addr) &&
                copies_have_addr(d, other, &other->addr[k]))
                return &a->addr;
    }
    return NULL;
}

/* Glue that was given to the wrong one of two servers, each way: told once for both, at the first.
 * True when the glue of s is so. */
static bool swapped_glue(diag_t *d, const model_server_t *s)
{
    char one[NSP_NAME_TEXT_MAX];
    char two[NSP_NAME_TEXT_MAX];
    char addr[2][ADDR_TEXT_MAX];
    for (uint16_t i = 0; i < d->m->server_count; i++) {
        const model_server_t *o = &d->m->server[i];
        const addr_t *mine = o != s ? glue_of_other(d, s, o) : NULL;
        const addr_t *theirs = mine != NULL ? glue_of_other(d, o, s) : NULL;
        if (theirs == NULL)
            continue;
        if (o < s)
            return true;
        addr_text(mine, addr[0]);
        addr_text(theirs, addr[1]);
        name_label(&s->name, one);
        name_label(&o->name, two);
        finding_t *f = finding_add(d->list, FINDING_GLUE_MISMATCH,
                                   "The glue of %s and %s is swapped: the parent gives %s for the "
                                   "first, which is the second's, and %s for the second.",
                                   one, two, addr[0], addr[1]);
        finding_set_server(f, &s->name);
        finding_add_evidence(f, authority_about(d, s, mine->family));
        finding_add_evidence(f, authority_about(d, o, mine->family));
        add_referrals(d, f);
        finding_set_fix(f, "Exchange the addresses of %s and %s in the glue at the registrar.", one,
                        two);
        return true;
    }
    return false;
}

static void glue_rule(diag_t *d, const model_server_t *s)
{
    addr_list_t only_parent = {0, 0, 0, ""};
    addr_list_t only_zone = {0, 0, 0, ""};
    if (s->state == HOST_NODATA || s->state == HOST_NXDOMAIN || s->state == HOST_CNAME ||
        addresses_from(s, FROM_GLUE) == 0)
        return;
    if (swapped_glue(d, s))
        return;
    const exchange_t *a = authority_about(d, s, 4);
    const exchange_t *aaaa = authority_about(d, s, 6);
    if (a != NULL)
        compare_family(d, s, 4, a, &only_parent, &only_zone);
    if (aaaa != NULL)
        compare_family(d, s, 6, aaaa, &only_parent, &only_zone);
    if (only_parent.count + only_zone.count > 0)
        glue_mismatch(d, s, &only_parent, &only_zone, a != NULL ? a : aaaa);
}

/* Addresses that nobody outside can use. In a lab or an internal network that is as it should be:
 * one remark for all of them. */
static void private_rule(diag_t *d)
{
    addr_list_t list = {0, 0, 0, ""};
    for (size_t i = 0; i < d->subject_count; i++) {
        subject_t *s = &d->subject[i];
        char label[LABEL_MAX];
        const char *what = addr_special(&s->a->addr);
        if (what == NULL)
            continue;
        addr_list_add(&list, &s->a->addr);
        if (d->lab)
            continue;
        finding_t *f =
            subject_finding(d, s, FINDING_NS_ADDRESS_PRIVATE, "The address is %s.", what);
        finding_set_fix(f,
                        "Remove the address of %s from the zone and from the glue, and publish "
                        "its public one.",
                        subject_label(d, s, label));
        s->folded = true;
    }
    if (!d->lab || list.count == 0)
        return;
    finding_t *f = finding_add(d->list, FINDING_NS_ADDRESS_PRIVATE,
                               "%s: of no use on the Internet; the parent's servers are as well, "
                               "so this is taken for a laboratory or an internal network.",
                               list.text);
    if (f != NULL)
        f->severity = SEVERITY_INFO;
    finding_set_fix(f, "Nothing, in a laboratory or an internal network.");
}

void rules_hosts(diag_t *d)
{
    private_rule(d);
    for (uint16_t i = 0; i < d->m->server_count; i++) {
        if (d->m->server[i].name.len == 1)
            continue; /* an address given without a name */
        host_rule(d, &d->m->server[i]);
        glue_rule(d, &d->m->server[i]);
    }
}
