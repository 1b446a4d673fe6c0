/* Every kind of wrong message is wrong in just the way that it says. */
#include "proto/mangle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "messages.h"
#include "proto/edns.h"
#include "proto/encode.h"

/* Where the expected fault is, in terms of the message before. */
typedef enum where {
    AT,        /* at the given offset */
    AT_SIZE,   /* at the end of the octets that were sent before */
    AT_END,    /* at the end of the mangled message */
    AT_OWNER,  /* owner of the last record that is no OPT, plus the offset */
    AT_LENGTH, /* its RDLENGTH */
    AT_RDATA,  /* RDATA of the first record */
    ANYWHERE
} where_t;

typedef struct kind_case {
    nsp_mangle_t kind;
    nsp_err_t err;
    where_t where;
    uint32_t offset;
    bool complete;
} kind_case_t;

static const kind_case_t cases[] = {
    {NSP_MANGLE_SHORT_HEADER, NSP_E_SHORT_HEADER, AT, 7, false},
    {NSP_MANGLE_CUT, NSP_E_SHORT, AT_LENGTH, 0, false},
    {NSP_MANGLE_TRAILING, NSP_E_TRAILING, AT_SIZE, 0, true},
    {NSP_MANGLE_COUNT_HIGH, NSP_E_SHORT, AT_END, 0, false},
    {NSP_MANGLE_COUNT_HUGE, NSP_E_SHORT, AT_END, 0, false},
    {NSP_MANGLE_POINTER_LOOP, NSP_E_POINTER_FORWARD, AT_OWNER, 0, false},
    {NSP_MANGLE_POINTER_FORWARD, NSP_E_POINTER_FORWARD, AT_OWNER, 0, false},
    {NSP_MANGLE_POINTER_PAST, NSP_E_POINTER_FORWARD, AT_OWNER, 0, false},
    {NSP_MANGLE_LABEL_TYPE, NSP_E_LABEL_TYPE, AT_OWNER, 0, false},
    {NSP_MANGLE_LABEL_PAST, NSP_E_SHORT, AT_OWNER, 0, false},
    {NSP_MANGLE_NAME_LONG, NSP_E_NAME_LONG, AT_OWNER, 4 * 61, false},
    {NSP_MANGLE_RDLENGTH_LONG, NSP_E_SHORT, AT_LENGTH, 0, false},
    {NSP_MANGLE_RDATA_EMPTY, NSP_E_RDATA_SHORT, AT_RDATA, 0, true},
    {NSP_MANGLE_NO_QUESTION, NSP_E_QDCOUNT, AT, 4, true},
    {NSP_MANGLE_TWO_QUESTIONS, NSP_E_QDCOUNT, AT, 4, true},
    {NSP_MANGLE_OPT_TWICE, NSP_E_OPT_TWICE, ANYWHERE, 0, true},
    {NSP_MANGLE_OPT_ANSWER, NSP_E_OPT_SECTION, ANYWHERE, 0, true},
    {NSP_MANGLE_OPTION_LONG, NSP_E_OPT_OPTION, ANYWHERE, 0, true},
    {NSP_MANGLE_ZEROES, NSP_E_QDCOUNT, AT, 4, true},
    {NSP_MANGLE_EMPTY, NSP_E_SHORT_HEADER, AT, 0, false},
};

#define CASES (sizeof cases / sizeof cases[0])

static nsp_rr_t arena[NSP_RR_MAX];

typedef struct before {
    nsp_rr_t first;
    nsp_rr_t last;
} before_t;

/* The records that mangling is to hit: what is there, or the one that will be appended. */
static before_t look(const message_t *g)
{
    nsp_msg_t m;
    before_t b = {{0}, {0}};
    uint16_t end = (uint16_t)g->size;
    bool found = false;
    assert_int_equal(nsp_msg_index(&m, g->wire, g->size, arena, NSP_RR_MAX), NSP_OK);
    for (uint16_t i = 0; i < m.rr_count; i++) {
        if (m.rr[i].type == NSP_TYPE_OPT || m.rr[i].rdlength == 0)
            continue;
        b.last = m.rr[i];
        b.first = found ? b.first : b.last;
        found = true;
    }
    if (!found) {
        b.last.owner = end;
        b.last.fixed = (uint16_t)(end + 1);
        b.last.rdata = (uint16_t)(end + 11);
        b.first = b.last;
    }
    return b;
}

