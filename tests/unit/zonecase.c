#include "zonecase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diagnose/diagnose.h"
#include "fakezone.h"
#include "probe/check.h"

/* Addresses that the Internet has, so that nothing is taken for a laboratory. */
#define TOP                                                                                        \
    "root 198.41.0.4\n"                                                                            \
    "zone . {\n$TTL 3600\n"                                                                        \
    "@ SOA a.root. host. 1 2 3 4 5\n@ NS a.root.\na.root. A 198.41.0.4\n"                          \
    "test. NS ns.nic.test.\nns.nic.test. A 192.5.6.30\n%s}\n"
#define SECOND_NS      "test. NS ns2.nic.test.\nns2.nic.test. A 192.5.6.31\n"
#define PARENT         "zone test%s {\n$TTL 3600\n@ SOA ns.nic host.nic %u 2 3 4 5\n@ NS ns.nic\n%s%s%s}\n"
#define NIC            "ns.nic A 192.5.6.30\n"
#define SECOND_NIC     "@ NS ns2.nic\nns2.nic A 192.5.6.31\n"
#define TOP_ADDRESSES  "address 198.41.0.4 {\nserves .\n}\naddress 192.5.6.30 {\nserves test\n}\n"
#define SECOND_ADDRESS "address 192.5.6.31 {\nserves test@old\n}\n"

#define TOLD_MAX 65536

static void subject_text(const finding_t *f, char *buf, size_t cap)
{
    char server[NSP_NAME_TEXT_MAX] = "-";
    char addr[ADDR_TEXT_MAX] = "";
    if (f->has_server)
        nsp_name_to_text(&f->server, server, sizeof server);
    if (f->has_addr)
        addr_text(&f->addr, addr);
    snprintf(buf, cap, "%s [%s%s%s]", finding_desc(f->id)->id, server, f->has_addr ? " " : "",
             addr);
}

static void tell(const finding_list_t *list, char *told)
{
    char subject[NSP_NAME_TEXT_MAX + 128];
    size_t len = 0;
    for (size_t i = 0; i < list->count && len < TOLD_MAX - 1; i++) {
        const finding_t *f = &list->item[i];
        const finding_t *cause = finding_by_number(list, f->because_of);
        subject_text(f, subject, sizeof subject);
        len += (size_t)snprintf(told + len, TOLD_MAX - len, "%s %s", severity_name(f->severity),
                                subject);
        if (cause != NULL && len < TOLD_MAX - 1) {
            subject_text(cause, subject, sizeof subject);
            len += (size_t)snprintf(told + len, TOLD_MAX - len, " <- %s: %s", subject, f->because);
        }
        if (len < TOLD_MAX - 1)
            len += (size_t)snprintf(told + len, TOLD_MAX - len, "\n  %s\n  fix: %s\n", f->text,
                                    f->fix != NULL ? f->fix : finding_desc(f->id)->fix);
    }
}

static void run(const char *scenario, char *told)
{
    fakezone_t *world = fakezone_new(scenario);
    check_options_t o = check_options_default();
    given_ns_t root = {.has_addr = true};
    exchange_set_t set;
    finding_list_t list;
    model_t *m = calloc(1, sizeof *m);
    model_input_t in = {.kind = START_HINTS,
                        .start = &root,
                        .start_count = 1,
                        .port = 53,
                        .use_ipv4 = true,
                        .use_ipv6 = true,
                        .parents_max = 32,
                        .names = true};
    assert_non_null(m);
    assert_int_equal(nsp_name_from_text("a.root.", 7, NULL, &root.name, NULL), NSP_OK);
    assert_int_equal(nsp_name_from_text("zone.test.", 10, NULL, &in.domain, NULL), NSP_OK);
    assert_true(addr_from_text("198.41.0.4", 10, 53, &root.addr));
    exchange_set_init(&set, 0);
    finding_list_init(&list);
    assert_int_equal(check_run(fakezone_net(world), &in, &o, &set, m), NET_OK);
    assert_true(diagnose(m, &set, NULL, &list));
    tell(&list, told);
    finding_list_free(&list);
    exchange_set_free(&set);
    fakezone_free(world);
    free(m);
}

void zonecase_check(const zonecase_t *c)
{
    zonecase_check_two(c, NULL);
}

void zonecase_check_two(const zonecase_t *c, const char *parent2)
{
    char *told = calloc(1, TOLD_MAX);
    char *scenario = calloc(1, TOLD_MAX);
    bool good = true;
    assert_true(told != NULL && scenario != NULL);
    bool two = parent2 != NULL;
    int n = snprintf(scenario, TOLD_MAX, TOP PARENT, two ? SECOND_NS : "", "", 1u, NIC,
                     two ? SECOND_NIC : "", c->parent);
    if (two)
        n += snprintf(scenario + n, TOLD_MAX - (size_t)n, PARENT SECOND_ADDRESS, "@old", 0u, NIC,
                      SECOND_NIC, parent2);
    snprintf(scenario + n, TOLD_MAX - (size_t)n, TOP_ADDRESSES "%s", c->world);
    run(scenario, told);
    for (size_t i = 0; i < 8 && c->say[i] != NULL; i++)
        if (strstr(told, c->say[i]) == NULL) {
            print_error("%s: not told: %s\n", c->name, c->say[i]);
            good = false;
        }
    for (size_t i = 0; i < 6 && c->never[i] != NULL; i++)
        if (strstr(told, c->never[i]) != NULL) {
            print_error("%s: told: %s\n", c->name, c->never[i]);
            good = false;
        }
    if (!good)
        print_error("--- %s\n%s", c->name, told);
    free(told);
    free(scenario);
    assert_true(good);
}
