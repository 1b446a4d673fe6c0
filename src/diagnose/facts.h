/* Facts: what each probe of each address of the zone came to, read once from the exchanges.
 * The rules (rules_*.c) look at nothing else but these, the model and the set. Internal to
 * diagnose/. */
#ifndef DIAGNOSE_FACTS_H
#define DIAGNOSE_FACTS_H

#include "diagnose/diagnose.h"
#include "diagnose/way.h"

/* What a reply to a question for the zone's apex is. */
typedef enum reply_class {
    CLASS_NONE,      /* no reply that could be read */
    CLASS_GOOD,      /* authoritative, with the records asked for */
    CLASS_NODATA,    /* authoritative, without such records */
    CLASS_TRUNCATED, /* TC, and without the records */
    CLASS_RCODE,     /* an error other than NXDOMAIN */
    CLASS_NXDOMAIN,
    CLASS_UPWARD, /* referral to the root or another zone above */
    CLASS_OTHER,  /* referral to the zone itself or elsewhere, or another zone's SOA */
    CLASS_NOT_AA  /* the records, or nothing, without authority */
} reply_class_t;

/* One exchange that is a probe of an address of the zone. */
typedef struct fact {
    const exchange_t *x;
    probe_kind_t kind;
    outcome_t o;
    uint16_t subject;
    bool query_opt; /* the question carried EDNS */
    /* the rest is for OUTCOME_ANSWERED */
    reply_class_t cls;
    uint16_t rcode;
    uint16_t flags;
    bool opt; /* the reply carries EDNS */
    uint16_t answers;
    bool negative_soa; /* SOA of the zone in the authority section */
    bool case_kept;
    bool has_serial;
    uint32_t serial;
    uint16_t data_count;  /* records of the type asked for, at the apex */
    uint64_t data_digest; /* of their set, whatever the order; without the serial for SOA */
    uint32_t data_ttl;
    bool faulty; /* the reply has a fault (o.fault), whether or not it could be used */
} fact_t;

/* How an address answers over one transport: the best that its exchanges came to. */
typedef enum reach {
    REACH_NONE, /* not asked, or nothing decided yet */
    REACH_NOT_SENT,
    REACH_SILENT,
    REACH_ICMP,
    REACH_CLOSED,
    REACH_RESET,
    REACH_REFUSED,
    REACH_MISMATCHED,
    REACH_MALFORMED,
    REACH_ANSWERED
} reach_t;

/* One address of the zone with all that was seen of it. */
typedef struct subject {
    const model_address_t *a;
    size_t first; /* its facts: diag_t.fact[first .. first + count) */
    size_t count;
    reach_t udp;
    reach_t tcp;
    bool pending;      /* some exchange is not finished: the run was ended */
    bool no_neighbour; /* this machine's own network has no host with that address */
    bool serves;       /* some SOA answer is as it should be */
    bool folded;       /* a finding that explains everything else has been made */
    bool edns_silent;  /* plain SOA is answered, and nothing with EDNS over UDP is */
    bool edns_dropped; /* silence on queries with EDNS is explained */
    bool edns_broken;  /* errors on queries with EDNS are explained */
    bool fragments;    /* that fragments are lost is told */
    bool flapping;     /* loses so much that silence of one kind proves nothing */
    bool has_serial;
    uint32_t serial;
    nsp_name_t primary;   /* MNAME of its SOA, as copy_primary read it; len 0: not read yet */
    bool no_keys;         /* no DNSKEY, though the parent has a DS or others have keys */
    bool keys_ahead;      /* other keys than the DS names, in a newer copy than those with these */
    bool ds_digest;       /* a DS has the tag of a key here, and not its digest; none fits one */
    bool keys_error;      /* asked for DNSKEY with DO it answers with an error; */
    uint16_t keys_rcode;  /* this one; */
    bool do_error;        /* and so it does whatever is asked with DO */
    way_t way;            /* to it, where it was looked at */
    bool signed_by_turns; /* machines with signed and unsigned copies answer here, which is told */
    bool no_signatures;   /* asked with DO, it never gave a signature, and there should be some */
} subject_t;

typedef struct diag {
    const model_t *m;
    const exchange_set_t *set;
    diagnose_options_t options;
    finding_list_t *list;
    size_t first; /* where its findings begin in the list */
    reply_t *scratch;
    uint8_t *octets; /* 65535, for canonical RDATA */
    fact_t *fact;
    size_t fact_count;
    size_t subject_count;
    subject_t subject[MODEL_ADDRESSES_MAX];
    bool lab; /* the parent's own addresses are special: a laboratory or an internal network */
} diag_t;