static uint32_t expected_offset(const kind_case_t *c, const message_t *g, size_t size)
{
    before_t b = look(g);
    switch (c->where) {
    case AT_SIZE:
        return (uint32_t)g->size;
    case AT_END:
        return (uint32_t)size;
    case AT_OWNER:
        return b.last.owner + c->offset;
    case AT_LENGTH:
        return b.last.fixed + 8u;
    case AT_RDATA:
        return b.first.rdata;
    default:
        return c->offset;
    }
}

/* Mangles a copy with exactly the promised room; the caller frees it. */
static uint8_t *mangle(nsp_mangle_t kind, const message_t *g, size_t *size)
{
    uint8_t *buf = malloc(g->size + 600);
    assert_non_null(buf);
    memcpy(buf, g->wire, g->size);
    *size = g->size;
    assert_int_equal(nsp_mangle(kind, buf, size, g->size + 600), NSP_OK);
    return buf;
}

static bool has_fault(const nsp_msg_t *m, nsp_err_t err, uint32_t offset, bool anywhere)
{
    for (uint16_t i = 0; i < m->fault_count && i < NSP_FAULTS_KEPT; i++)
        if (m->fault[i].err == err && (anywhere || m->fault[i].offset == offset))
            return true;
    return false;
}

static void every_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        for (size_t k = 0; k < good_message_count; k++) {
            const kind_case_t *c = &cases[i];
            size_t size = 0;
            nsp_msg_t m;
            /* an update deletes by records without RDATA (RFC 2136 2.5): nothing wrong there */
            if (c->kind == NSP_MANGLE_RDATA_EMPTY && strcmp(good_messages[k].name, "update") == 0)
                continue;
            uint8_t *buf = mangle(c->kind, &good_messages[k], &size);
            uint32_t want = expected_offset(c, &good_messages[k], size);
            nsp_msg_index(&m, buf, size, arena, NSP_RR_MAX);
            assert_int_not_equal(nsp_msg_validate(&m), NSP_OK);
            if (!has_fault(&m, c->err, want, c->where == ANYWHERE) || m.complete != c->complete)
                fail_msg("%s of %s: first fault %s at %u, expected %s at %u",
                         nsp_mangle_name(c->kind), good_messages[k].name,
                         nsp_err_name(m.fault[0].err), m.fault[0].offset, nsp_err_name(c->err),
                         want);
            free(buf);
        }
    }
}

/* The following octets are read as something else, but never without a fault. */
static void rdlength_short(void **state)
{
    (void)state;
    for (size_t k = 0; k < good_message_count; k++) {
        size_t size = 0;
        nsp_msg_t m;
        before_t b = look(&good_messages[k]);
        uint8_t *buf = mangle(NSP_MANGLE_RDLENGTH_SHORT, &good_messages[k], &size);
        uint16_t old = b.first.rdlength > 0 ? b.first.rdlength : 4;
        assert_int_equal(buf[b.first.fixed + 8] << 8 | buf[b.first.fixed + 9], old - 1);
        nsp_msg_index(&m, buf, size, arena, NSP_RR_MAX);
        assert_int_not_equal(nsp_msg_validate(&m), NSP_OK);
        free(buf);
    }
}

static void not_response(void **state)
{
    (void)state;
    for (size_t k = 0; k < good_message_count; k++) {
        const message_t *g = &good_messages[k];
        size_t size = 0;
        nsp_msg_t m;
        uint8_t *buf = mangle(NSP_MANGLE_NOT_RESPONSE, g, &size);
        assert_int_equal(nsp_msg_index(&m, buf, size, arena, NSP_RR_MAX), NSP_OK);
        assert_false(nsp_msg_has(&m, NSP_FLAG_QR));
        assert_int_equal(size, g->size);
        assert_memory_equal(buf + 3, g->wire + 3, size - 3);
        free(buf);
    }
}

static void shapes(void **state)
{
    (void)state;
    for (size_t k = 0; k < good_message_count; k++) {
        const message_t *g = &good_messages[k];
        size_t size = 0;
        nsp_msg_t m;
        unsigned opts = 0;
        uint8_t *buf = mangle(NSP_MANGLE_TWO_QUESTIONS, g, &size);
        nsp_msg_index(&m, buf, size, arena, NSP_RR_MAX);
        assert_int_equal(m.found[0], 2);
        size_t n = (size - 12) / 2;
        assert_memory_equal(buf + 12, buf + 12 + n, n);
        assert_memory_equal(buf + 12, g->wire + 12, n);
        free(buf);
        buf = mangle(NSP_MANGLE_OPT_TWICE, g, &size);
        nsp_msg_index(&m, buf, size, arena, NSP_RR_MAX);
        for (uint16_t i = 0; i < m.rr_count; i++)
            opts += m.rr[i].type == NSP_TYPE_OPT;
        assert_int_equal(opts, 2);
        free(buf);
        buf = mangle(NSP_MANGLE_ZEROES, g, &size);
        assert_int_equal(size, g->size);
        assert_memory_equal(buf, g->wire, 2);
        for (size_t i = 2; i < size; i++)
            assert_int_equal(buf[i], 0);
        free(buf);
    }
}

