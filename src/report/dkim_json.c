/* The report of dkim as JSON: docs/schema/dkim.schema.json. */
#include <stdlib.h>

#include "dkim/expect_text.h"
#include "report/dkim_json.h"
#include "report/dkim_text.h"
#include "report/json_parts.h"

/* Room for the presentation format of any RDATA: four characters an octet, and blanks. */
#define VALUE_MAX ((size_t)5 * 65536)

static json_t *json_odd(unsigned odd)
{
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = {{EXPECT_ODD_QUOTES, "quotes"}, {EXPECT_ODD_INVISIBLE, "invisible"},
                 {EXPECT_ODD_BLANKS, "blanks"}, {EXPECT_ODD_RELATIVE, "relative"},
                 {EXPECT_ODD_ENTIRE, "entire"}, {EXPECT_ODD_ESCAPES, "escapes"}};
    json_t *j = json_array();
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((odd & words[i].bit) != 0)
            json_array_append_new(j, json_string(words[i].word));
    return j;
}

/* What every address says that was asked for the record. */
static json_t *json_cells(const dkim_result_t *d, size_t expectation)
{
    json_t *cells = json_array();
    for (size_t i = 0; i < d->address_count; i++) {
        const dkim_cell_t *c = &d->cell[expectation * d->address_count + i];
        if (!c->holds && c->udp == MARK_UNASKED && c->tcp == MARK_UNASKED)
            continue;
        json_t *j = json_object();
        json_object_set_new(j, "address", json_addr(&d->address[i].addr));
        json_object_set_new(j, "port", json_integer(d->address[i].addr.port));
        json_object_set_new(j, "holds", json_boolean(c->holds));
        json_object_set_new(j, "bogus", json_boolean(c->bogus));
        json_object_set_new(j, "udp", json_string(mark_name(c->udp)));
        json_object_set_new(j, "tcp", json_string(mark_name(c->tcp)));
        json_array_append_new(cells, j);
    }
    return cells;
}

static json_t *json_record(const dkim_result_t *d, size_t expectation, char *value)
{
    const expectation_t *e = &d->expectation[expectation];
    char type[16];
    nsp_text_t t;
    json_t *j = json_object();
    nsp_text_begin(&t, value, VALUE_MAX);
    (void)expectation_rdata_text(e, &t);
    json_object_set_new(j, "name", json_name(&e->owner));
    json_object_set_new(j, "type", json_string(nsp_type_text(e->type, type)));
    json_object_set_new(j, "value", e->any_key ? json_null() : json_string(value));
    json_object_set_new(j, "origin", json_text(e->origin != NULL ? e->origin : ""));
    json_object_set_new(j, "odd", json_odd(e->odd));
    json_object_set_new(j, "cells", json_cells(d, expectation));
    return j;
}

static json_t *json_address(const dkim_address_t *a)
{
    json_t *j = json_object();
    json_object_set_new(j, "address", json_addr(&a->addr));
    json_object_set_new(j, "port", json_integer(a->addr.port));
    json_object_set_new(j, "zone", json_name(&a->zone));
    json_object_set_new(j, "server", a->server.len > 1 ? json_name(&a->server) : json_null());
    json_object_set_new(j, "delegated", json_boolean(a->delegated));
    json_object_set_new(j, "serial", a->has_serial ? json_integer(a->serial) : json_null());
    json_object_set_new(j, "rtt", json_seconds(a->rtt));
    json_object_set_new(j, "asked", json_integer(a->asked));
    json_object_set_new(j, "answered", json_integer(a->answered));
    return j;
}

json_t *json_coverage(const dkim_coverage_t *c)
{
    json_t *j = json_object();
    json_object_set_new(j, "addresses", json_integer((json_int_t)c->addresses));
    json_object_set_new(j, "asked", json_integer((json_int_t)c->asked));
    json_object_set_new(j, "excluded", json_integer((json_int_t)c->excluded));
    json_object_set_new(j, "unsent", json_integer((json_int_t)c->unsent));
    return j;
}

static json_t *json_report(const dkim_report_t *r, reply_t *scratch, char *value)
{
    const dkim_result_t *d = r->result;
    json_t *j = json_object();
    json_t *records = json_array();
    json_t *addresses = json_array();
    bool untested = r->untested || d->outcome == ROUND_UNTESTED;
    for (size_t i = 0; i < d->expectation_count; i++)
        json_array_append_new(records, json_record(d, i, value));
    for (size_t i = 0; i < d->address_count; i++)
        json_array_append_new(addresses, json_address(&d->address[i]));
    json_object_set_new(j, "domain", json_name(r->domain));
    json_object_set_new(j, "status", json_string(verifier_status_name(d->status)));
    json_object_set_new(j, "outcome", json_string(round_outcome_name(d->outcome)));
    json_object_set_new(j, "chance", untested ? json_null() : json_real(d->chance));
    json_object_set_new(j, "coverage", json_coverage(&d->coverage));
    json_object_set_new(j, "verdict", json_verdict(&d->findings, dkim_report_knows_nothing(r)));
    json_object_set_new(j, "interrupted", json_boolean(r->interrupted));
    json_object_set_new(j, "began", json_time(r->set->began_wall));
    json_object_set_new(j, "records", records);
    json_object_set_new(j, "addresses", addresses);
    json_object_set_new(j, "findings", json_findings(&d->findings));
    json_object_set_new(j, "exchanges", json_exchanges(r->set, r->domain, r->verbose, scratch));
    return j;
}

bool dkim_report_json(FILE *out, const dkim_report_t *r)
{
    reply_t *scratch = malloc(sizeof *scratch);
    char *value = malloc(VALUE_MAX);
    json_t *j = scratch != NULL && value != NULL ? json_report(r, scratch, value) : NULL;
    bool good = json_print(out, j);
    free(value);
    free(scratch);
    return good;
}
