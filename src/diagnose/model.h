/* The delegation as the exchanges show it: a pure fold over an exchange set.
 *
 * The walk (probe/) asks it what is still unknown, diagnosis asks it what is wrong, the report
 * asks it for the table. It never sends anything and never trusts out-of-bailiwick glue.
 */
#ifndef DIAGNOSE_MODEL_H
#define DIAGNOSE_MODEL_H

#include "exchange/exchange.h"
#include "proto/nsproto.h"

#define MODEL_SERVERS_MAX   64  /* NS names of one zone */
#define MODEL_ADDRS_MAX     32  /* addresses of one NS name */
#define MODEL_ADDRESSES_MAX 128 /* addresses of one zone */
#define MODEL_DEPTH_MAX     16  /* NS names that need NS names that need ... */

/* What the user gave on the command line: the only facts that are not in packets. */
typedef struct given_ns {
    nsp_name_t name;
    bool has_addr;
    addr_t addr;
} given_ns_t;

typedef enum start_kind {
    START_HINTS,      /* start holds root servers */
    START_FROM,       /* start holds servers to begin at, taken for root servers */
    START_RESOLVER,   /* start holds recursive resolvers */
    START_GIVEN,      /* --ns: start is the zone's own set; there is no parent */
    START_UNDELEGATED /* start is the delegation to be published; out-of-zone names are resolved
                         from roots */
} start_kind_t;

typedef struct model_input {
    nsp_name_t domain;
    start_kind_t kind;
    const given_ns_t *start;
    size_t start_count;
    const given_ns_t *roots; /* for START_UNDELEGATED and START_GIVEN: where to resolve from */
    size_t roots_count;
    /* domain is any name: the zone that holds it is wanted, whether or not the name exists */
    bool holder;
    /* the zone that start is the set of, for START_GIVEN and START_UNDELEGATED; len 0: domain */
    nsp_name_t given;
    uint16_t port; /* of every name server; 53 */
    bool use_ipv4;
    bool use_ipv6;
    unsigned parents_max; /* addresses of the parent that are asked: 32 */
    bool names;           /* hosts that the zone's SOA and MX name are looked up, too */
    bool reverse;         /* so are the names of the servers' addresses in the reverse trees */
    bool ds;              /* each of them that delegates the zone is asked for its DS, too, and one
                             for the keys of the parent */
    const exchange_set_t *set;
} model_input_t;

/* What is known about a name server's name. Its own zone's word counts: a server can have addresses
 * (glue) and be NODATA, NXDOMAIN or CNAME all the same. */
typedef enum host_state {
    HOST_UNKNOWN, /* not asked yet, or still waiting */
    HOST_FOUND,   /* at least one address, if only by glue */
    HOST_NODATA,  /* exists, but has neither A nor AAAA */
    HOST_NXDOMAIN,
    HOST_CNAME,  /* is an alias (RFC 2181 10.3) */
    HOST_FAILED, /* its servers did not answer usefully */
    HOST_LOOP    /* needs itself to be resolved */
} host_state_t;

/* Where an address of a server was learnt: bits. */
#define FROM_GLUE      1u /* additional section of a parent's referral, in bailiwick */
#define FROM_ZONE      2u /* authoritative answer of the zone's own servers */
#define FROM_ELSEWHERE 4u /* authoritative answer of the zone that holds the NS name */
#define FROM_USER      8u
#define FROM_RESOLVER  16u

typedef struct model_addr {
    addr_t addr;
    unsigned from; /* FROM_ bits */
} model_addr_t;

/* One NS name of the zone under test. */
typedef struct model_server {
    nsp_name_t name;
    bool in_parent; /* in a parent's referral (or given) */
    bool in_child;  /* in an authoritative NS answer of the zone's own servers */
    bool in_zone;   /* the name lies in the zone under test: the parent must give glue */
    host_state_t state;
    uint16_t addr_count;
    model_addr_t addr[MODEL_ADDRS_MAX];
} model_server_t;

#define MODEL_NAMED_MAX 12

