/* Inside of the diagnosis of traffic: servers, names and retained exchanges. Not for other modules.
 */
#ifndef DIAGNOSE_TRAFFIC_FOLD_H
#define DIAGNOSE_TRAFFIC_FOLD_H

#include "diagnose/recent.h"
#include "diagnose/traffic.h"
#include "proto/sound.h"

#define TRAFFIC_NONE UINT32_MAX
/* Exchanges retained for one server and cause. */
#define CAUSE_SAMPLES 3
/* Servers compared for one name and type: as many as the root has. At most 32. */
#define NAME_SERVERS 26

/* What an exchange can be evidence of. */
typedef enum cause {
    CAUSE_SILENT,
    CAUSE_TCP_SILENT, /* connections without SYN and ACK, or without an answer */
    CAUSE_ICMP,
    CAUSE_TCP_REFUSED,
    CAUSE_TCP_RESET,
    CAUSE_TCP_CLOSED,
    CAUSE_WRONG_SOURCE,
    CAUSE_WRONG_PORT,
    CAUSE_WRONG_ID,
    CAUSE_WRONG_QUESTION,
    CAUSE_NOT_RESPONSE,
    CAUSE_MALFORMED,
    CAUSE_REFUSED,
    CAUSE_SERVFAIL,
    CAUSE_RCODE,
    CAUSE_UPWARD,
    CAUSE_NOT_AA,
    CAUSE_LATE,
    CAUSE_RECOVERED,
    CAUSE_EDNS_REJECTED,
    CAUSE_EDNS_SILENT,
    CAUSE_EDNS_NO_OPT,
    CAUSE_FRAGMENTS,
    CAUSE_DAMAGED,
    CAUSE_TRUNCATED,
    CAUSE_TCP_TRUNCATED,
    CAUSES
} cause_t;

/* Larger answers do not fit a packet everywhere (RFC 9715 3). */
#define ROOM_SAFE 1232

/* Ways to ask. */
typedef enum kind {
    KIND_TCP,
    KIND_CUT,   /* over UDP, and the capture does not have all of it; all that follow are UDP */
    KIND_PLAIN, /* without EDNS */
    KIND_EDNS,
    KIND_BIG, /* with room for more than 1232 octets */
    KINDS
} kind_t;

/* Questions of one type, and how many of them there were lately: all but a multiple of 65536, which
 * stands in traffic_server_t. */
typedef struct type_tally {
    uint16_t type;
    uint16_t count;
} type_tally_t;

/* Silence about one type, class IN. */
typedef struct type_fact {
    uint32_t silent;       /* attempts over UDP */
    uint32_t silent_flows; /* questions that they belong to */
    uint32_t tcp_mute;     /* questions over TCP, on open connections, that nothing came of */
    uint32_t sample;       /* exchange that shows the silence; 0: none */
} type_fact_t;

/* Ways in which replies do not match, each in its own bit: flows that had such a reply. */
enum { STRANGE_KINDS = 6 };

/* What servers of one name disagree about, noted for one of them. */
typedef struct differ_fact {
    uint32_t count; /* names */
    uint32_t name;  /* the first of them */
    uint16_t self;  /* its place there, and that of the server that it is compared with */
    uint16_t other;
} differ_fact_t;

/* Answers that are known to be large and never came over UDP. */
typedef struct big_fact {
    uint32_t attempts;
    uint32_t flows;
    uint32_t names;
    uint32_t name; /* the first */
    uint16_t self; /* its place there */
} big_fact_t;

/* A server address with what only the fold needs. All that an ordinary flow touches stands in five
 * lines of the processor's cache, beside the bucket of its time: what else is told of it in s
 * follows from these (traffic.c, unfold). */
