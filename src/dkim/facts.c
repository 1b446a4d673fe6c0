#include "dkim/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dkim/value.h"

#define NS_PER_SECOND INT64_C(1000000000)

facts_t *dkim_facts_new(const model_input_t *in, const expectations_t *e,
                        const verify_options_t *options, const exchange_set_t *set)
{
    facts_t *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->in = in;
    f->options = options;
    f->set = set;
    f->expectations = e;
    f->answers = answers_new(set);
    f->scratch = malloc(sizeof *f->scratch);
    f->model = calloc(1, sizeof *f->model);
    f->wants = malloc(sizeof *f->wants);
    f->expected = calloc(e->count + 1, sizeof *f->expected);
    if (f->answers == NULL || f->scratch == NULL || f->model == NULL || f->wants == NULL ||
        f->expected == NULL) {
        dkim_facts_free(f);
        return NULL;
    }
    f->expected_count = e->count;
    for (size_t i = 0; i < e->count; i++) {
        expected_t *x = &f->expected[i];
        x->e = &e->item[i];
        x->walk = x->own_walk = x->zone = FACTS_NONE;
        x->follow = x->witness = x->holder = FACTS_NONE;
    }
    return f;
}

void dkim_facts_free(facts_t *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->expected_count; i++)
        free(f->expected[i].cell);
    for (size_t i = 0; i < f->zone_count; i++)
        free(f->zone[i].place);
    answers_free(f->answers);
    free(f->expected);
    free(f->lookup);
    free(f->scratch);
    free(f->model);
    free(f->wants);
    free(f);
}

const zone_facts_t *expected_zone(const facts_t *f, const expected_t *x)
{
    return x->zone != FACTS_NONE ? &f->zone[x->zone] : NULL;
}

const answer_t *facts_answer(const facts_t *f, const addr_t *server, const nsp_name_t *name,
                             uint16_t type)
{
    ask_t ask = {.server = *server,
                 .transport = TRANSPORT_UDP,
                 .qname = name,
                 .qtype = type,
                 .after_silence = true};
    return answers_ask(f->answers, &ask, NULL);
}

const nsp_msg_t *facts_message(const facts_t *f, const answer_t *a)
{
    return answer_message(a, f->scratch) ? &f->scratch->msg : NULL;
}

bool facts_sibling(const facts_t *f, const nsp_name_t *owner, nsp_name_t *out)
{
    char text[64];
    nsp_name_t label;
    nsp_name_t up;
    int n = snprintf(text, sizeof text, PROBE_NXDOMAIN_PREFIX "%012llx",
                     (unsigned long long)(f->options->random & UINT64_C(0xffffffffffff)));
    nsp_name_strip(owner, 1, &up);
    return nsp_name_from_text(text, (size_t)n, NULL, &label, NULL) == NSP_OK &&
           nsp_name_join(&label, &up, out) == NSP_OK;
}

size_t facts_beside(uint16_t type, uint16_t out[FACTS_BESIDE_MAX])
{
    static const uint16_t types[FACTS_BESIDE_MAX] = {NSP_TYPE_TXT, NSP_TYPE_A, NSP_TYPE_MX};
    out[0] = NSP_TYPE_CNAME;
    if (type != NSP_TYPE_CNAME)
        return 1;
    memcpy(out, types, sizeof types);
    return FACTS_BESIDE_MAX;
}

int64_t facts_wall(const facts_t *f, const answer_t *a)
{
    return (f->set->began_wall + a->at) / NS_PER_SECOND;
}

bool expected_is_dkim(const expected_t *x)
{
    static const char label[] = "_domainkey";
    nsp_name_t at = x->e->owner;
    for (; at.len > 1; nsp_name_strip(&at, 1, &at))
        if (at.octets[0] == sizeof label - 1 &&
            strncasecmp((const char *)at.octets + 1, label, sizeof label - 1) == 0)
            return true;
    return false;
}

const answer_t *expected_end(const facts_t *f, const expected_t *x, nsp_name_t *owner)
{
    size_t lookup = x->follow;
    for (unsigned i = 0; lookup != FACTS_NONE && i <= FACTS_CHAIN_MAX; i++) {
        const lookup_t *l = &f->lookup[lookup];
        if (l->reading == READ_FOUND) {
            *owner = l->name;
            return l->answer;
        }
        lookup = l->reading == READ_ALIAS ? l->next : FACTS_NONE;
    }
    return NULL;
}

const answer_t *expected_key(const facts_t *f, const expected_t *x, nsp_name_t *owner)
{
    if (x->e->type == NSP_TYPE_CNAME)
        return expected_end(f, x, owner);
    if (x->e->type != NSP_TYPE_TXT)
        return NULL;
    const answer_t *best = NULL;
    for (size_t i = 0; i < x->cell_count; i++) {
        const cell_t *c = &x->cell[i];
        if (c->udp == MARK_MATCH || (c->udp == MARK_WRONG && best == NULL))
            best = c->udp_by;
        if (c->udp == MARK_MATCH)
            break;
    }
    if (best != NULL && best->count == 0)
        return expected_end(f, x, owner);
    *owner = x->e->owner;
    return best;
}