/* A host that the zone's SOA (MNAME) or MX records name. */
typedef struct model_named {
    nsp_name_t name;
    bool by_soa;
    bool by_mx;
    host_state_t state; /* HOST_UNKNOWN too where nobody answered usefully */
} model_named_t;

/* One address of the parent zone. */
typedef struct model_parent {
    addr_t addr;
    const exchange_t *asked; /* DOMAIN NS over UDP, or NULL when not asked (yet) */
    bool referral;           /* it gave a referral to the zone */
    bool answered_aa;        /* it serves the zone itself and answered with authority */
    bool nxdomain;           /* it says that the domain does not exist */
    const exchange_t *ds;    /* DOMAIN DS, the one with the answer if any; NULL: not asked */
    const exchange_t *soa;   /* with the SOA of the parent zone, asked where its servers do not
                                agree about DOMAIN; NULL: not known */
} model_parent_t;

/* What the reverse tree says about an address. */
typedef enum reverse_state {
    REVERSE_UNKNOWN, /* not asked, or nobody who should know answered usefully */
    REVERSE_NONE,
    REVERSE_SERVER, /* a name that it has there is that of one of its servers */
    REVERSE_OTHER
} reverse_state_t;

/* One address of the zone under test: the unit that is probed. Servers that share an address
 * share this. */
typedef struct model_address {
    addr_t addr;
    unsigned from; /* union over its servers */
    uint16_t server_count;
    uint16_t server[8]; /* indexes into model_t.server */
    reverse_state_t reverse;
    const exchange_t *reversed; /* the last one on the way to that, or NULL */
} model_address_t;

typedef struct model {
    nsp_name_t domain;  /* as asked for */
    nsp_name_t zone;    /* apex of the zone that holds it: the zone under test */
    bool zone_found;    /* false while, or because, no delegation to it was found */
    nsp_name_t parent;  /* zone that delegates it, or the deepest above it that was reached */
    bool parent_known;  /* false for START_GIVEN. For START_UNDELEGATED the zone one label up, with
                           no addresses */
    bool nxdomain;      /* the parent says that it does not exist */
    bool no_delegation; /* the parent answers for it itself: not a zone of its own */
    bool finished;      /* nothing more is to be asked for the delegation */
    uint16_t parent_count;
    model_parent_t parent_addr[MODEL_ADDRESSES_MAX];
    const exchange_t *parent_keys; /* DNSKEY of the parent, with its answer; NULL: not known */
    uint16_t server_count;
    model_server_t server[MODEL_SERVERS_MAX];
    uint16_t address_count;
    model_address_t address[MODEL_ADDRESSES_MAX];
    uint16_t named_count;
    model_named_t named[MODEL_NAMED_MAX]; /* in canonical order of their names */
    unsigned dropped;                     /* servers or addresses beyond the limits */
} model_t;

/* A question that is not answered yet and whose answer would complete the model. */
typedef struct wanted {
    addr_t server;
    transport_t transport;
    nsp_name_t qname;
    uint16_t qtype;
    bool rd;   /* to a resolver */
    bool edns; /* with an OPT of version 0 and a size of 1232 */
} wanted_t;

#define MODEL_WANTED_MAX 256

typedef struct model_wants {
    size_t count;
    wanted_t item[MODEL_WANTED_MAX];
    int64_t again_at; /* look again then (nanoseconds of the set's clock), INT64_MAX for never */
} model_wants_t;

/* Folds the set into *out (large: allocate it). wants may be NULL (replay). now is the time on the
 * set's clock: an intermediate server that is silent gets a second one asked beside it after
 * 0.4 s; the servers of the direct parent are all asked at once. Every question is asked of an
 * address at most once, so the walk ends. False when memory is out. */
bool model_build(const model_input_t *in, int64_t now, model_t *out, model_wants_t *wants);
/* The zone whose servers the user gave, or NULL when there is a walk from above. */
const nsp_name_t *model_given_zone(const model_input_t *in);

/* True when the address is one of the server with this index. */
bool model_address_serves(const model_address_t *a, uint16_t server);
/* The server's names in order, comma-separated, cut to cap. For reports. */
const char *model_address_names(const model_t *m, const model_address_t *a, char *buf, size_t cap);

#endif