typedef struct entry {
    _Alignas(64) uint32_t hash;
    uint32_t next; /* in its hash chain */
    addr_t addr;
    int64_t first; /* as in traffic_server_t */
    int64_t last;
    uint64_t octets_asked;
    uint64_t octets_answered;
    uint64_t answered[KINDS]; /* flows */
    uint64_t noerror;         /* rcodes of ordinary replies */
    uint64_t nxdomain;
    uint64_t negative;
    uint64_t with_opt; /* good answers to EDNS */
    uint64_t without_opt;
    uint64_t served;        /* authoritative answers */
    uint64_t authoritative; /* answers that lame ones are a share of */
    uint32_t largest_udp;   /* octets of the largest whole answer over UDP */
    /* ordinary questions of each type, a bit for each: some were answered over UDP, or TCP, or had
     * room for more than 1232 octets */
    uint32_t types_udp;
    uint32_t types_tcp;
    uint32_t types_room;
    uint32_t types_cut;    /* the same of questions that were answered with TC */
    uint32_t sampled;      /* causes that enough exchanges are retained of, a bit for each */
    bool touched;          /* since the hand passed by that looks for who makes room */
    bool options_answered; /* a question over UDP with an EDNS option was, and not rejected */
    uint8_t type_count;
    type_tally_t tally[TRAFFIC_TYPES_MAX];
    traffic_server_t s;
    type_fact_t type[TRAFFIC_TYPES_MAX]; /* as in tally */
    uint64_t unheard[KINDS];             /* flows that were not answered */
    uint64_t udp_attempts;               /* packets that asked; after unfolding */
    uint64_t udp_again;                  /* of these, packets that asked again */
    uint64_t udp_alone;           /* questions that nothing came of, and that were asked once */
    uint64_t udp_attempts_lost;   /* nothing came, though it was time */
    uint64_t udp_attempts_silent; /* of these, packets of flows that nothing at all came of */
    uint64_t edns_attempts_silent;
    uint64_t option_attempts_silent; /* of these, with an EDNS option */
    uint64_t options_rejected;       /* replies that reject EDNS, to questions with an option */
    uint32_t types_option_silent;    /* types of such questions that nothing came of, bits */
    uint32_t types_safe_silent;      /* the same of questions with room for 1232 octets at most */
    uint16_t option;                 /* the first option of the last one */
    uint64_t tcp_attempts_silent;    /* SYN without an answer */
    uint64_t tcp_mute;               /* questions on open connections that nothing came of */
    uint64_t tcp_partial;            /* questions of whose answer only the beginning came */
    uint64_t tcp_cut;                /* answers over TCP with TC */
    uint64_t udp_icmp; /* questions that ended with an ICMP error that says: not here */
    uint64_t tcp_icmp;
    uint64_t strange[STRANGE_KINDS]; /* flows, in the order of count_mismatch */
    uint64_t unheeded;       /* answers in fragments, whole, after which the client asked again */
    uint64_t wrong_sums;     /* answers with a wrong checksum that may be offloaded */
    uint64_t never_sums;     /* of these, wrong in the way of all that the server sends */
    uint64_t wrong_unheeded; /* the same as unheeded, of these */
    uint64_t wrong_faults;   /* of these, with a checksum that is just wrong, malformed ones */
    uint64_t wrong_strange;  /* replies with such a checksum that do not match their question */
    differ_fact_t serial;
    differ_fact_t data;
    big_fact_t big;
    big_fact_t size; /* lost though small: the offered size itself is what is dropped */
    uint8_t sample_count[CAUSES];
    uint32_t sample[CAUSES][CAUSE_SAMPLES];
} entry_t;

_Static_assert(offsetof(entry_t, s.latency.few) <= 320, "five lines");

/* What one server said about a name and type: a line of the processor's cache. */
typedef struct name_server {
    _Alignas(64) addr_t addr;
    bool has_data;   /* serial and digest are there */
    bool changing;   /* not always the same data */
    uint16_t room;   /* the most that was offered and answered over UDP in whole; 0: none */
    uint32_t serial; /* SOA */
    uint64_t key;    /* of the answer section that they were read from */
    uint64_t digest;
    int64_t first; /* when these data were seen first and last */
    int64_t last;
} name_server_t;

_Static_assert(sizeof(name_server_t) == 64, "a line");

/* What else there is about one server, seldom touched. */
typedef struct name_more {
    uint32_t sample;   /* exchange that proves the data; 0: none yet */
    uint16_t cut_room; /* the most that was offered and answered with TC */
    /* attempts that got nothing */
    uint16_t lost_room; /* the least that was offered in vain */
    uint16_t lost;
    uint16_t lost_flows;
    uint32_t lost_sample; /* exchange that proves the silence; 0: none yet */
} name_more_t;

