/* Verification in a small Internet that is as it should be, but for some replies that the input
 * says: they are lost, or changed along their structure. Every run ends with a verdict that fits
 * its cells, and with findings that say something.
 *
 * Input: an octet of options, one that says when the run is interrupted (0: never), then four
 * octets for each change: the reply's number, what happens to it, and two of the change's seed. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/items.h"
#include "probe/dkim.h"
#include "tests/unit/dkimcase.h"
#include "tests/unit/netwrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MS         INT64_C(1000000)
#define CHANGES    64u
#define LONGER_MAX 600u /* octets that a change may add */

typedef struct change {
    uint8_t reply; /* which one */
    uint8_t what;  /* 0: it is lost; else how many changes one behind another */
    uint16_t seed;
} change_t;

/* The world with a hand in between. */
typedef struct meddler {
    netwrap_t wrap;
    unsigned count;
    change_t change[CHANGES];
    unsigned replies; /* seen so far */
    uint8_t *bytes;   /* of the last event, in memory of their size */
} meddler_t;

/* Changes the message of an event behind its frame; what came is left as it was. */
static void meddle(meddler_t *m, net_event_t *e, const change_t *c)
{
    nsp_random_t random = {c->seed};
    size_t frame = e->kind == NET_EVENT_BYTES ? 2 : 0;
    size_t n = e->size - frame;
    uint8_t *room = malloc(e->size + LONGER_MAX);
    if (room == NULL)
        abort();
    memcpy(room, e->bytes, e->size);
    for (unsigned i = 0; i < c->what % 8u; i++)
        nsp_mutate(room + frame, &n, e->size - frame + LONGER_MAX, &random);
    if (frame > 0) {
        room[0] = (uint8_t)(n >> 8);
        room[1] = (uint8_t)n;
    }
    free(m->bytes);
    m->bytes = exact_copy(room, (uint32_t)(n + frame));
    e->bytes = m->bytes;
    e->size = (uint32_t)(n + frame);
    free(room);
}

static net_err_t m_wait(net_t *net, int64_t deadline, net_event_t *e)
{
    meddler_t *m = (meddler_t *)net;
    net_t *world = netwrap_inner(net);
    for (;;) {
        net_err_t err = world->ops->wait(world, deadline, e);
        if (err != NET_OK || (e->kind != NET_EVENT_DATAGRAM && e->kind != NET_EVENT_BYTES))
            return err;
        const change_t *found = NULL;
        for (unsigned i = 0; i < m->count && found == NULL; i++)
            if (m->change[i].reply == m->replies)
                found = &m->change[i];
        m->replies++;
        if (found == NULL)
            return err;
        if (found->what != 0) {
            meddle(m, e, found);
            return err;
        }
    }
}

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static void check_result(const dkimcase_t *c)
{
    const dkim_result_t *r = &c->r;
    size_t matches = 0;
    need(r->chance >= 0 && r->chance <= 1 && r->expectation_count == c->e.count);
    need(r->outcome != ROUND_VERIFIED || r->chance == 1);
    for (size_t i = 0; i < r->address_count * r->expectation_count; i++) {
        need(r->cell[i].udp < MARK_COUNT && r->cell[i].tcp < MARK_COUNT);
        matches += r->cell[i].udp == MARK_MATCH;
    }
    need(r->outcome != ROUND_VERIFIED || matches > 0);
    for (size_t i = 0; i < r->findings.count; i++) {
        const finding_t *f = &r->findings.item[i];
        need(f->id < FINDING_COUNT && f->text != NULL && f->text[0] != '\0');
        for (unsigned k = 0; k < f->evidence_count; k++)
            need(f->evidence[k] >= 1 && f->evidence[k] <= c->set.count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nsp_reader_t r = nsp_reader(data, size);
    meddler_t m = {.count = 0};
    dkimcase_t c;
    dkimcase_init(&c, DC_RIGHT, "example.com.");
    uint8_t options = nsp_read_u8(&r);
    uint8_t interrupted = nsp_read_u8(&r);
    while (m.count < CHANGES && nsp_left(&r) >= 4) {
        change_t *one = &m.change[m.count++];
        one->reply = nsp_read_u8(&r);
        one->what = nsp_read_u8(&r);
        one->seed = nsp_read_u16(&r);
    }
    if (interrupted != 0)
        fakezone_interrupt_at(c.world, interrupted * 50 * MS);
    c.options.battery = (options & 1) != 0;
    c.options.follow = (options & 2) == 0;
    dkimcase_expect(&c, DC_A);
    dkimcase_expect(&c, (options & 4) != 0 ? DC_B : "b._domainkey.example.com. TXT \"v=DKIM1\"");
    netwrap_init(&m.wrap, fakezone_net(c.world));
    m.wrap.ops.wait = m_wait;
    net_err_t err = dkim_run(&m.wrap.net, &c.in, &c.e, &c.options, &c.set, &c.r);
    need(err == NET_OK || (err == NET_E_INTERRUPTED && interrupted != 0));
    check_result(&c);
    dkimcase_free(&c);
    free(m.bytes);
    return 0;
}
