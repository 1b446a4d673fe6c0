#include "dkim/judge.h"

#include <stdio.h>
#include <stdlib.h>

double lookup_chance(size_t n, size_t good, size_t unusable, unsigned tries)
{
    double chance = 0;
    double reached = 1; /* that all places before this one were unusable */
    for (size_t i = 0; i < tries && i < n; i++) {
        double left = (double)(n - i);
        chance += reached * (double)good / left;
        if (unusable <= i)
            break;
        reached *= (double)(unusable - i) / left;
    }
    return chance < 1 ? chance : 1;
}

const char *chance_label(double chance, char buf[24])
{
    int n = (int)(chance * 100 + 0.5);
    if (n == 0 && chance > 0)
        snprintf(buf, 24, "less than 1 of 100");
    else if (n >= 100 && chance < 1 - 1e-9)
        snprintf(buf, 24, "99 of 100");
    else
        snprintf(buf, 24, "%d of 100", n);
    return buf;
}

/* --- expectations --- */

/* An alias in place of the record that leads to it all the same: a resolver follows it. */
static void settle_alias(facts_t *f, expected_t *x)
{
    expectation_t at = *x->e;
    const answer_t *end = x->e->type != NSP_TYPE_CNAME ? expected_end(f, x, &at.owner) : NULL;
    const nsp_msg_t *m = end != NULL ? facts_message(f, end) : NULL;
    bool met = false;
    for (uint16_t i = 0; m != NULL && i < m->found[NSP_ANSWER] && !met; i++)
        met = expectation_met(&at, m, nsp_msg_rr(m, NSP_ANSWER, i));
    for (size_t i = 0; met && i < x->cell_count; i++) {
        cell_t *c = &x->cell[i];
        const nsp_name_t *first = &f->lookup[x->follow].name;
        if (c->udp == MARK_WRONG && c->udp_by->count == 0 &&
            nsp_name_equal(&c->udp_by->cname, first))
            c->udp = MARK_MATCH;
        if (c->tcp == MARK_WRONG && c->tcp_by->count == 0 &&
            nsp_name_equal(&c->tcp_by->cname, first))
            c->tcp = MARK_MATCH;
    }
}

static void count_cells(const facts_t *f, expected_t *x)
{
    const zone_facts_t *z = expected_zone(f, x);
    x->asked = x->pending = x->matched = x->denied = x->unusable = x->unsent = 0;
    for (size_t i = 0; i < x->cell_count; i++) {
        const cell_t *c = &x->cell[i];
        if (!z->place[i].delegated || !z->place[i].in_use)
            continue;
        if (c->udp == MARK_UNASKED) {
            x->pending += c->udp_by == NULL;
            x->unsent += c->udp_by != NULL;
            continue;
        }
        x->asked++;
        if (c->bogus || mark_fails(c->udp))
            x->unusable++;
        else if (c->udp == MARK_MATCH)
            x->matched++;
        else
            x->denied++;
    }
    x->chance = lookup_chance(x->asked, x->matched, x->unusable, f->options->tries);
}

static bool same_lookup(const expected_t *a, const expected_t *b)
{
    return a->e->type == b->e->type && nsp_name_equal(&a->e->owner, &b->e->owner);
}

/* The chance of one lookup that has to give the records of several expectations at once. */
static double chance_together(const facts_t *f, size_t first)
{
    const expected_t *x = &f->expected[first];
    bool alone = true;
    for (size_t i = first + 1; i < f->expected_count; i++)
        alone &= !same_lookup(x, &f->expected[i]);
    if (alone || x->zone == FACTS_NONE)
        return x->chance;
    size_t good = 0;
    for (size_t k = 0; k < x->cell_count; k++) {
        const place_t *p = &f->zone[x->zone].place[k];
        bool all = p->delegated && p->in_use;
        for (size_t i = first; i < f->expected_count && all; i++) {
            const expected_t *y = &f->expected[i];
            if (same_lookup(x, y))
                all = k < y->cell_count && y->cell[k].udp == MARK_MATCH && !y->cell[k].bogus;
        }
        good += all;
    }
    return lookup_chance(x->asked, good, x->unusable, f->options->tries);
}