/* One name and type; in the order in which it is looked at. */
typedef struct name_entry {
    uint64_t hash;
    uint32_t next;
    uint32_t size;   /* octets of the largest whole answer; 0: none was seen */
    uint32_t sample; /* exchange that shows it, or else that it was cut; 0: none */
    uint16_t cut;    /* the most room with which it came with TC */
    uint16_t type;
    uint16_t server_count;
    bool touched;
    uint8_t tag[NAME_SERVERS]; /* a part of each server's hash */
    nsp_name_t name;           /* in lower case */
    name_more_t more[NAME_SERVERS];
    name_server_t server[NAME_SERVERS];
} name_entry_t;

/* What answer sections came to that were read lately: servers say the same again and again. */
#define MEMOS 2048
typedef struct memo {
    uint64_t key; /* over question and answer section; 0: free */
    uint64_t digest;
    uint32_t serial;
    bool data; /* there was some */
} memo_t;

/* Who got nothing from servers of one family. */
typedef struct unheard {
    addr_t client; /* the first; family 0: none yet */
    bool many;     /* others are not of its network */
    bool heard;    /* something came from a server that had to make room since */
} unheard_t;

struct traffic {
    traffic_options_t o;
    unheard_t unheard[2]; /* of IPv4, of IPv6 */
    int64_t base;         /* of the samples' clock */
    bool began;
    bool one_way; /* after finish */
    entry_t *entry;
    uint32_t *slot;
    uint32_t slot_mask;
    uint32_t used;
    uint32_t hand;
    traffic_server_t total;
    uint64_t servers_dropped;
    name_entry_t *name;
    uint32_t *name_slot;
    uint32_t name_mask;
    uint32_t name_used;
    uint32_t name_hand;
    uint64_t names_dropped;
    memo_t *memo;    /* MEMOS */
    recent_t failed; /* questions with EDNS that failed */
    recent_t whole;  /* questions whose answers came in fragments, all of them */
    recent_t plain;  /* questions without EDNS, for those that turn out to be silent */
    uint32_t *order; /* entries by trouble; after finish */
    size_t big_count;
    uint16_t big_type[TRAFFIC_TYPES_MAX]; /* types with answers of more than 1232 octets */
    exchange_set_t samples;
    uint32_t name_samples; /* kept for names; they may take half of the room */
    size_t memory;
    uint64_t samples_dropped;
    uint8_t *octets;      /* 65535, for canonical RDATA */
    nsp_name_t name_read; /* a QNAME that is compressed */
    nsp_sound_names_t names;
    reply_t scratch;
};

/* The reply, as far as most of what is counted needs it. */
typedef struct seen_reply {
    uint16_t flags;
    uint16_t rcode;
    uint16_t answers; /* records, as the header claims */
    bool there;       /* it was read: all of the others are set */
    bool complete;    /* could be read to its end */
    bool whole;       /* the same, and it was not cut by the capture */
    bool opt;
    bool sound;            /* nothing is wrong with it, and it has no index yet */
    uint32_t answer_end;   /* of a whole one: offset after the answer section */
    nsp_err_t fault;       /* NSP_OK for none that counts */
    uint32_t fault_offset; /* in the message */
    nsp_sound_t seen;      /* of a sound one */
} seen_reply_t;

/* What a flow is, read once. */
typedef struct seen {
    const flow_t *flow;
    entry_t *e;
    const uint8_t *qname; /* uncompressed, case as it was sent */
    uint32_t qname_octets;
    uint16_t qtype;
    uint16_t qclass;
    kind_t kind;
    bool compared;      /* the reply has data that are compared, and these are set: */
    uint64_t name_hash; /* of QNAME and QTYPE */
    uint64_t data_key;  /* of the answer section */
    uint16_t room;      /* UDP payload size offered; 512 without EDNS */
    uint16_t option;    /* code of the first EDNS option; 0: none */
    uint8_t version;    /* of EDNS */
    bool udp;
    bool rd;
    bool edns;
    bool asks_nothing; /* a whole query without a question (RFC 7873 5.4) */
    bool has_name;     /* qname, qtype and qclass are there */
    bool cut;          /* the capture does not have all of the question */
    bool plain;        /* an ordinary question: opcode 0, class IN, for data */
    bool silent;       /* nothing at all came, though it was time */
    uint32_t sampled;  /* exchange made of it; 0: none yet */
    unsigned
        type; /* place of qtype in the entry; TRAFFIC_TYPES_MAX: none, or no ordinary question */
    nsp_err_t query_fault; /* NSP_OK for none */
    uint32_t query_fault_offset;
    seen_reply_t reply;
} seen_t;