bool expected_has_no_zone(const facts_t *f, const expected_t *x)
{
    size_t w = x->walk != FACTS_NONE ? x->walk : 0;
    return x->zone == FACTS_NONE && f->walk_count > 0 && f->walk[w].nxdomain;
}

bool expected_is_cut(const facts_t *f, const expected_t *x)
{
    return f->walk[0].cut || (x->walk != FACTS_NONE && f->walk[x->walk].cut);
}

bool walk_was_answered(const facts_t *f)
{
    for (size_t i = 0;; i++) {
        const answer_t *a = answers_at(f->answers, i);
        if (a == NULL)
            return false;
        if (a->decided && a->outcome != OUTCOME_NOT_SENT && a->outcome != OUTCOME_SILENT &&
            a->outcome != OUTCOME_ICMP)
            return true;
    }
}

bool zone_is_meant(const facts_t *f, size_t zone)
{
    for (size_t i = 0; i < f->expected_count; i++)
        if (f->expected[i].zone == zone)
            return true;
    return false;
}

bool place_serves(const zone_facts_t *z, const place_t *pl)
{
    return pl->soa != NULL && pl->soa->has_soa && pl->soa->count > 0 &&
           answer_reading(pl->soa, &z->apex) == READ_FOUND;
}

static bool begins_policy(const value_t *v, const char *policy)
{
    size_t n = strlen(policy);
    return v->kind == VALUE_TEXT && v->len >= n && strncasecmp(v->octets, policy, n) == 0 &&
           (v->len == n || v->octets[n] == ' ' || v->octets[n] == ';');
}

const char *expected_policy(const expectation_t *e)
{
    /* several of a kind are as good as none: RFC 7208 4.5, RFC 7489 6.6.3 */
    static const char *const policies[] = {"v=spf1", "v=DMARC1"};
    value_t v;
    const char *out = NULL;
    if (e->type != NSP_TYPE_TXT || e->any_key || !value_of_expectation(&v, e))
        return NULL;
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++)
        if (begins_policy(&v, policies[i]))
            out = policies[i];
    value_free(&v);
    return out;
}

unsigned facts_policies(const nsp_msg_t *m, const nsp_name_t *owner, const char *policy)
{
    unsigned n = 0;
    for (uint16_t i = 0; i < m->found[NSP_ANSWER]; i++) {
        const nsp_rr_t *rr = nsp_msg_rr(m, NSP_ANSWER, i);
        value_t v;
        if (rr->type != NSP_TYPE_TXT || !nsp_rr_owner_is(m, rr, owner) ||
            !value_of_record(&v, m, rr))
            continue;
        n += begins_policy(&v, policy);
        value_free(&v);
    }
    return n;
}

bool mark_denies(mark_t m)
{
    return m == MARK_WRONG || m == MARK_NODATA || m == MARK_NXDOMAIN;
}

bool mark_fails(mark_t m)
{
    return m == MARK_REFUSED || m == MARK_BROKEN || m == MARK_SILENT;
}

/* --- text --- */

const char *facts_name(const nsp_name_t *name, char buf[NSP_NAME_TEXT_MAX])
{
    if (name->len <= 1) {
        snprintf(buf, NSP_NAME_TEXT_MAX, "the root");
        return buf;
    }
    size_t n = nsp_name_to_text(name, buf, NSP_NAME_TEXT_MAX);
    if (n > 1 && buf[n - 1] == '.')
        buf[n - 1] = '\0';
    return buf;
}

const char *place_label(const place_t *p, char buf[PLACE_LABEL_MAX])
{
    char name[NSP_NAME_TEXT_MAX];
    char addr[ADDR_TEXT_MAX];
    addr_port_text(&p->addr, addr);
    if (p->server.len == 0)
        snprintf(buf, PLACE_LABEL_MAX, "%s", addr);
    else
        snprintf(buf, PLACE_LABEL_MAX, "%s (%s)", facts_name(&p->server, name), addr);
    return buf;
}

finding_t *place_finding(facts_t *f, const place_t *p, finding_id_t id, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    finding_t *out = finding_vadd(f->list, id, format, args);
    va_end(args);
    if (out == NULL)
        return NULL;
    out->has_addr = true;
    out->addr = p->addr;
    if (p->server.len > 0)
        finding_set_server(out, &p->server);
    return out;
}

bool facts_between(const zone_facts_t *z, nsp_name_t *name)
{
    nsp_name_t up;
    nsp_name_strip(name, 1, &up);
    if (up.len <= z->apex.len || !nsp_name_is_subdomain(&up, &z->apex))
        return false;
    *name = up;
    return true;
}