/* Each lookup chooses its servers anew: their chances multiply. */
static double chance_of_all(const facts_t *f)
{
    double chance = f->expected_count > 0 ? 1 : 0;
    for (size_t i = 0; i < f->expected_count && chance > 0; i++) {
        bool first = true;
        for (size_t k = 0; k < i && first; k++)
            first = !same_lookup(&f->expected[k], &f->expected[i]);
        if (first)
            chance *= chance_together(f, i);
    }
    return chance;
}

/* What could be asked is as expected. That others could not be asked is this machine's own trouble:
 * no reason to call anything bad, and none to call it good. */
static bool good_where_asked(const facts_t *f)
{
    for (size_t i = 0; i < f->expected_count; i++)
        if (!expected_is_blind(f, &f->expected[i]) && f->expected[i].chance <= 1 - 1e-9)
            return false;
    return true;
}

static round_outcome_t outcome_of_all(const facts_t *f, double chance)
{
    size_t blind = 0;
    size_t asked = 0;
    size_t pending = 0;
    bool denied = false;
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        asked += x->asked;
        pending += x->pending + (x->zone == FACTS_NONE && expected_is_cut(f, x));
        denied |= x->denied > 0 || expected_has_no_zone(f, x);
        blind += x->unsent + expected_is_blind(f, x);
    }
    if (denied)
        return ROUND_NEGATIVE;
    if (asked == 0 && !walk_was_answered(f))
        return ROUND_UNTESTED;
    if (pending > 0)
        return ROUND_UNTESTED; /* ended before all was known, and nothing bad is */
    if (blind > 0 && good_where_asked(f))
        return ROUND_UNTESTED;
    return chance > 1 - 1e-9 ? ROUND_VERIFIED : ROUND_TEMPORARY;
}

verifier_status_t judge_status(round_outcome_t outcome, double chance, bool none, int64_t began,
                               int64_t now)
{
    if (none || outcome == ROUND_UNTESTED)
        return VERIFIER_NOT_STARTED;
    if (outcome == ROUND_VERIFIED)
        return VERIFIER_SUCCESS;
    if (began != 0 && now - began >= VERIFIER_PATIENCE)
        return VERIFIER_FAILED;
    if (outcome == ROUND_TEMPORARY && chance <= 0)
        return VERIFIER_TEMPORARY_FAILURE;
    return VERIFIER_PENDING;
}

/* --- the result's tables --- */

/* One column: a place of a zone. */
typedef struct column {
    size_t zone;
    size_t place;
    const zone_facts_t *z;
    const place_t *p;
} column_t;

static int by_column(const void *va, const void *vb)
{
    const column_t *a = va;
    const column_t *b = vb;
    if (a->zone != b->zone)
        return a->zone < b->zone ? -1 : 1;
    if (a->p->delegated != b->p->delegated)
        return a->p->delegated ? -1 : 1;
    int order = a->p->server.len > 0 && b->p->server.len > 0
                    ? nsp_name_compare(&a->p->server, &b->p->server)
                    : (int)(a->p->server.len == 0) - (int)(b->p->server.len == 0);
    return order != 0 ? order : addr_compare(&a->p->addr, &b->p->addr);
}

/* A server that only the SOA names is shown when it says something. */
static bool is_shown(const facts_t *f, size_t zone, size_t place)
{
    const place_t *p = &f->zone[zone].place[place];
    if (p->from != PLACE_MNAME)
        return true;
    for (size_t i = 0; i < f->expected_count; i++) {
        const expected_t *x = &f->expected[i];
        if (x->zone == zone && place < x->cell_count &&
            (x->cell[place].udp == MARK_MATCH || mark_denies(x->cell[place].udp)))
            return true;
    }
    return false;
}

static size_t list_columns(const facts_t *f, column_t *out)
{
    size_t count = 0;
    for (size_t i = 0; i < f->zone_count; i++)
        for (size_t k = 0; k < f->zone[i].place_count && f->zone[i].holds; k++)
            if (count < DKIM_ADDRESSES_MAX && zone_is_meant(f, i) && is_shown(f, i, k))
                out[count++] = (column_t){i, k, &f->zone[i], &f->zone[i].place[k]};
    qsort(out, count, sizeof *out, by_column);
    return count;
}