/* --- traffic_read.c: looks at the octets, and counts nothing --- */

/* Reads the question, what it says of EDNS, and whether it is malformed. */
void traffic_read_query(traffic_t *t, seen_t *k);
/* Reads the reply of the flow, which has one. */
void traffic_read_reply(traffic_t *t, seen_t *k);
/* The reply with its index. */
const nsp_msg_t *traffic_index(traffic_t *t, seen_t *k);
/* Offset of the owner of the first NS in the authority section of a whole reply; 0: none. */
uint32_t traffic_referral(traffic_t *t, const seen_t *k);
/* The question is without fault, and not signed: an error in return is not about its form or its
 * key. */
bool traffic_is_sound(const seen_t *k);
/* A copy of QNAME. */
void traffic_qname(const seen_t *k, nsp_name_t *out);

/* --- traffic.c --- */

/* Has the memory of the flow's server fetched; its hash, for traffic_server_of. */
uint32_t traffic_fetch(const traffic_t *t, const flow_t *flow);
/* The server's entry, a new one when there is none. */
entry_t *traffic_server_of(traffic_t *t, const flow_t *flow, uint32_t hash);
/* NULL when the server is not (or no longer) known. */
entry_t *traffic_entry(traffic_t *t, const addr_t *addr);
/* Counts e->count errors of the kind that *e is. */
void traffic_count_icmp(traffic_server_t *s, const traffic_icmp_t *e);

/* Retains the flow as evidence. */
void traffic_sample_more(traffic_t *t, seen_t *k, cause_t cause);
/* The same, unless there is enough. */
static inline void traffic_sample(traffic_t *t, seen_t *k, cause_t cause)
{
    if ((k->e->sampled >> cause & 1) == 0)
        traffic_sample_more(t, k, cause);
}
/* An exchange of the flow in the samples; 0 when there is no room. */
uint32_t traffic_keep(traffic_t *t, seen_t *k);

/* The memory of names; false when it is out. names_free frees what there is in any case. */
bool names_new(traffic_t *t);
void names_free(traffic_t *t);
/* Whether the reply has data that are compared; the memory for them is fetched. */
void names_prepare(const traffic_t *t, seen_t *k);
/* What the flow says about its name and type. */
void names_feed(traffic_t *t, seen_t *k);
/* True when this question without EDNS follows one with EDNS that failed. Remembers it, in case
 * that it turns out later. */
bool names_is_fallback(traffic_t *t, const seen_t *k);
/* True when the same was answered before, in fragments that were captured whole, and the client
 * asks again all the same. */
bool names_is_unheeded(traffic_t *t, const seen_t *k);
/* True when it was asked again without EDNS since. */
bool names_failed_edns(traffic_t *t, const seen_t *k);

/* True when some server gave an answer of that type that was larger than 1232 octets. */
bool traffic_is_big(const traffic_t *t, uint16_t type);

/* Findings about each server. */
void traffic_rules(traffic_t *t, const traffic_end_t *end, finding_list_t *list);
/* Before traffic_rules: what names say about each server, gathered in its entry. */
void traffic_gather_names(traffic_t *t);
void traffic_rules_names(traffic_t *t, const entry_t *e, finding_list_t *list);
/* --- traffic_rules_nobody.c --- */

/* True when anything at all came from a server with these counts, or from the way to it. */
bool traffic_counts_heard(const traffic_counts_t *n);
/* Of a flow of which nothing came: who asked. */
void traffic_note_unheard(traffic_t *t, const flow_t *flow);
/* Of a server, unfolded, that makes room for another. */
void traffic_note_evicted(traffic_t *t, const entry_t *e);

/* True when so much of what came from the server was changed on its way, or in the capture, that
 * nothing of it is the server's for certain. */
bool traffic_is_damaged(const entry_t *e);

/* A finding about an address. NULL when memory is out, which the list notes. */
finding_t *traffic_finding(finding_list_t *list, const addr_t *addr, finding_id_t id,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Adds the retained exchanges of that cause. f may be NULL. */
void traffic_evidence(const traffic_t *t, finding_t *f, const entry_t *e, cause_t cause);

#endif
