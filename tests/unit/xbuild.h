/* Exchange sets and models made by hand, for tests of diagnosis.
 *
 * The zone example.net has ns1 and ns2, each with an IPv4 and an IPv6 address; the parent net has
 * two servers. A lab starts as a healthy plan; a fixture changes what is to be different; then
 * xlab_build makes the exchanges and the model. */
#ifndef TESTS_XBUILD_H
#define TESTS_XBUILD_H

#include "diagnose/diagnose.h"

#define X_MS   INT64_C(1000000)
#define X_SEC  INT64_C(1000000000)
#define X_ADDR 8 /* addresses of the zone: 4 in the healthy plan */

/* The questions of the battery, in its order. */
typedef enum xquery {
    XQ_SOA,
    XQ_EDNS,
    XQ_TCP,
    XQ_NS,
    XQ_NS_TCP,
    XQ_DNSKEY,
    XQ_TXT,
    XQ_DNSKEY_TCP,
    XQ_TXT_TCP,
    XQ_CASE,
    XQ_NX,
    XQ_NODATA,
    XQ_COUNT
} xquery_t;

typedef enum xact {
    XA_ANSWER,
    XA_SILENT,
    XA_MISMATCH, /* the answer, with .mismatch */
    XA_ICMP,
    XA_REFUSED,
    XA_RESET,
    XA_CLOSED,
    XA_OPEN_SILENT, /* TCP: the connection is made, and nothing comes */
    XA_CUT,         /* the answer without its last octets */
    XA_TRAILING,    /* the answer with octets behind it */
    XA_NOT_SENT,
    XA_PENDING, /* not finished */
    XA_NONE     /* not asked at all */
} xact_t;

/* What an answer's authority section has. */
typedef enum xauth { XAUTH_SOA, XAUTH_NONE, XAUTH_ROOT, XAUTH_SELF, XAUTH_OTHER } xauth_t;

typedef struct xprobe {
    xact_t act;
    uint8_t mismatch;
    uint8_t icmp_type;
    uint8_t icmp_code;
    bool icmp_own; /* this machine sent it to itself */
    uint16_t rcode;
    bool no_aa;
    bool tc;
    bool ra;
    bool no_opt;
    uint8_t ede;  /* info code of an extended error; 0: none */
    bool lower;   /* the question comes back in lower case */
    bool no_data; /* the answer section is empty */
    bool data;    /* an A record answers XQ_NX */
    xauth_t auth;
    unsigned lost; /* attempts before the one that is answered */
    bool late;     /* the first attempt is answered after its time */
    bool extra_mismatch;
    int64_t rtt;
    uint32_t serial;
    uint32_t ttl;
    const char *ns[4];      /* NULL-ended */
    unsigned txt;           /* octets of TXT data */
    const char *soa_names;  /* MNAME and RNAME */
    const char *soa_timers; /* refresh, retry, expire, minimum */
    bool soa_twice;
    uint16_t soa_class;       /* of the SOA; 0: IN */
    const char *cname;        /* of the apex, in place of what was asked for */
    const char *beside_ns[2]; /* owner and target of an NS record in the authority section */
    const char *beside_a[2];  /* owner and address of an A record in the additional section */
    const char *spf[2];       /* TXT records, quoted, beside those of txt */
} xprobe_t;

typedef struct xparent {
    xact_t act;
    uint16_t rcode;
    bool nxdomain;
    const char *ns[4];
} xparent_t;

typedef struct xlab {
    exchange_set_t set;
    model_t *m;
    int64_t clock;
    unsigned count; /* addresses of the zone */
    xprobe_t probe[X_ADDR][XQ_COUNT];
    xparent_t parent[2];
    bool no_host_answers;  /* A and AAAA of the servers are not asked for */
    const char *host_a[2]; /* what the zone says; NULL: nothing */
    const char *host_aaaa[2];
} xlab_t;

void xlab_healthy(xlab_t *x);
/* Makes the exchanges of the plan. */
void xlab_build(xlab_t *x);
void xlab_free(xlab_t *x);

nsp_name_t xname(const char *text);
addr_t xaddr(const char *text);
/* Sets one member for all questions of an address: over UDP, over TCP, or both. */
void xlab_act(xlab_t *x, unsigned addr, xact_t act);
void xlab_act_udp(xlab_t *x, unsigned addr, xact_t act);
void xlab_act_tcp(xlab_t *x, unsigned addr, xact_t act);
bool xquery_is_tcp(xquery_t q);
/* Changes address i of the plan everywhere (model, servers). */
void xlab_readdress(xlab_t *x, unsigned addr, const char *text);
/* Leaves only this family, or this server, in the model. */
void xlab_keep(xlab_t *x, bool (*keep)(const model_address_t *a));

#endif