static int by_time(const void *va, const void *vb)
{
    const int64_t *a = va;
    const int64_t *b = vb;
    return (*a > *b) - (*a < *b);
}

/* What was asked of an address about names in the zone. */
static void measure(const facts_t *f, const column_t *c, dkim_address_t *out, int64_t *rtt)
{
    size_t count = 0;
    for (size_t i = 0;; i++) {
        const answer_t *a = answers_at(f->answers, i);
        if (a == NULL)
            break;
        if (!a->decided || a->outcome == OUTCOME_NOT_SENT || !addr_equal(&a->server, &c->p->addr) ||
            !nsp_name_is_subdomain(&a->qname, &c->z->apex))
            continue;
        out->asked++;
        bool answered = a->outcome == OUTCOME_ANSWERED || a->outcome == OUTCOME_MALFORMED;
        out->answered += answered;
        if (answered && a->transport == TRANSPORT_UDP && a->rtt >= 0)
            rtt[count++] = a->rtt;
    }
    qsort(rtt, count, sizeof *rtt, by_time);
    out->rtt = count > 0 ? rtt[count / 2] : -1;
}

static void fill_address(const column_t *c, dkim_address_t *out)
{
    out->addr = c->p->addr;
    out->zone = c->z->apex;
    out->server = c->p->server;
    if (out->server.len == 0)
        nsp_name_root(&out->server);
    out->delegated = c->p->delegated;
    out->has_serial = place_serves(c->z, c->p);
    out->serial = out->has_serial ? c->p->soa->serial : 0;
}

static bool fill_tables(const facts_t *f, dkim_result_t *out)
{
    column_t *column = malloc(DKIM_ADDRESSES_MAX * sizeof *column);
    int64_t *rtt = malloc((f->set->count + 1) * sizeof *rtt);
    size_t n = column != NULL && rtt != NULL ? list_columns(f, column) : 0;
    out->address = calloc(n + 1, sizeof *out->address);
    out->cell = calloc(f->expected_count * n + 1, sizeof *out->cell);
    bool ok = column != NULL && rtt != NULL && out->address != NULL && out->cell != NULL;
    for (size_t k = 0; k < n && ok; k++) {
        fill_address(&column[k], &out->address[k]);
        measure(f, &column[k], &out->address[k], rtt);
        for (size_t i = 0; i < f->expected_count; i++) {
            const expected_t *x = &f->expected[i];
            dkim_cell_t *cell = &out->cell[i * n + k];
            cell->holds = x->zone == column[k].zone;
            if (cell->holds && column[k].place < x->cell_count) {
                cell->udp = x->cell[column[k].place].udp;
                cell->tcp = x->cell[column[k].place].tcp;
                cell->bogus = x->cell[column[k].place].bogus;
            }
        }
    }
    out->address_count = ok ? n : 0;
    free(column);
    free(rtt);
    return ok;
}

bool judge(facts_t *f, int64_t now, dkim_result_t *out)
{
    memset(out, 0, sizeof *out);
    finding_list_init(&out->findings);
    out->expectation_count = f->expected_count;
    out->expectation = f->expectations->item;
    f->now = now;
    f->list = &out->findings;
    rules_expect(f);
    for (size_t i = 0; i < f->expected_count; i++)
        settle_alias(f, &f->expected[i]);
    rules_dnssec(f);
    for (size_t i = 0; i < f->expected_count; i++)
        count_cells(f, &f->expected[i]);
    coverage_count(f);
    out->coverage = f->coverage;
    out->chance = chance_of_all(f);
    out->outcome = outcome_of_all(f, out->chance);
    f->chance = out->chance;
    f->outcome = out->outcome;
    out->status =
        judge_status(out->outcome, out->chance, f->expected_count == 0, f->options->began, now);
    rules_nobody(f);
    rules_unasked(f);
    rules_zone(f);
    rules_place(f);
    rules_between(f);
    rules_partial(f);
    rules_record(f);
    rules_found(f);
    rules_key(f);
    finding_list_sort(&out->findings);
    f->list = NULL;
    return fill_tables(f, out) && !out->findings.out_of_memory;
}
