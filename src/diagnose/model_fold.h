/* Inside of the model: what the fold knows while it runs. Not for other modules.
 *
 * The fold has three steps. model_index: every exchange by its question, every reply of interest
 * read once. model_learn: the replies in order of time teach zone cuts and addresses of hosts, each
 * only from a server that is known to serve a zone above. model_walk and model_zone: what that
 * means for the domain, and which questions are still open. */
#ifndef DIAGNOSE_MODEL_FOLD_H
#define DIAGNOSE_MODEL_FOLD_H

#include "diagnose/model.h"
#include "diagnose/outcome.h"

#define FOLD_HOSTS_MAX 2048
#define FOLD_CUTS_MAX  512
#define FOLD_NONE      UINT32_MAX
/* A server that is silent for so long gets another one asked beside it, nanoseconds. */
#define FOLD_PATIENCE INT64_C(400000000)
/* Records of a section that are looked at: more is nobody's honest referral. */
#define FOLD_RRS_MAX 512

/* What a reply says to the question, read once. */
typedef struct digest {
    bool usable; /* the message could be read to its end */
    bool aa;
    bool tc;
    bool match; /* the answer section holds the RRset that was asked for */
    bool cname; /* the answer section holds a CNAME at QNAME */
    bool has_soa;
    bool has_ns;
    uint16_t rcode;
    nsp_name_t soa; /* owner of the SOA in the authority (or answer) section */
    nsp_name_t ns;  /* owner, at or above QNAME, of the NS RRset in the authority section */
} digest_t;

/* One exchange in the index. */
typedef struct entry {
    const exchange_t *x;
    const event_t *reply;
    uint64_t hash;
    uint32_t next;   /* with the same hash slot */
    uint32_t digest; /* index, FOLD_NONE when there is no reply of interest */
    bool sent;
    bool rd;
    bool edns;
} entry_t;

typedef enum type_state {
    TYPE_UNKNOWN,
    TYPE_FOUND,
    TYPE_NODATA,
    TYPE_NXDOMAIN,
    TYPE_CNAME
} type_state_t;

/* How far the answer to something that is needed has come. */
typedef enum progress {
    PROGRESS_NONE, /* not looked at yet */
    PROGRESS_DONE,
    PROGRESS_PENDING,
    PROGRESS_FAILED,
    PROGRESS_LOOP
} progress_t;

enum { FAMILY_A, FAMILY_AAAA, FAMILIES };

/* A name server's name. */
typedef struct host {
    nsp_name_t name;
    uint32_t next; /* with the same hash slot */
    type_state_t known[FAMILIES];
    progress_t progress[FAMILIES];
    bool busy[FAMILIES]; /* being resolved: to meet it again is a loop */
    uint16_t addr_count;
    model_addr_t addr[MODEL_ADDRS_MAX];
} host_t;

/* A zone cut, with the servers that the zone above names. */
typedef struct cut {
    nsp_name_t zone;
    uint32_t next;
    uint32_t above; /* the cut whose servers told of it, or FOLD_NONE */
    bool locked;    /* given by the user: not to be amended */
    bool by_answer; /* no referral to it was seen: a server above it answered for it itself */
    bool busy;
    progress_t progress;
    uint16_t ns_count;
    uint32_t ns[MODEL_SERVERS_MAX];
    uint16_t direct_count; /* addresses without a name (start of the walk) */
    addr_t direct[MODEL_ADDRS_MAX];
} cut_t;

typedef struct addr_list {
    size_t count;
    addr_t item[MODEL_ADDRESSES_MAX];
} addr_list_t;

typedef struct fold {
    const model_input_t *in;
    int64_t now;
    model_t *out;
    model_wants_t *wants;
    bool pending; /* something that is wanted or on its way may still change the model */
    bool out_of_memory;
    uint64_t seed;
    uint32_t entry_count;
    entry_t *entry;
    uint32_t *slot; /* heads of chains of entries */
    uint32_t slot_mask;
    uint32_t digest_count;
    digest_t *digest;
    uint32_t *timeline; /* entries with a digest, by time of the reply */
    uint32_t host_count;
    uint32_t host_cap;
    host_t *host;
    uint32_t host_slot[1024];
    uint32_t cut_count;
    uint32_t cut_cap;
    cut_t *cut;
    uint32_t cut_slot[256];
    reply_t scratch;
} fold_t;

/* --- model_index.c --- */

/* Builds the index. False when memory is out. */
bool fold_index(fold_t *f);
/* First entry of this question to this server, and the next one; FOLD_NONE at the end. */
uint32_t fold_first(const fold_t *f, const addr_t *server, const nsp_name_t *qname, uint16_t qtype,
                    bool rd);
uint32_t fold_next(const fold_t *f, uint32_t i, bool rd);
/* The whole reply of an entry that has a digest, in f->scratch. */
const nsp_msg_t *fold_message(fold_t *f, uint32_t i);

/* --- model_reply.c --- */

/* What a reply means to someone who asked a server of zone. */
typedef enum reply_kind {
    REPLY_USELESS,
    REPLY_REFERRAL, /* to a zone strictly below */
    REPLY_ANSWER,
    REPLY_CNAME,
    REPLY_NODATA,
    REPLY_NXDOMAIN
} reply_kind_t;