/* Any room from none to the promised: E_SPACE or a good end, and nothing written beyond. */
static void every_room(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < NSP_MANGLE_COUNT; kind++) {
        const message_t *g = &good_messages[0];
        bool fitted = false;
        for (size_t cap = g->size; cap <= g->size + 600; cap++) {
            uint8_t *buf = malloc(cap);
            size_t size = g->size;
            assert_non_null(buf);
            memcpy(buf, g->wire, g->size);
            nsp_err_t err = nsp_mangle((nsp_mangle_t)kind, buf, &size, cap);
            assert_true(err == NSP_OK || (err == NSP_E_SPACE && !fitted));
            assert_true(size <= cap);
            fitted = err == NSP_OK;
            free(buf);
        }
        assert_true(fitted);
    }
}

static void refused(void **state)
{
    (void)state;
    uint8_t buf[64] = {0};
    size_t size = 11;
    assert_int_equal(nsp_mangle(NSP_MANGLE_CUT, buf, &size, sizeof buf), NSP_E_SHORT_HEADER);
    size = 13;
    assert_int_equal(nsp_mangle(NSP_MANGLE_TRAILING, buf, &size, 12), NSP_E_SPACE);
    size = 12; /* no question to double: one is made */
    assert_int_equal(nsp_mangle(NSP_MANGLE_TWO_QUESTIONS, buf, &size, sizeof buf), NSP_OK);
    assert_int_equal(size, 22);
}

/* Beyond 16383 octets no pointer reaches the last record. */
static void long_message(void **state)
{
    (void)state;
    static const nsp_mangle_t kinds[] = {NSP_MANGLE_POINTER_LOOP, NSP_MANGLE_POINTER_FORWARD,
                                         NSP_MANGLE_POINTER_PAST};
    static uint8_t buf[40000];
    static uint8_t rdata[15000];
    for (size_t i = 0; i < 3; i++) {
        nsp_builder_t b;
        nsp_name_t root;
        nsp_msg_t m;
        size_t size = 0;
        nsp_name_root(&root);
        nsp_build_begin(&b, buf, sizeof buf, 1, NSP_FLAG_QR);
        nsp_build_question(&b, &root, NSP_TYPE_NULL, NSP_CLASS_IN);
        for (int k = 0; k < 2; k++)
            assert_true(nsp_build_rr(&b, NSP_ANSWER, &root, NSP_TYPE_NULL, NSP_CLASS_IN, 0, rdata,
                                     sizeof rdata));
        assert_true(nsp_build_rr(&b, NSP_ANSWER, &root, NSP_TYPE_NULL, NSP_CLASS_IN, 0, rdata, 4));
        assert_int_equal(nsp_build_end(&b, &size), NSP_OK);
        assert_int_equal(nsp_mangle(kinds[i], buf, &size, sizeof buf), NSP_OK);
        assert_int_equal(nsp_msg_index(&m, buf, size, arena, NSP_RR_MAX), NSP_E_POINTER_FORWARD);
        assert_int_equal(m.fault[0].offset, 17);
    }
}

static void names(void **state)
{
    (void)state;
    nsp_mangle_t kind = NSP_MANGLE_COUNT;
    for (unsigned i = 0; i < NSP_MANGLE_COUNT; i++) {
        const char *name = nsp_mangle_name((nsp_mangle_t)i);
        assert_true(nsp_mangle_from_name(name, strlen(name), &kind));
        assert_int_equal(kind, i);
        assert_false(nsp_mangle_from_name(name, strlen(name) - 1, &kind));
        assert_true(strncmp(nsp_mangle_rfc((nsp_mangle_t)i), "RFC ", 4) == 0);
        assert_true(nsp_mangle_what((nsp_mangle_t)i)[0] != '\0');
    }
    assert_string_equal(nsp_mangle_name(NSP_MANGLE_COUNT), "");
    assert_string_equal(nsp_mangle_what(NSP_MANGLE_COUNT), "");
    assert_string_equal(nsp_mangle_rfc(NSP_MANGLE_COUNT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind),   cmocka_unit_test(rdlength_short),
        cmocka_unit_test(not_response), cmocka_unit_test(shapes),
        cmocka_unit_test(every_room),   cmocka_unit_test(refused),
        cmocka_unit_test(long_message), cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
