/* The options of `nsprobe query`, read into one value a query. */
#ifndef CMD_QUERY_OPTIONS_H
#define CMD_QUERY_OPTIONS_H

#include "cmd/options.h"
#include "probe/engine.h"
#include "proto/nsproto.h"
#include "report/message_text.h"

#define QUERIES_MAX       64
#define QUERY_OPTION_DATA 512

/* One query as it was asked for. */
typedef struct query_spec {
    bool has_name;
    nsp_name_t name;
    bool has_type;
    uint16_t type;
    bool has_class;
    uint16_t qclass;
    const char *server; /* as typed, without '@'; NULL: the first of the system's resolvers */
    bool tcp;
    bool ignore_tc;
    bool keep_open;
    bool recurse;
    bool recurse_given;
    bool aa;
    bool ad;
    bool cd;
    bool z;
    uint8_t opcode;
    bool edns;
    uint8_t edns_version;
    uint16_t edns_flags;
    uint16_t bufsize;
    uint16_t option_count;
    nsp_edns_option_t option[16]; /* data in option_data */
    uint8_t option_data[16][QUERY_OPTION_DATA];
    bool mixed_case;
    uint8_t family; /* 4, 6 or 0 */
    addr_t source;  /* family 0: any */
    uint16_t port;
    schedule_t schedule;
    bool hex;
    bool short_answer;
    bool json;
    bool show_query;
    unsigned hidden;      /* MESSAGE_ bits: parts that are not shown */
    const char *send_hex; /* octets to send instead of a question */
    const char *pcap;
    bool raw;
} query_spec_t;

typedef struct query_list {
    size_t count;
    query_spec_t *item; /* owned */
} query_list_t;

extern const option_desc_t query_options[];
extern const file_desc_t query_files[];

/* Reads the command line into list. Returns 0, EXIT_USAGE after a message, or -1 when --help was
 * printed. Nothing is sent. The caller frees list->item. */
int query_parse(const command_desc_t *command, int argc, char **argv, query_list_t *list);

/* Reads hexadecimal text (blanks allowed) into at most cap octets. -1 when it is not. */
long query_hex(const char *text, uint8_t *out, size_t cap);

#endif
