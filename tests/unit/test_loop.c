/* The loop's gate: politeness across runs, over a simulated Internet whose clock moves by itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fakezone.h"
#include "probe/loop.h"

#define MS        INT64_C(1000000)
#define QUESTIONS 20

static const char world[] = "root 192.0.2.1\n"
                            "zone . {\n@ 60 SOA a. h. 1 1 1 1 60\n@ 60 NS a.\n}\n"
                            "address 192.0.2.1 {\nserves .\n}\n"
                            "address 192.0.2.2 {\nserves .\n}\n"
                            "address 192.0.2.3 {\nserves .\nbehave drop\n}\n";

/* What the gate does for one address, and what it saw. */
typedef struct side {
    addr_t addr;
    unsigned at_once; /* 0: any number */
    int64_t gap;      /* between questions */
    int64_t closed;   /* so long after the beginning */
    int64_t next;
    unsigned outstanding;
    unsigned most;
    unsigned taken;
    unsigned given;
    unsigned attempts;
    int64_t last; /* when the last was over */
} side_t;

typedef struct job {
    side_t side[2];
    bool asked;
    unsigned held; /* times that a question was held back */
    int64_t began; /* the clock when the gate was first asked */
} job_t;

static side_t *side_of(job_t *j, const addr_t *a)
{
    side_t *s = addr_equal(&j->side[0].addr, a) ? &j->side[0] : &j->side[1];
    assert_true(addr_equal(&s->addr, a));
    return s;
}

static int64_t take(void *user, const addr_t *server, int64_t now, int64_t turn[2])
{
    job_t *j = user;
    side_t *s = side_of(j, server);
    int64_t again = 0;
    if (j->began == 0)
        j->began = now;
    if (turn[0] == 0) { /* its place in the queue, kept by the loop */
        turn[0] = s->next > now ? s->next : now;
        turn[1] = 7;
        s->next = turn[0] + s->gap;
    }
    assert_int_equal(turn[1], 7);
    if (j->began + s->closed > now)
        again = j->began + s->closed;
    else if (turn[0] > now)
        again = turn[0];
    else if (s->at_once > 0 && s->outstanding >= s->at_once)
        again = now + MS;
    j->held += again != 0;
    if (again != 0)
        return again;
    s->taken++;
    s->outstanding++;
    s->most = s->outstanding > s->most ? s->outstanding : s->most;
    return 0;
}

static void give(void *user, const exchange_t *x, int64_t now)
{
    job_t *j = user;
    side_t *s = side_of(j, &x->server);
    assert_true(s->outstanding > 0);
    s->outstanding--;
    s->given++;
    s->attempts += exchange_attempts(x);
    s->last = now - j->began;
}

static net_err_t look(void *user, loop_t *l, int64_t now, int64_t *again_at)
{
    job_t *j = user;
    (void)now;
    (void)again_at;
    for (unsigned i = 0; i < 2 * QUESTIONS && !j->asked; i++) {
        uint8_t wire[100];
        char text[20];
        nsp_name_t name;
        size_t size = 0;
        snprintf(text, sizeof text, "n%u.", i / 2);
        assert_int_equal(nsp_name_from_text(text, strlen(text), NULL, &name, NULL), NSP_OK);
        assert_int_equal(
            nsp_build_query(wire, sizeof wire, 0, 0, &name, NSP_TYPE_A, NSP_CLASS_IN, NULL, &size),
            NSP_OK);
        assert_true(loop_ask(l, &j->side[i % 2].addr, TRANSPORT_UDP, wire, size, 1000));
    }
    j->asked = true;
    return NET_OK;
}

/* All questions to both addresses; returns the time that it took. */
static int64_t run(job_t *j, const char *second)
{
    fakezone_t *z = fakezone_new(world);
    exchange_set_t set;
    loop_gate_t gate = {.user = j, .take = take, .give = give};
    loop_options_t o = {
        .gate = &gate, .schedule = schedule_default(), .exchanges_max = 1000, .per_address = 16};
    loop_plan_t plan = {.user = j, .look = look};
    assert_true(addr_from_text("192.0.2.1", 9, 53, &j->side[0].addr));
    assert_true(addr_from_text(second, strlen(second), 53, &j->side[1].addr));
    exchange_set_init(&set, 0);
    assert_int_equal(loop_run(fakezone_net(z), &set, &o, &plan, NULL), NET_OK);
    int64_t took = fakezone_elapsed(z);
    assert_int_equal(set.count, 2 * QUESTIONS);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(j->side[i].taken, QUESTIONS);
        assert_int_equal(j->side[i].given, QUESTIONS);
        assert_int_equal(j->side[i].outstanding, 0);
    }
    exchange_set_free(&set);
    fakezone_free(z);
    return took;
}

static void open_gate(void **state)
{
    job_t j = {0};
    (void)state;
    assert_true(run(&j, "192.0.2.2") < 100 * MS);
    assert_int_equal(j.held, 0);
    assert_true(j.side[0].most > 1 && j.side[0].most <= 16);
}

static void one_at_once(void **state)
{
    job_t j = {.side = {{.at_once = 1}, {.at_once = 3}}};
    (void)state;
    (void)run(&j, "192.0.2.2");
    assert_int_equal(j.side[0].most, 1);
    assert_int_equal(j.side[1].most, 3);
    assert_true(j.held > 0);
}

/* A rate is kept though nothing but time lets the next question go, and the other address, which
 * is free, does not wait for it. */
static void rate(void **state)
{
    job_t j = {.side = {{.gap = 500 * MS}, {.gap = 0}}};
    (void)state;
    assert_true(run(&j, "192.0.2.2") >= (QUESTIONS - 1) * 500 * MS);
    assert_true(j.side[0].last - j.side[1].last >= (QUESTIONS - 2) * 500 * MS);
}

/* An address that may not be asked for a while holds up no other. */
static void closed(void **state)
{
    job_t j = {.side = {{.closed = 60000 * MS}, {.gap = 0}}};
    (void)state;
    (void)run(&j, "192.0.2.2");
    assert_true(j.side[0].last >= 60000 * MS);
    assert_true(j.side[1].last < 1000 * MS);
}

/* Of an address that does not answer the gate hears too, with the attempts that were made. */
static void silence(void **state)
{
    job_t j = {.side = {{.gap = 0}, {.at_once = 4}}};
    (void)state;
    (void)run(&j, "192.0.2.3");
    assert_int_equal(j.side[0].attempts, QUESTIONS);
    assert_int_equal(j.side[1].attempts, 3 * QUESTIONS);
    assert_true(j.side[0].last < 1000 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(open_gate), cmocka_unit_test(one_at_once),
                                       cmocka_unit_test(rate), cmocka_unit_test(closed),
                                       cmocka_unit_test(silence)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
