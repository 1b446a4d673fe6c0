/* Options of every command that probes: where the walk begins, how addresses are reached, and how
 * long is waited. */
#ifndef CMD_PROBE_OPTIONS_H
#define CMD_PROBE_OPTIONS_H

#include "cmd/options.h"
#include "probe/check.h"
#include "probe/hints.h"

#define PROBE_START_MAX 512
#define PROBE_MAP_MAX   256

/* Numbers beyond those of any command's own options. */
enum {
    PO_HINTS = 1000,
    PO_FROM,
    PO_RESOLVER,
    PO_LAB,
    PO_PORT_BASE,
    PO_MAP,
    PO_PORT,
    PO_IPV4,
    PO_IPV6,
    PO_SOURCE,
    PO_TRIES,
    PO_TIMEOUT,
    PO_LATE,
    PO_RAW
};

/* Lines of a command's table of options. */
#define PROBE_OPTIONS_WALK                                                                          \
    {PO_HINTS, "hints", 0, NULL, "FILE", "root hints (zone text), not the built-in ones"},          \
        {PO_FROM, "from", 0, NULL, "ADDR[#PORT]", "begin at this server, taken for a root server"}, \
    {                                                                                               \
        PO_RESOLVER, "resolver", 0, NULL, NULL, "find the parent through the system's resolver"     \
    }
#define PROBE_OPTIONS_REACH                                                                        \
    {PO_LAB, "lab", 0, NULL, "SCENARIO", "use the addresses of a scenario being served"},          \
        {PO_PORT_BASE, "port-base", 0, NULL, "PORT", "with --lab: as serve was told (5300)"},      \
        {PO_MAP, "map", 0, NULL, "ADDR=ADDR[#PORT]", "reach one address at another; repeatable"},  \
        {PO_PORT, "port", 'p', NULL, "PORT", "port of every name server (53)"},                    \
        {PO_IPV4, "ipv4", '4', NULL, NULL, "use only IPv4"},                                       \
        {PO_IPV6, "ipv6", '6', NULL, NULL, "use only IPv6"},                                       \
        {PO_SOURCE, "source", 'b', NULL, "ADDR", "send from this address; once for each family"},  \
        {PO_TRIES, "tries", 0, NULL, "N", "how often to send over UDP (3)"},                       \
        {PO_TIMEOUT, "timeout", 'w', NULL, "S[,S...]", "wait for each try (1,2,4)"},               \
        {PO_LATE, "late", 0, NULL, "S", "wait for late replies after the last try (1)"},           \
    {                                                                                              \
        PO_RAW, "raw", 0, NULL, NULL, "own IP and UDP headers (needs CAP_NET_RAW)"                 \
    }

/* Lines of a command's table of files. */
#define PROBE_FILES READS_FILE(PO_HINTS), READS_FILE(PO_LAB)

typedef struct probe_options {
    const char *command; /* for messages */
    const char *hints;
    const char *lab;
    uint16_t lab_port; /* 0: serve's own */
    bool resolver;
    bool ipv4_only;
    bool ipv6_only;
    bool raw;
    bool waits; /* it goes on and on: the source's address may come later */
    uint16_t port;
    size_t from_count;
    given_ns_t from[PROBE_START_MAX];
    size_t root_count;
    given_ns_t root[HINTS_MAX];
    size_t map_count;
    net_map_entry_t map[PROBE_MAP_MAX];
    check_options_t check;
} probe_options_t;

/* The defaults. command is the name in messages, and stays the caller's. */
void probe_options_init(probe_options_t *o, const char *command);
/* Takes one option of the lines above. Returns 0, or EXIT_USAGE with the message printed. */
int probe_options_take(probe_options_t *o, int id, const char *value);
/* Looks for conflicts and loads what the options name. Returns 0 or EXIT_USAGE. */
int probe_options_finish(probe_options_t *o);
/* The input of a walk to domain; it points into o. */
void probe_options_input(const probe_options_t *o, const nsp_name_t *domain, model_input_t *in);
/* Opens the transport. Returns 0, or EXIT_UNTESTED with the message printed. The caller destroys
 * *out. */
int probe_options_open(const probe_options_t *o, net_t **out);

/* NAME or NAME=ADDR, the argument of option (for messages). The address's port is 53 when none is
 * written. Returns 0 or EXIT_USAGE. */
int probe_options_server(const char *command, const char *option, const char *text,
                         given_ns_t *out);

#endif
