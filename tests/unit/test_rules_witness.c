/* What an interface saw decides about a server, whatever the sockets got. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "xcases.h"

#define BAD 2

/* The exchange of another address that asked the same. */
static const exchange_t *twin(const xlab_t *x, const exchange_t *of)
{
    for (uint32_t i = 0; i < x->set.count; i++) {
        const exchange_t *k = x->set.item[i];
        const event_t *a = exchange_query(k);
        const event_t *b = exchange_query(of);
        if (k != of && k->transport == of->transport && exchange_reply(k) != NULL && a != NULL &&
            b != NULL && a->size == b->size && memcmp(a->bytes + 2, b->bytes + 2, a->size - 2) == 0)
            return k;
    }
    return NULL;
}

/* Adds what the interface saw to each unanswered exchange of the spoilt address. */
static void see(xlab_t *x, event_kind_t kind, uint8_t mismatch, bool big_only)
{
    addr_t bad = x->m->address[BAD].addr;
    for (uint32_t i = 0; i < x->set.count; i++) {
        exchange_t *k = x->set.item[i];
        const exchange_t *good = twin(x, k);
        bool big = k->qtype == NSP_TYPE_DNSKEY || k->qtype == NSP_TYPE_TXT;
        bool handshake = kind == EVENT_TCP_NOT_DELIVERED;
        if (!addr_equal(&k->server, &bad) || exchange_reply(k) != NULL ||
            (k->transport == TRANSPORT_TCP) != handshake || (big_only && !big))
            continue;
        event_t e = {.kind = kind, .attempt = 1, .mismatch = mismatch, .peer = bad};
        e.at = k->event[0].at + 1000;
        if (kind == EVENT_NOT_DELIVERED) {
            assert_non_null(good);
            e.bytes = exchange_reply(good)->bytes;
            e.size = exchange_reply(good)->size;
        }
        if (mismatch == MISMATCH_ADDRESS)
            e.peer = xaddr("8.9.9.9");
        assert_true(exchange_append(k, &e));
    }
}

static void silent(xlab_t *x)
{
    xlab_act(x, BAD, XA_SILENT);
}

static void silent_udp(xlab_t *x)
{
    xlab_act_udp(x, BAD, XA_SILENT);
}

static void silent_big(xlab_t *x)
{
    x->probe[BAD][XQ_DNSKEY].act = XA_SILENT;
    x->probe[BAD][XQ_TXT].act = XA_SILENT;
    for (unsigned a = 0; a < x->count; a++) {
        x->probe[a][XQ_TXT].txt = 3000;
        x->probe[a][XQ_TXT_TCP].txt = 3000;
    }
}

static void udp_seen(xlab_t *x)
{
    see(x, EVENT_NOT_DELIVERED, 0, false);
}

static void all_seen(xlab_t *x)
{
    udp_seen(x);
    see(x, EVENT_TCP_NOT_DELIVERED, 0, false);
}

static void handshake_seen(xlab_t *x)
{
    see(x, EVENT_TCP_NOT_DELIVERED, 0, false);
}

static void other_source(xlab_t *x)
{
    see(x, EVENT_NOT_DELIVERED, MISMATCH_ADDRESS, false);
}

static void big_seen(xlab_t *x)
{
    see(x, EVENT_NOT_DELIVERED, 0, true);
}

static void fragments(xlab_t *x)
{
    see(x, EVENT_FRAGMENTS_LOST, 0, true);
}

static void nothing(xlab_t *x)
{
    (void)x;
}

static void verdicts(void **state)
{
    (void)state;
    static const struct {
        void (*edit)(xlab_t *x);
        void (*saw)(xlab_t *x);
        const char *expected;
    } cases[] = {
        {silent, nothing, "unresponsive"},
        {silent, all_seen, "reply-dropped-locally"},
        {silent, udp_seen, "tcp-unresponsive reply-dropped-locally"},
        {silent, handshake_seen, "unresponsive reply-dropped-locally"},
        {silent_udp, nothing, "udp-unresponsive"},
        {silent_udp, udp_seen, "reply-dropped-locally"},
        {silent_udp, other_source, "wrong-source-address reply-dropped-locally"},
        {silent_big, nothing, "big-answer-lost"},
        {silent_big, big_seen, "reply-dropped-locally"},
        {silent_big, fragments, "fragments-incomplete"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        xlab_t x;
        finding_list_t list;
        char ids[512] = "";
        size_t len = 0;
        xlab_healthy(&x);
        cases[i].edit(&x);
        xlab_build(&x);
        cases[i].saw(&x);
        finding_list_init(&list);
        assert_true(diagnose(x.m, &x.set, NULL, &list));
        for (size_t k = 0; k < list.count; k++)
            len += (size_t)snprintf(ids + len, sizeof ids - len, "%s%s", k > 0 ? " " : "",
                                    finding_desc(list.item[k].id)->id);
        if (strcmp(ids, cases[i].expected) != 0)
            for (size_t k = 0; k < list.count; k++)
                print_error("case %zu: %s: %s\n", i, finding_desc(list.item[k].id)->id,
                            list.item[k].text);
        assert_string_equal(ids, cases[i].expected);
        for (size_t k = 0; k < list.count; k++)
            assert_true(list.item[k].evidence_count > 0);
        finding_list_free(&list);
        xlab_free(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(verdicts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
