/* What is said of a DNSSEC verdict, whether of the zone's own records or of expected ones. */
#ifndef DIAGNOSE_VERDICT_TEXT_H
#define DIAGNOSE_VERDICT_TEXT_H

#include "diagnose/finding.h"
#include "dnssec/dnssec.h"
#include "proto/text.h"

/* The finding for a status; FINDING_COUNT when there is nothing to be found. keys: it is about the
 * zone's DNSKEY records. */
finding_id_t verdict_finding(dnssec_status_t status, bool keys);

/* Whether a good signature should have been renewed by now: it has less than a tenth of its time,
 * and less than a week, or less than twelve hours. Signers renew earlier: Knot DNS at a tenth, BIND
 * at a third or a quarter, PowerDNS at a third. */
bool verdict_expires_soon(const dnssec_verdict_t *v, int64_t now);

/* "2026-11-24 13:01:31 UTC" */
const char *verdict_time(int64_t seconds, char buf[32]);

/* Key tags of the DS, DNSKEY, CDS or CDNSKEY records of a name in a message: "1, 2", "none". m may
 * be NULL. */
void verdict_add_tags(nsp_text_t *t, const nsp_msg_t *m, const nsp_name_t *owner, uint16_t type);

/* Key tags of the DNSKEY records that belong into a DS record: those with the flag SEP, or all that
 * may sign when none has it (RFC 4034 2.1.1). */
void verdict_add_ksk_tags(nsp_text_t *t, const nsp_msg_t *m, const nsp_name_t *owner);

/* The sentences about DS records and the keys that they fit or not: both as key tags in words. */
void verdict_say_ds(nsp_text_t *t, const char *ds_tags, const char *key_tags,
                    const nsp_name_t *zone, dnssec_status_t status, const char *effect);

/* The sentences about records (subjects, in words) with a verdict, for a finding of
 * verdict_finding, or DNSSEC_EXPIRES.
 *
 * now     seconds since 1970
 * effect  a sentence about what comes of it */
void verdict_say(nsp_text_t *t, finding_id_t id, const dnssec_verdict_t *v, const char *subjects,
                 int64_t now, const char *effect);

/* Whether what one address has alone is cured by a transfer from the others; and the fix that says
 * so. */
bool verdict_cured_by_transfer(finding_id_t id);
void verdict_fix_transfer(finding_t *f, const char *label);

/* The fix for DS records that lead to no key.
 *
 * where     "At the registrar"
 * key_tags  those of verdict_add_ksk_tags */
void verdict_fix_ds(finding_t *f, const char *where, const char *zone, const char *key_tags,
                    const dnssec_verdict_t *v);

#endif