/* Fills *d with what the walk needs of a reply to that question. */
void digest_read(digest_t *d, const nsp_msg_t *m, const nsp_name_t *qname, uint16_t qtype);
/* What it means to someone who asked a server of zone (RFC 1034 4.3.2, RFC 2308 2). */
reply_kind_t digest_kind(const digest_t *d, const nsp_name_t *qname, const nsp_name_t *zone);
/* The same for a recursive resolver's reply. */
reply_kind_t digest_kind_resolved(const digest_t *d);
/* The address in an A or AAAA record, with the name servers' port. */
bool fold_rr_addr(const fold_t *f, const nsp_msg_t *m, const nsp_rr_t *rr, addr_t *out);

/* --- model_table.c --- */

/* Index of the host with a name; FOLD_NONE when it is not known. */
uint32_t host_find(const fold_t *f, const nsp_name_t *name);
/* FOLD_NONE when there are too many, or memory is out. */
uint32_t host_get(fold_t *f, const nsp_name_t *name);
/* An address of host h, or a further source (from) of one that it has. Too many are counted in the
 * model. */
void host_add_addr(fold_t *f, uint32_t h, const addr_t *a, unsigned from);
/* What its zone says, HOST_UNKNOWN when that is not known. */
host_state_t host_state(const host_t *host);
/* True when the host has an address of a family in use. */
bool host_usable(const fold_t *f, uint32_t h);
/* True for an address of a family in use. */
bool fold_uses(const fold_t *f, const addr_t *a);
/* Index of the cut at a zone; FOLD_NONE when it is not known. */
uint32_t cut_find(const fold_t *f, const nsp_name_t *zone);
/* The same, a new one when it is not known; FOLD_NONE when there are too many, or memory is out. */
uint32_t cut_get(fold_t *f, const nsp_name_t *zone);
/* Host h is a server of cut c; no more than MODEL_SERVERS_MAX are kept. */
void cut_add_ns(fold_t *f, uint32_t c, uint32_t h);
/* Deepest known cut at or above name, or FOLD_NONE. */
uint32_t cut_above(const fold_t *f, const nsp_name_t *name);
/* The same, served by that address. */
uint32_t cut_above_served(const fold_t *f, const nsp_name_t *name, const addr_t *server);
/* Addresses to ask, IPv4 and IPv6 by turns; only families in use. */
void cut_addresses(const fold_t *f, uint32_t c, addr_list_t *out);
/* All of them, whatever the family. */
void cut_addresses_all(const fold_t *f, uint32_t c, addr_list_t *out);
/* False when the list is full; an address that is there is not added again. */
bool addr_list_add(addr_list_t *list, const addr_t *a);

/* --- model_learn.c --- */

/* Enters the user's start servers, then everything that the replies teach. */
void fold_learn(fold_t *f);

/* --- model_ask.c --- */

/* How one question to one address stands. */
typedef struct asked {
    enum { ASKED_NOT, ASKED_WAITING, ASKED_USELESS, ASKED_USEFUL } state;
    reply_kind_t kind;       /* of the useful reply */
    uint32_t entry;          /* with the useful reply, or FOLD_NONE */
    const exchange_t *first; /* over UDP: the one with the useful reply, else the first */
    bool tcp;                /* it was asked over TCP */
    bool fresh;              /* waiting for less than FOLD_PATIENCE */
    bool silent;             /* nothing came to a question with EDNS, and none without was asked */
} asked_t;

/* zone is the one that the server serves; NULL for a recursive resolver (RD set). Questions that
 * follow from the replies (TCP after TC, no EDNS after FORMERR) are wanted at once. */
asked_t fold_asked(fold_t *f, const addr_t *server, const nsp_name_t *qname, uint16_t qtype,
                   const nsp_name_t *zone);
/* Puts the question among those that are to be asked, each once; one that finds no room is wanted
 * again by the next fold. */
void fold_want(fold_t *f, const addr_t *server, transport_t transport, const nsp_name_t *qname,
               uint16_t qtype, bool rd, bool edns);
/* Wants the question unless it was asked. Returns how it stands. */
asked_t fold_ask(fold_t *f, const addr_t *server, const nsp_name_t *qname, uint16_t qtype,
                 const nsp_name_t *zone);
/* Asks the servers of a cut: two at a time until one answers, or all of them at once. */
progress_t fold_ask_cut(fold_t *f, uint32_t c, const nsp_name_t *qname, uint16_t qtype,
                        unsigned depth, bool all);
/* Asks the resolvers, one after the other, until one answers: then *got is how. */
progress_t fold_ask_resolvers(fold_t *f, const nsp_name_t *qname, uint16_t qtype, asked_t *got);
/* Goes on with one type of a host's addresses. */
progress_t fold_resolve(fold_t *f, uint32_t h, unsigned family, unsigned depth);

/* --- model_walk.c --- */

/* Where the walk ended. */
typedef struct walk {
    nsp_name_t zone; /* under test */
    bool found;
    bool referred;   /* a parent gives a referral to it (or the user did) */
    uint32_t parent; /* cut, or FOLD_NONE */
} walk_t;

/* Follows the referrals from the root, or the start servers, down to the zone of the domain; wants
 * what it lacks. */
void fold_walk(fold_t *f, walk_t *walk);

/* --- model_zone.c --- */

/* Parents, servers and addresses of the zone under test. */
void fold_zone(fold_t *f, const walk_t *walk);

/* --- model_parents.c --- */

/* Where the parent's servers do not agree, asks each for the SOA of its zone. */
void fold_parents(fold_t *f);

/* --- model_names.c --- */

/* Looks the hosts up that the zone's own records name. No part of the walk: nothing waits for it.
 */
void fold_names(fold_t *f);

/* --- model_reverse.c --- */

/* Looks the addresses of the zone's servers up in the reverse trees. The same. */
void fold_reverse(fold_t *f);

#endif