/* "ns2.example.net (192.0.2.2)" */
#define LABEL_MAX (NSP_NAME_TEXT_MAX + ADDR_TEXT_MAX + 8)

/* Fills d from its model and set. False when memory is out; facts_free in any case. */
bool facts_gather(diag_t *d);
void facts_free(diag_t *d);

/* The fact that tells most about a probe kind at an address (answered before silent), or NULL. */
const fact_t *subject_fact(const diag_t *d, const subject_t *s, probe_kind_t kind);
/* The i-th of the s->count facts of an address, from 0. */
const fact_t *subject_at(const diag_t *d, const subject_t *s, size_t i);
/* The reply of a fact, which has to have one, indexed in the scratch. */
const nsp_msg_t *fact_message(const diag_t *d, const fact_t *f);
/* True when the kernel could send, and something is known about the outcome. */
bool fact_decided(const fact_t *f);
/* True when a reply came that was understood, whatever it says. */
bool fact_answered(const fact_t *f);
/* True for a question with EDNS over UDP, the big ones aside. */
bool fact_is_edns(const fact_t *f);
/* True for an apex SOA question, over whatever transport and with whatever case. */
bool fact_is_soa(const fact_t *f);
bool fact_is_udp(const fact_t *f);
/* The best SOA fact of an address that serves the zone; NULL for any other address. */
const fact_t *subject_soa(const diag_t *d, const subject_t *s);

/* RFC 1982 3.2; a difference of exactly 2^31 is undefined and counts as not newer. */
static inline bool serial_newer(uint32_t a, uint32_t b)
{
    return a != b && (uint32_t)(a - b) < UINT32_C(0x80000000);
}

/* Text without the final dot of names; the root is "the root". They return buf. */
const char *name_label(const nsp_name_t *name, char buf[NSP_NAME_TEXT_MAX]);
const char *subject_label(const diag_t *d, const subject_t *s, char buf[LABEL_MAX]);
/* "1.24 s", "35 ms". Returns buf. */
const char *time_label(int64_t ns, char buf[32]);

/* A finding about an address, with its name and address set. NULL when memory is out, which the
 * list notes. */
finding_t *subject_finding(diag_t *d, const subject_t *s, finding_id_t id, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Digest of all records of a type with this owner in a section; *count of them, *ttl the lowest.
 * For SOA the serial is left out. octets: room for 65535, to work in. */
uint64_t rrset_digest(uint8_t *octets, const nsp_msg_t *m, nsp_section_t section,
                      const nsp_name_t *owner, uint16_t type, uint16_t *count, uint32_t *ttl);
/* True when an NS record with this owner and target is in the section. */
bool has_ns(const nsp_msg_t *m, nsp_section_t section, const nsp_name_t *owner,
            const nsp_name_t *target);

/* The rules, in the order in which they must run. */
bool rules_delegation(diag_t *d); /* false: nothing else can be said */
void rules_hosts(diag_t *d);
void rules_witness(diag_t *d); /* before rules_reach: what the interface saw decides */
void rules_reach(diag_t *d);
void rules_match(diag_t *d);
void rules_authority(diag_t *d);
/* For rules_silent: an answer of the zone's own, with authority, to a question for other records
 * than the SOA: the first of the facts that is one, or NULL. */
const fact_t *subject_answer_beside(diag_t *d, const subject_t *s);
void rules_silent(diag_t *d); /* before rules_quality_flapping: what goes by type is no chance */
void rules_edns(diag_t *d);
void rules_negative(diag_t *d);
/* For rules_agree: true when an address is told to differ about what exists. */
bool rules_negative_differ(diag_t *d, const subject_t *s);
void rules_quality_flapping(diag_t *d); /* before rules_edns: sets subject_t.flapping */
void rules_quality(diag_t *d);
void rules_versions(diag_t *d);
void rules_tcp(diag_t *d); /* after rules_versions and rules_edns */
void rules_serial(diag_t *d);
void rules_agree(diag_t *d);
void rules_copies(diag_t *d); /* after rules_agree: adds to what that tells of a copy */
void rules_host_copies(diag_t *d);
void rules_apex(diag_t *d);  /* after rules_copies, for the same reason */
void rules_below(diag_t *d); /* the same */
void rules_beside(diag_t *d);
void rules_ns(diag_t *d);
void rules_layout(diag_t *d);
void rules_content(diag_t *d); /* after rules_layout: a single server shares all addresses */
void rules_reverse(diag_t *d); /* what check --thorough asks of the reverse trees (RFC 1035 3.5) */
void rules_signed(diag_t *d);
void rules_forms(diag_t *d); /* after rules_edns: where EDNS as such fails, no form of it is told */

#endif
