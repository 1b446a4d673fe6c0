#include "dkimcase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void name_set(nsp_name_t *name, const char *text)
{
    assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, name, NULL), NSP_OK);
}

void dkimcase_init(dkimcase_t *c, const char *scenario, const char *domain)
{
    memset(c, 0, sizeof *c);
    c->world = fakezone_new(scenario);
    name_set(&c->in.domain, domain);
    c->in.kind = START_HINTS;
    c->in.start = c->start;
    c->in.port = 53;
    c->in.use_ipv4 = c->in.use_ipv6 = true;
    c->in.parents_max = 32;
    size_t n = 0;
    const addr_t *roots = scenario_roots(fakezone_scenario(c->world), &n);
    for (; c->in.start_count < n && c->in.start_count < 8; c->in.start_count++) {
        given_ns_t *g = &c->start[c->in.start_count];
        name_set(&g->name, "a.root.");
        g->has_addr = true;
        g->addr = roots[c->in.start_count];
        g->addr.port = 53;
    }
    c->options = dkim_options_default();
    net_t *net = fakezone_net(c->world);
    exchange_set_init(&c->set, net->ops->wall(net));
    c->e.item = calloc(DC_EXPECTED_MAX, sizeof *c->e.item);
    assert_non_null(c->e.item);
}

void dkimcase_expect(dkimcase_t *c, const char *line)
{
    nsp_zone_reader_t *reader = malloc(sizeof *reader);
    nsp_zone_rr_t *rr = malloc(sizeof *rr);
    assert_true(reader != NULL && rr != NULL && c->e.count < DC_EXPECTED_MAX);
    nsp_name_t root;
    nsp_name_root(&root);
    nsp_zone_begin(reader, line, strlen(line), &root);
    assert_true(nsp_zone_next(reader, rr));
    expectation_t *e = &c->e.item[c->e.count++];
    e->owner = rr->owner;
    e->type = rr->type;
    e->rdlen = rr->rdlength;
    e->rdata = malloc(rr->rdlength + 1u);
    assert_non_null(e->rdata);
    memcpy(e->rdata, rr->rdata, rr->rdlength);
    free(reader);
    free(rr);
}

void dkimcase_run(dkimcase_t *c)
{
    c->err = dkim_run(fakezone_net(c->world), &c->in, &c->e, &c->options, &c->set, &c->r);
}

void dkimcase_begin(dkimcase_t *c, const char *scenario, const char *domain, ...)
{
    va_list lines;
    dkimcase_init(c, scenario, domain);
    va_start(lines, domain);
    for (const char *line = va_arg(lines, const char *); line != NULL;
         line = va_arg(lines, const char *))
        dkimcase_expect(c, line);
    va_end(lines);
    dkimcase_run(c);
    assert_int_equal(c->err, NET_OK);
}

void dkimcase_free(dkimcase_t *c)
{
    dkim_result_free(&c->r);
    for (size_t i = 0; i < c->e.count; i++)
        free(c->e.item[i].rdata);
    free(c->e.item);
    exchange_set_free(&c->set);
    fakezone_free(c->world);
}

size_t dkimcase_column(const dkimcase_t *c, const char *addr)
{
    addr_t a;
    assert_true(addr_from_text(addr, strlen(addr), 53, &a));
    for (size_t i = 0; i < c->r.address_count; i++)
        if (addr_equal(&c->r.address[i].addr, &a))
            return i;
    fail_msg("no column for %s", addr);
    return 0;
}

const dkim_cell_t *dkimcase_cell(const dkimcase_t *c, size_t expectation, const char *addr)
{
    return &c->r.cell[expectation * c->r.address_count + dkimcase_column(c, addr)];
}

const finding_t *dkimcase_finding(const dkimcase_t *c, const char *id)
{
    for (size_t i = 0; i < c->r.findings.count; i++)
        if (strcmp(finding_desc(c->r.findings.item[i].id)->id, id) == 0)
            return &c->r.findings.item[i];
    return NULL;
}

size_t dkimcase_count(const dkimcase_t *c, severity_t at_least)
{
    size_t n = 0;
    for (size_t i = 0; i < c->r.findings.count; i++)
        n += c->r.findings.item[i].severity >= at_least;
    return n;
}

void dkimcase_show(const dkimcase_t *c)
{
    fprintf(stderr, "outcome %s, status %s, chance %.3f, %u exchanges\n",
            round_outcome_name(c->r.outcome), verifier_status_name(c->r.status), c->r.chance,
            c->set.count);
    for (size_t i = 0; i < c->r.address_count; i++) {
        char addr[ADDR_TEXT_MAX];
        fprintf(stderr, "%s%s:", addr_port_text(&c->r.address[i].addr, addr),
                c->r.address[i].delegated ? "" : " (not delegated)");
        for (size_t k = 0; k < c->r.expectation_count; k++) {
            const dkim_cell_t *cell = &c->r.cell[k * c->r.address_count + i];
            fprintf(stderr, " %s/%s", mark_name(cell->udp), mark_name(cell->tcp));
        }
        fprintf(stderr, "\n");
    }
    for (size_t i = 0; i < c->r.findings.count; i++) {
        const finding_t *f = &c->r.findings.item[i];
        const finding_desc_t *d = finding_desc(f->id);
        fprintf(stderr, "%s %s: %s\n    fix: %s\n", severity_name(f->severity), d->id, f->text,
                f->fix != NULL ? f->fix : d->fix);
    }
}

static bool holds(const char *text, const char *words)
{
    return words == NULL || (text != NULL && strstr(text, words) != NULL);
}

void dkimcase_want(const dkimcase_t *c, const char *id, const char *text, const char *fix)
{
    const finding_t *f = dkimcase_finding(c, id);
    if (f != NULL && holds(f->text, text) && holds(f->fix, fix))
        return;
    dkimcase_show(c);
    fail_msg("no %s with these words: %s; %s", id, text != NULL ? text : "",
             fix != NULL ? fix : "");
}
